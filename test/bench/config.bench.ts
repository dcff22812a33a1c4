// A keystroke in a .gaia.json: the text is read again and checked, with the facts of this computer. One machine changes, the others do not.
import { checkConfig, type HostFacts } from '../../src/config/check.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { validateConfig } from '../../src/config/validate.ts';

interface Row { readonly what: string; readonly value: number; readonly unit: string; readonly budget?: number; readonly note?: string }

/** A machine as people write them: 26 lines, 0.9 KB. */
const machine = (i: number, memory = 2048): unknown => ({
  name: `web${String(i)}`, provider: 'virtualbox',
  config: {
    box: 'bento/ubuntu-24.04', hostname: `web${String(i)}`, cpus: 2, memory, disk_size: '64G', provider_config: { gui: false, vram: 128, clipboard: 'bidirectional' },
    networks: [{ type: 'private_network', ip: `192.168.${String(56 + Math.floor(i / 200))}.${String(10 + (i % 200))}` }, { type: 'forwarded_port', guest_port: 22, host_port: 10_000 + i, id: 'ssh' }],
    synced_folders: [{ host_path: '.', guest_path: '/vagrant' }],
    provisioners: [{ type: 'shell', name: 'packages', inline: ['apt-get update', 'apt-get install -y nginx'] }],
  },
});
const fileOf = (count: number, memory?: number): string => JSON.stringify({ defaults: { config: { tags: ['lab'] } }, machines: Array.from({ length: count }, (_, i) => machine(i, i === count >> 1 ? memory : undefined)) }, null, 2);
const facts: HostFacts = { platform: 'linux', arch: 'x64', cpus: 8, memoryMiB: 32_768, takenPorts: new Set(['tcp/5432']), paths: new Map([['.', true]]), virtualboxVersion: '7.2.22' };

/** Milliseconds of processor time: what a keystroke costs, whatever else the computer does meanwhile. */
const cost = (work: () => unknown): number => { const before = process.cpuUsage(); work(); const { user, system } = process.cpuUsage(before); return (user + system) / 1000; };
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

export function benchKeystroke(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [count, budget] of [[1, 2], [100, 8], [1000, undefined]] as const) {
    // Every text differs from the one before, as a typed number does.
    const texts = Array.from({ length: 60 }, (_, i) => fileOf(count, 1024 + i));
    const times = texts.map(text => cost(() => checkConfig(parseConfig(text), facts)));
    rows.push({ what: `keystroke, ${String(count)} machine${count === 1 ? '' : 's'}: read and check`, value: median(times.slice(10)), unit: 'ms', ...(budget !== undefined && { budget }), note: `${String(Math.round((texts[0]?.length ?? 0) / 1024))} KB` });
    rows.push({ what: `the same, a file seen for the first time`, value: times[0] as number, unit: 'ms' });
  }
  const hundred = fileOf(100, 1);
  rows.push({ what: 'beside it: JSON.parse of 100 machines', value: median(Array.from({ length: 20 }, () => cost(() => JSON.parse(hundred) as unknown))), unit: 'ms' });
  const parsed = parseConfig(fileOf(100, 2048));
  validateConfig(parsed);
  const valid = Array.from({ length: 20 }, () => cost(() => validateConfig(parsed)));
  rows.push({ what: 'schema, 100 machines (plan and apply)', value: median(valid), unit: 'ms' });
  return Promise.resolve(rows);
}
