// A keystroke in a .gaia.json, all that the host does for it: read, check, render, and find the blocks that changed. Beside it `vagrant validate` on the same machines.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkConfig } from '../../src/config/check.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { blockDelta, vagrantfileBlocks } from '../../src/ui/preview/content.ts';
import { generateVagrantfile } from '../../src/vagrant/generate.ts';

interface Row { readonly what: string; readonly value: number; readonly unit: string; readonly budget?: number; readonly note?: string }

const machine = (i: number, memory: number): unknown => ({
  name: `web${String(i)}`, provider: 'virtualbox',
  config: {
    box: 'bento/ubuntu-24.04', hostname: `web${String(i)}`, cpus: 2, memory, provider_config: { gui: false, vram: 128 },
    networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 10_000 + i }],
    provisioners: [{ type: 'shell', name: 'packages', inline: ['apt-get update', 'apt-get install -y nginx'] }],
  },
});
const fileOf = (count: number, memory: number): string => JSON.stringify({ machines: Array.from({ length: count }, (_, i) => machine(i, i === count >> 1 ? memory : 2048)) }, null, 2);
const cost = (work: () => unknown): number => { const before = process.cpuUsage(); work(); const { user, system } = process.cpuUsage(before); return (user + system) / 1000; };
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

export function benchPreview(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [count, budget] of [[1, 16], [100, 16], [1000, undefined]] as const) {
    const texts = Array.from({ length: 40 }, (_, i) => fileOf(count, 1024 + i));
    let blocks = vagrantfileBlocks(generateVagrantfile(parseConfig(texts[0] as string)));
    const times = texts.slice(1).map(text => cost(() => {
      const parsed = parseConfig(text);
      checkConfig(parsed);
      const next = vagrantfileBlocks(generateVagrantfile(parsed));
      if (blockDelta(blocks, next)?.blocks.length !== 1) throw new Error('more than the machine that changed is drawn again');
      blocks = next;
    }));
    const keystroke = median(times.slice(5));
    // A thousand machines take Vagrant more than five minutes.
    const validate = count > 100 ? undefined : vagrantValidate(texts[0] as string);
    rows.push({ what: `keystroke → diagnostics and preview, ${String(count)} machine${count === 1 ? '' : 's'}`, value: keystroke, unit: 'ms', ...budget === undefined ? {} : { budget }, ...validate === undefined ? count > 100 ? {} : { note: 'vagrant is not installed' } : { note: `vagrant validate ${(validate / 1000).toFixed(1)} s = ${Math.round(validate / keystroke).toLocaleString('en')} ×` } });
  }
  return Promise.resolve(rows);
}

/** Milliseconds of wall time. undefined = no Vagrant here. */
function vagrantValidate(text: string): number | undefined {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-validate-'));
  try {
    fs.writeFileSync(path.join(folder, 'Vagrantfile'), generateVagrantfile(parseConfig(text)).text);
    const started = performance.now();
    const run = spawnSync('vagrant', ['validate', '--ignore-provider'], { cwd: folder, env: { ...process.env, VAGRANT_HOME: path.join(folder, 'home'), VAGRANT_CHECKPOINT_DISABLE: '1' }, timeout: 300_000, encoding: 'utf8' });
    if (run.error) return undefined;
    if (run.status !== 0) throw new Error(run.stderr);
    return performance.now() - started;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
