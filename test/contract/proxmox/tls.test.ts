// The pin, proven: against the right peer, impostors and changes, with plain Node and with VS Code's own proxy agent in between, at an
// address that is not exempt from it. A namespace of its own gives the address; without the right to make one only loopback is measured.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Case {
  readonly name: string;
  readonly outcome: string;
  readonly values: readonly string[];
  readonly arrived: boolean;
  readonly secret: boolean;
}

const namespaces = process.platform === 'linux' && spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'gaia-tls-'));
const bundle = join(folder, 'table.mjs');

beforeAll(async () => {
  await build({ entryPoints: [new URL('./tlsTable.ts', import.meta.url).pathname], outfile: bundle, bundle: true, platform: 'node', format: 'esm', banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" } });
});
afterAll(() => { rmSync(folder, { recursive: true }); });

async function run(address: string, mode: 'plain' | 'patched'): Promise<Map<string, Case>> {
  const node = ['--no-warnings', bundle, address, mode];
  const [file, args] = address.startsWith('127.') ? [process.execPath, node] : ['unshare', ['-n', 'sh', '-c', `ip link set lo up && ip addr add ${address}/24 dev lo && exec "$0" "$@"`, process.execPath, ...node]];
  const { stdout } = await promisify(execFile)(file, args, { encoding: 'utf8', timeout: 60_000 });
  return new Map(stdout.trim().split('\n').map(line => JSON.parse(line) as Case).map(one => [one.name, one]));
}

const where: readonly (readonly [string, 'plain' | 'patched'])[] = [['127.0.0.1', 'plain'], ...(namespaces ? ([['10.99.0.1', 'plain'], ['10.99.0.1', 'patched']] as const) : [])];

describe.each(where)('at %s, %s', (address, mode) => {
  let table: Map<string, Case>;
  beforeAll(async () => { table = await run(address, mode); });
  const of = (name: string): Case => {
    const found = table.get(name);
    if (!found) throw new Error(`no case ${name}`);
    return found;
  };

  it.each(['right peer, pinned', 'right peer with its chain, pinned', 'right peer, kept alive', 'right peer, POST', 'right peer, provider with a token'])('%s: goes through', name => {
    expect(of(name)).toMatchObject({ outcome: 'ok', secret: true });
  });

  it.each([
    'right peer, system authorities',
    'right peer, kept alive, other pin',
    'right peer, other pin again',
    'impostor, pinned',
    'impostor, pinned, POST',
    'impostor, system authorities',
    'impostor signed by the same cluster, pinned',
    'impostor, WebSocket',
    'impostor, provider with a token',
    'impostor, provider with a password',
  ])('%s: refused as untrusted, and not one byte of the request arrives', name => {
    expect(of(name)).toMatchObject({ outcome: 'untrusted', arrived: false, secret: false });
  });

  it.each(['impostor, pinned', 'impostor signed by the same cluster, pinned', 'impostor, WebSocket', 'impostor, provider with a token'])('%s: both fingerprints are named', name => {
    const fingerprints = of(name).values.filter(value => /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(value));
    expect(new Set(fingerprints).size).toBe(2);
  });

  it('looks at a certificate without sending anything', () => {
    expect(of('looking at a certificate')).toMatchObject({ outcome: 'ok', arrived: false });
  });
});

if (!namespaces) it('was not measured at an address that VS Code patches: no network namespace can be made here', ({ skip }) => { skip(); });
