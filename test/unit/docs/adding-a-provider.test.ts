// The provider of docs/adding-a-provider.md, taken out of the page: it passes the type check, and keeps the contract.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { asGaiaError } from '../../../src/machines/errors.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Provider, RequestRecord } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { holdToContract } from '../../contract/provider-contract.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const page = fs.readFileSync(path.join(root, 'docs/adding-a-provider.md'), 'utf8');
/** Where the page says that the file stands; it is not written there. */
const file = path.join(root, 'src/providers/ledger/provider.ts');
/** A folder beside it: esbuild resolves from folders that are there. */
const siblings = path.join(root, 'src/providers/virtualbox');
const code = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(block => block[1] as string).find(block => block.startsWith('// src/providers/ledger/provider.ts')) ?? '';

type Create = (doors: { read(): Promise<string | undefined>; write(text: string): Promise<void>; record(request: RequestRecord): void; newKey(): string }) => Provider;
let createLedgerProvider: Create;

const signal = new AbortController().signal;
const twoMachines = JSON.stringify({ machines: [{ key: 'a1', name: 'web', power: 'off', cpus: 2 }, { key: 'b2', name: 'db', power: 'asleep' }] });

function aLedger(text: string | undefined = twoMachines): { provider: Provider; text: () => string | undefined; records: RequestRecord[] } {
  const records: RequestRecord[] = [];
  let keys = 0;
  const provider = createLedgerProvider({
    read: async () => text,
    write: async changed => { text = changed; },
    record: request => { records.push(request); },
    newKey: () => `new${String(++keys)}`,
  });
  return { provider, text: () => text, records };
}

beforeAll(async () => {
  const { outputFiles } = await esbuild.build({ stdin: { contents: code, loader: 'ts', resolveDir: siblings, sourcefile: file }, bundle: true, format: 'esm', platform: 'node', target: 'node20', write: false });
  const bundle = (await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`)) as { createLedgerProvider: Create };
  ({ createLedgerProvider } = bundle);
});

describe('the code of the page', () => {
  it('passes the type check of this repository', { timeout: 120_000 }, () => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(path.join(root, 'tsconfig.json'), name => ts.sys.readFile(name)).config, ts.sys, root);
    const host = ts.createCompilerHost({ ...options, noEmit: true });
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = name => name === file || fileExists(name);
    host.readFile = name => (name === file ? code : readFile(name));
    host.getSourceFile = (name, ...rest) => (name === file ? ts.createSourceFile(name, code, ts.ScriptTarget.ESNext) : getSourceFile(name, ...rest));
    const program = ts.createProgram({ rootNames: [file], options: { ...options, noEmit: true, skipLibCheck: true }, host });
    const source = program.getSourceFile(file);
    expect(source).toBeDefined();
    const complaints = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(one => ts.flattenDiagnosticMessageText(one.messageText, '\n'));
    expect(complaints).toEqual([]);
  });

  it('imports only what a provider may import', () => {
    const imported = [...code.matchAll(/from '([^']+)'/g)].map(match => match[1]);
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter(name => !/^\.\.\/\.\.\/(machines|system|images)\//.test(name ?? ''))).toEqual([]);
  });
});

holdToContract('the ledger of the page keeps the contract', ['lifecycle', 'rename'], async () => {
  const { provider, text } = aLedger();
  return {
    provider,
    stopped: machineId('ledger', 'local', 'a1'),
    unknown: 'nobody',
    spec: name => ({ name, provider: 'ledger', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} }),
    independently: async id => ((JSON.parse(text() ?? '') as { machines: { key: string; power: string }[] }).machines.find(entry => id.endsWith(`:${entry.key}`))?.power === 'on' ? 'running' : 'stopped'),
  };
});

describe('the ledger of the page', () => {
  it('shows a word that it does not know as unknown, with the word', async () => {
    const [, db] = await aLedger().provider.list(signal);
    expect(db).toMatchObject({ name: 'db', state: 'unknown', providerState: 'asleep' });
  });

  it('tells no ledger, a broken one and an empty one apart, in the fleet as well', async () => {
    const statusOf = async (text: string | undefined): Promise<unknown> => {
      const registry = new ProviderRegistry();
      const { provider } = text === undefined ? withoutFile() : aLedger(text);
      registry.register(provider);
      const fleet = new Fleet(registry, { listTimeoutMs: () => 5000 });
      await fleet.refresh();
      const status = fleet.entry(provider)?.status;
      fleet.dispose();
      return status?.kind === 'failed' ? [asGaiaError(status.error).code, status.diagnosis?.problems[0]?.code] : status?.kind;
    };
    expect(await statusOf(undefined)).toEqual(['notInstalled', 'ledger.notInstalled']);
    expect(await statusOf('{')).toEqual(['notReady', 'ledger.notReady']);
    expect(await statusOf('{ "machines": [] }')).toBe('ready');
  });

  it('loses no change when two machines are changed at once', async () => {
    const { provider, records } = aLedger();
    const context = { signal, progress: () => undefined, output: () => undefined };
    await Promise.all(['a1', 'b2'].map(key => provider.power.start(machineId('ledger', 'local', key), {}, context)));
    expect((await provider.list(signal)).map(machine => machine.state)).toEqual(['running', 'running']);
    expect(records.map(({ text, outcome }) => [text, outcome])).toEqual([['set a1 power="on"', 'ok'], ['set b2 power="on"', 'ok']]);
  });
});

function withoutFile(): { provider: Provider } {
  return { provider: createLedgerProvider({ read: async () => undefined, write: async () => undefined, record: () => undefined, newKey: () => 'x' }) };
}
