// npm test, and `npm run test:<tier>`: sets up what is missing, runs the tiers (some at a time), says what failed and what was skipped and why.
//   node test/run.mjs [tier…] [--grep TEXT] [--fresh] [--times] [-- arguments of the test runner]      node test/run.mjs --help
// A tier that passed is not run again until something of the project changes; --fresh, and CI, run everything.
// --times says how long each file took.
// In a run of everything, a file that failed is run once more by itself when the others are done; what passed at a further try only is listed.
// The last line is `N passed, N failed, N skipped`; the exit code is 1 when something failed.
import os from 'node:os';
import { ensureDependencies, root } from '../build/setup.mjs';

const args = process.argv.slice(2);
ensureDependencies();
process.chdir(root);
const { tiers, everything } = await import('./runner/tiers.mjs');
const groups = { all: everything, lint: ['lint', 'types', 'manifest'] };
const { remembered } = await import('./runner/remembered.mjs');
const { ensureParts } = await import('./rig/rig.mjs');
const { ensurePackage } = await import('../build/package.mjs');

if (args.includes('--help')) {
  console.log(`npm test, or node test/run.mjs [tier...] [--grep TEXT] [--fresh] [names of test files]\n${Object.entries(tiers).map(([name, tier]) => `  ${name.padEnd(10)} ${tier.about}`).join('\n')}`);
  process.exit(0);
}

// --grep TEXT: only tests whose name has TEXT in it. What is no tier goes to the test runner: names of files, or its options.
const at = args.findIndex(arg => arg === '--grep' || arg === '-t');
const grep = at < 0 ? undefined : args.splice(at, 2)[1];
const showTimes = args.includes('--times');
const fresh = args.includes('--fresh') || Boolean(process.env.CI);
const named = args.flatMap(arg => groups[arg] ?? (tiers[arg] ? [arg] : []));
const rest = args.filter(arg => !groups[arg] && !tiers[arg] && !['--fresh', '--times'].includes(arg));
const chosen = [...new Set(named.length ? named : everything)];
const alone = chosen.length === 1;
const ofAll = !named.length && !rest.length && !grep;

const started = Date.now();
const seconds = since => `${((Date.now() - since) / 1000).toFixed(1)} s`;
/** What is drawn at random is drawn from it, in a second try too. */
process.env.GAIA_SEED ??= String(started % 1_000_000_000);
const total = { passed: 0, remembered: 0, failed: [], skipped: [], retried: [] };

// The set-up runs beside the tiers that do not need it.
const partNames = [...new Set(chosen.flatMap(name => [...tiers[name].rig, ...tiers[name].wants ?? []]))];
/** Parts that are ready or never will be, and 'package'. */
const settled = new Set();
const parts = Object.fromEntries(partNames.map(name => [name, ensureParts([name]).then(result => {
  const { ok, reason, error, seconds: took } = result[name];
  if (!ok || took > 1) console.log(`rig ${name}: ${ok ? `ready (${took} s)` : reason ?? `FAILED: ${error.message}`}`);
  settled.add(name);
  return result[name];
})]));
let packaging, buildErrorShown = false;
const packaged = () => packaging ??= ensurePackage().then(made => {
  if (made.fresh) console.log(`package: out/gaia.vsix, ${(made.bytes / 1e6).toFixed(2)} MB, ${made.files} files`);
  return undefined;
}, error => error);
if (chosen.some(name => tiers[name].needsPackage)) void packaged().then(() => settled.add('package'));

async function runTier(name, files = []) {
  const tier = tiers[name];
  const missing = {};
  for (const part of [...tier.rig, ...tier.wants ?? []]) {
    const result = await parts[part];
    if (result.error) return { passed: 0, failed: [`${name}: the rig's ${part} could not be installed`], skipped: [], output: result.error.message };
    if (!result.ok) missing[part] = result.reason;
  }
  const obstacle = tier.rig.find(part => missing[part]);
  if (obstacle) return { passed: 0, failed: [], skipped: [{ name: `all ${name} tests`, reason: missing[obstacle] }] };
  if (tier.needsPackage) {
    const error = await packaged();
    if (error) {
      const output = buildErrorShown ? '' : error.message;
      buildErrorShown = true;
      return { passed: 0, failed: [`${name}: the extension could not be built`], skipped: [], output };
    }
  }
  const grepArgs = grep && name !== 'host' && name !== 'desktop' ? ['-t', grep] : [];
  const run = () => tier.run({ args: [...rest, ...grepArgs, ...files], grep, missing });
  return grep || rest.length || files.length || !tier.rememberable ? run() : remembered(name, missing, run, { anew: fresh });
}

