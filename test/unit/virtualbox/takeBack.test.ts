// What a clone or an import made before it failed goes again; what cannot go is named. What was there before stays.
import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { CloneOptions, Intent, Provider } from '../../../src/machines/provider.ts';
import { idOf } from '../../../src/providers/virtualbox/inventory.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import type { FakeBox, Reply } from './fakeBox.ts';
import { context, fakeBox } from './fakeBox.ts';

const source = '11111111-1111-4111-8111-111111111111';
const failed: Reply = { exitCode: 1, stderr: 'VBoxManage: error: Injected\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005)\n' };
const unknown: Reply = { exitCode: 1, stderr: 'VBoxManage: error: Could not find a registered machine\nVBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)\n' };
const cancelled = (): Error => new GaiaError('cancelled', { message: 'Cancelled.' });
/** The error it rejects with: its code, and what it says is left. */
const failure = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'done', (error: unknown) => (error instanceof GaiaError ? { code: error.code, ...error.detail.left === undefined ? {} : { left: error.detail.values?.[9] } } : error));

interface World {
  readonly box: FakeBox;
  readonly provider: Provider;
  readonly machines: Map<string, string>;
  /** Of the source: id → name and description. */
  readonly snapshots: Map<string, readonly [string, string]>;
}

/** A VirtualBox with the machine `base` and a snapshot of the person's. `fault` answers in its place, after or instead of it. */
function world(fault: (args: string, really: () => Reply) => Reply | Error | undefined): World {
  const machines = new Map([[source, 'base']]);
  const snapshots = new Map<string, readonly [string, string]>([['aaaaaaaa-0000-4000-8000-000000000001', ['Base of copy', 'mine']]]);
  const uuidOf = (known: string): string | undefined => [...machines].find(([uuid, name]) => uuid === known || name === known)?.[0];
  const info = (uuid: string): string => {
    const tree = uuid === source ? [...snapshots].flatMap(([id, [name, description]], depth) => [`SnapshotName${'-1'.repeat(depth)}="${name}"`, `SnapshotUUID${'-1'.repeat(depth)}="${id}"`, `SnapshotDescription${'-1'.repeat(depth)}="${description}"`]) : [];
    return [`name="${machines.get(uuid) ?? ''}"`, `UUID="${uuid}"`, 'VMState="poweroff"', ...tree].join('\n');
  };
  const really = (args: readonly string[]): Reply => {
    const [verb, what = '', more = ''] = args;
    const value = (option: string): string => args[args.indexOf(option) + 1] ?? '';
    const uuid = uuidOf(what);
    if (verb === 'list') return { stdout: what === 'vms' ? [...machines].map(([id, name]) => `"${name}" {${id}}`).join('\n') : '' };
    if (verb === 'showvminfo') return uuid === undefined ? unknown : { stdout: info(uuid) };
    if (verb === 'snapshot' && more === 'take') {
      const id = `aaaaaaaa-0000-4000-8000-${String(snapshots.size + 1).padStart(12, '0')}`;
      snapshots.set(id, [args[3] ?? '', value('--description')]);
      return { stdout: `Snapshot taken. UUID: ${id}\n` };
    }
    if (verb === 'snapshot' && more === 'delete') snapshots.delete(args[3] ?? '');
    if (verb === 'clonevm') machines.set(value('--uuid'), value('--name'));
    if (verb === 'modifyvm' && uuid !== undefined) machines.set(uuid, value('--name'));
    if (verb === 'unregistervm') machines.delete(what);
    if (verb === 'import' && more === '--dry-run') return { stdout: ['one', 'two'].map((name, index) => `Virtual system ${String(index)}:\n 1: Suggested VM name "${name}"\n`).join('') };
    if (verb === 'import') args.forEach((word, index) => { if (word === '--vmname') machines.set(`22222222-2222-4222-8222-${String(machines.size).padStart(12, '0')}`, args[index + 1] ?? ''); });
    return {};
  };
  const box = fakeBox((args, request) => fault(args, () => really(request.args)) ?? really(request.args), { files: { '/vms/two.ova': 'ova' } });
  return { box, provider: createVirtualBoxProvider(box.doors), machines, snapshots };
}

