// The proof at length: `node test/contract/vagrant/long.mjs [files] [seed]` (default 4000 files, a new seed). Prints counts; exits 1 on any difference.
import { prove } from './proof.ts';

const files = Number(process.argv[2] ?? 4000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
let machines = 0;
let broken = 0;
let different = 0;
const kinds = new Map<string, { count: number; sample: string }>();
const started = Date.now();
for (let done = 0; done < files; done += 200) {
  const proof = prove(Math.min(200, files - done), seed + done);
  machines += proof.machines;
  broken += proof.broken.length;
  different += proof.different.length;
  for (const one of proof.broken) note(`broken: ${one.error.split('\n')[0] ?? ''}`, one.text);
  for (const one of proof.different) note(one.what.replace(/\d+/g, 'N').replace(/^folder .*/, 'folder'), `expected ${JSON.stringify(one.expected)}\nfound    ${JSON.stringify(one.found)}`);
  console.log(`${String(done + proof.files)} files, ${String(machines)} machines: ${String(broken)} not loaded, ${String(different)} differences (seed ${String(seed)}, ${String(Math.round((Date.now() - started) / 1000))} s)`);
}
for (const [kind, { count, sample }] of kinds) console.log(`\n${kind} ×${String(count)}\n${sample.slice(0, 900)}`);
process.exitCode = broken + different === 0 ? 0 : 1;

function note(kind: string, sample: string): void {
  const known = kinds.get(kind);
  if (known) known.count++;
  else kinds.set(kind, { count: 1, sample });
}