/** Files that failed, to be run once more when all else is done. */
const failedFiles = [];

/** @param {import('./runner/tiers.mjs').Outcome['again'] & {failed: string[]}} [first] what is run once more */
async function report(name, first) {
  const since = Date.now();
  if (!alone) console.log(`> ${name}: ${first ? `once more, by itself: ${first.args.join(' ')}` : tiers[name].about}`);
  const outcome = await runTier(name, first?.args).catch(error => ({ passed: 0, failed: [`${name}: ${error.message}`], skipped: [], output: error.stack }));
  if (outcome.output && (outcome.failed.length || alone)) console.log(outcome.output.trimEnd().split('\n').map(line => alone ? line : `    ${line}`).join('\n'));
  console.log(`${outcome.failed.length ? 'FAILED' : 'ok'} ${name}: ${outcome.passed} passed${outcome.failed.length ? `, ${outcome.failed.length} failed` : ''}${outcome.skipped.length ? `, ${outcome.skipped.length} skipped` : ''} (${outcome.remembered ? 'nothing changed since' : seconds(since)})`);
  if (showTimes) for (const [file, ms] of Object.entries(outcome.times ?? {}).sort((a, b) => b[1] - a[1])) console.log(`  ${(ms / 1000).toFixed(1).padStart(7)} s  ${file}`);
  total.passed += outcome.passed - (first?.passed ?? 0);
  if (outcome.remembered) total.remembered += outcome.passed;
  if (!first) total.skipped.push(...outcome.skipped.map(skip => ({ ...skip, tier: name })));
  total.retried.push(...(outcome.retried ?? []).map(test => ({ ...test, name: `${name}: ${test.name}` })));
  if (first) total.retried.push(...first.failed.filter(test => !outcome.failed.includes(test)).map(test => ({ name: `${name}: ${test}`, why: 'failed above; run once more, by itself' })));
  // What fails for a reason fails by itself too. Many failures are no accident.
  if (ofAll && !first && outcome.again && outcome.failed.length <= 8) return void failedFiles.push({ ...outcome.again, failed: outcome.failed });
  total.failed.push(...outcome.failed.map(test => `${name}: ${test}`));
}

// Tests wait more than they compute; the browser tiers want half a core and 2 GB each.
const queue = [...chosen];
const isReady = name => [...tiers[name].rig, ...tiers[name].wants ?? [], ...tiers[name].needsPackage ? ['package'] : []].every(need => settled.has(need));
async function next() {
  while (queue.length) {
    const at = queue.findIndex(isReady);
    if (at >= 0) return queue.splice(at, 1)[0];
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return undefined;
}
const lanes = Math.max(2, Math.min(os.availableParallelism() + 1, Math.floor(os.totalmem() / 2.3e9), 6));
await Promise.all(Array.from({ length: lanes }, async () => { for (let name; (name = await next()); ) await report(name); }));
for (const first of failedFiles) await report(first.tier, first);

if (total.skipped.length) {
  console.log('\nskipped:');
  const byReason = Map.groupBy?.(total.skipped, skip => skip.reason ?? '') ?? total.skipped.reduce((map, skip) => map.set(skip.reason ?? '', [...map.get(skip.reason ?? '') ?? [], skip]), new Map());
  for (const [reason, skips] of byReason) {
    console.log(`  ${reason || 'no reason given by the test'}`);
    for (const { tier, name } of skips.slice(0, 8)) console.log(`    ${tier}: ${name}`);
    if (skips.length > 8) console.log(`    and ${skips.length - 8} more`);
  }
}
if (total.retried.length) console.log(`\npassed at a further try only:\n${total.retried.map(({ name, why }) => `  ${name}\n    ${why}`).join('\n')}`);
if (total.failed.length) console.log(`\nfailed:\n${total.failed.map(test => `  ${test}`).join('\n')}\n\nWhat was drawn at random, again: GAIA_SEED=${process.env.GAIA_SEED}`);
if (total.remembered) console.log(`\n${total.remembered} of these passed in an earlier run, and nothing has changed since: npm test -- --fresh runs them all again`);
console.log(`\n${seconds(started)}\n${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`);
process.exit(total.failed.length ? 1 : 0);