describe('a linked clone', () => {
  const clone = ({ provider }: World, more: Partial<CloneOptions> = {}): Promise<unknown> => provider.cloning!.clone(idOf(source), { name: 'copy', linked: true, takeSnapshot: true, ...more }, context);

  it('keeps the snapshot it stands on when it succeeds', async () => {
    const here = world(() => undefined);
    await clone(here);
    expect([...here.machines.values()]).toEqual(['base', 'copy']);
    expect([...here.snapshots.values()].map(([name]) => name)).toEqual(['Base of copy', 'Base of copy']);
  });

  it.each<[string, () => Reply | Error]>([['fails', () => failed], ['is cancelled', cancelled]])('that %s takes back its snapshot, and never the person\'s of the same name', async (_how, answer) => {
    const here = world((args, really) => (args.startsWith('clonevm') ? (really(), answer()) : undefined));
    expect(await failure(clone(here))).toEqual({ code: answer() instanceof Error ? 'cancelled' : 'unexpected' });
    expect([...here.machines.values()]).toEqual(['base']);
    expect([...here.snapshots.values()]).toEqual([['Base of copy', 'mine']]);
  });

  it('that is cancelled while its snapshot is taken takes back what VirtualBox finished meanwhile', async () => {
    const here = world((args, really) => (args.includes(' take ') ? (really(), cancelled()) : undefined));
    expect(await failure(clone(here))).toEqual({ code: 'cancelled' });
    expect(here.snapshots.size).toBe(1);
    const before = world(args => (args.includes(' take ') ? cancelled() : undefined));
    expect(await failure(clone(before))).toEqual({ code: 'cancelled' });
    expect(before.box.runs.filter(run => run.includes(' delete '))).toEqual([]);
  });

  it('has the id that was reserved for it, and writes down what it makes before it does', async () => {
    const reserved = '55555555-5555-4555-8555-555555555555';
    const written: Intent[] = [];
    const here = world(args => {
      if (/^clonevm| take /.test(args)) expect(written.map(({ kind }) => kind)).toEqual(['snapshot']);
      return undefined;
    });
    const made = await here.provider.cloning!.clone(idOf(source), { name: 'copy', linked: true, takeSnapshot: true, reserved }, { ...context, intend: async intents => { written.push(...intents); } });
    expect(made).toBe(idOf(reserved));
    expect(written).toEqual([{ kind: 'snapshot', machine: idOf(source), name: 'Base of copy', marked: reserved }]);
    expect([...here.snapshots.values()].at(-1)?.[1]).toContain(reserved);
  });

  it('does not touch a snapshot that it was told to use', async () => {
    const here = world(args => (args.startsWith('clonevm') ? failed : undefined));
    expect(await failure(clone(here, { snapshot: 'Base of copy' }))).toEqual({ code: 'unexpected' });
    expect(here.box.runs.filter(run => run.startsWith('snapshot'))).toEqual([]);
  });

  it('says what is left when the snapshot cannot be taken back, or the clone that stands on it', async () => {
    const here = world(args => (args.startsWith('clonevm') || args.includes(' delete ') ? failed : undefined));
    expect(await failure(clone(here))).toEqual({ code: 'partial', left: 'Base of copy' });
    const stuck = world((args, really) => (args.startsWith('clonevm') ? (really(), failed) : args.startsWith('unregistervm') ? failed : undefined));
    expect(await failure(clone(stuck))).toEqual({ code: 'partial', left: 'copy, Base of copy' });
    expect(stuck.box.runs.filter(run => run.includes(' delete '))).toEqual([]);
  });
});

describe('an import', () => {
  const bring = ({ provider }: World): Promise<unknown> => provider.appliances!.import('/vms/two.ova', {}, context);

  it('gives its machines their names', async () => {
    const here = world(() => undefined);
    await bring(here);
    expect([...here.machines.values()]).toEqual(['base', 'one', 'two']);
  });

  it('is found by what was reserved for it, and by ids before it loses that name', async () => {
    const written: Intent[] = [];
    const here = world(args => {
      if (args.includes('--name one')) expect(written.filter(({ kind }) => kind === 'machine')).toHaveLength(2);
      return undefined;
    });
    const ids = await here.provider.appliances!.import('/vms/two.ova', { reserved: 'T' }, { ...context, intend: async intents => { written.push(...intents); } });
    expect(here.box.runs.find(run => run.includes('--vmname'))).toMatch(/--vmname gaia-import-T .*--vmname gaia-import-T-2 /);
    expect(written.flatMap(intent => (intent.kind === 'machine' ? [intent.id] : []))).toEqual(ids);
  });

  it('that fails at the second name takes back both', async () => {
    const here = world(args => (args.endsWith('--name two') ? failed : undefined));
    expect(await failure(bring(here))).toEqual({ code: 'unexpected' });
    expect([...here.machines.values()]).toEqual(['base']);
  });

  it('says what is left where one cannot be taken back', async () => {
    const here = world((args, really) => {
      if (args.endsWith('--name two')) return failed;
      return args.startsWith('unregistervm') && here.machines.get(args.split(' ')[1] ?? '') === 'one' ? failed : really();
    });
    expect(await failure(bring(here))).toEqual({ code: 'partial', left: 'one' });
    expect([...here.machines.values()]).toEqual(['base', 'one']);
  });
});
