// The journal of creates, and what is concluded from it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApplyHooks } from '../../../src/config/plan/apply.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Intent } from '../../../src/machines/provider.ts';
import type { Machine, MachineId } from '../../../src/machines/machine.ts';
import type { Action } from '../../../src/machines/actions.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { importName, Journal, journaled, leftBy } from '../../../src/ui/plan/journal.ts';

const spec: MachineSpec = { name: 'web', provider: 'virtualbox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} };
const never = new AbortController().signal;
const context = { signal: never, progress: () => undefined, output: () => undefined };
const aMachine = (native: string, name: string): Machine => ({ id: machineId('virtualbox', 'local', native), name, kind: 'vm', state: 'stopped', providerState: 'poweroff' });
/** A process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

let folder: string;
beforeEach(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-journal-')); });
afterEach(() => { fs.rmSync(folder, { recursive: true, force: true }); });

/** As if the process that wrote it had ended. */
function interrupt(): void {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')) as object, pid: deadPid() }));
  }
}

function hooks(run: (action: Action) => Promise<{ created?: MachineId }>): ApplyHooks {
  return { run, prepare: async one => one, finish: async () => undefined, bind: async () => undefined, progress: () => undefined, context: () => { throw new Error('not asked'); } };
}

describe('the journal', () => {
  it('has the entry while a machine is made, with the id that was reserved for it, until it is bound', async () => {
    const journal = new Journal(folder);
    let reserved: string | undefined;
    let during: number | undefined;
    const wrapped = journaled(hooks(async action => {
      reserved = action.verb === 'create' ? action.spec.reserved : undefined;
      during = fs.readdirSync(folder).length;
      return { created: machineId('virtualbox', 'local', 'x') };
    }), journal, 'file:///web.gaia.json', () => []);
    await wrapped.run({ verb: 'create', spec }, never);
    expect(during).toBe(1);
    expect(fs.readdirSync(folder)).toEqual([`${reserved ?? ''}.json`]);
    expect(await journal.interrupted()).toEqual([]);
    await wrapped.bind('web', machineId('virtualbox', 'local', 'x'));
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('has what is made for the machine, written before it is made, from the preparation on', async () => {
    const journal = new Journal(folder);
    const written = (): unknown => fs.readdirSync(folder).filter(name => name.endsWith('.json')).map(name => (JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as { intents: unknown }).intents);
    const seedPath = path.join(folder, 'seed.iso');
    const wrapped = journaled({
      ...hooks(async () => ({ created: machineId('virtualbox', 'local', 'x') })),
      prepare: async (one, context) => {
        await context.intend?.([{ kind: 'path', path: seedPath }]);
        expect(written()).toEqual([[{ kind: 'path', path: seedPath }]]);
        fs.writeFileSync(seedPath, '');
        return { ...one, cloudInit: { seedPath } };
      },
      run: async (_action, _signal, intend) => {
        await Promise.all([intend?.([{ kind: 'path', path: 'a' }]), intend?.([{ kind: 'path', path: 'b' }])]);
        expect(written()).toEqual([[{ kind: 'path', path: seedPath }, { kind: 'path', path: 'a' }, { kind: 'path', path: 'b' }]]);
        return { created: machineId('virtualbox', 'local', 'x') };
      },
    }, journal, 'f', () => []);
    const prepared = await wrapped.prepare(spec, context);
    await wrapped.run({ verb: 'create', spec: prepared }, never);
    // The create has made a copy of it.
    expect(fs.existsSync(seedPath)).toBe(false);
    await wrapped.bind('web', machineId('virtualbox', 'local', 'x'));
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it.each(['a failed preparation', 'one that is not used'])('keeps nothing of %s', async how => {
    const seedPath = path.join(folder, 'seed.iso');
    const wrapped = journaled({
      ...hooks(async () => ({})),
      prepare: async (one, context) => {
        await context.intend?.([{ kind: 'path', path: seedPath }]);
        fs.writeFileSync(seedPath, '');
        if (how === 'a failed preparation') throw new GaiaError('didNotAnswer', { message: 'x' });
        return one;
      },
    }, new Journal(folder), 'f', () => []);
    await wrapped.prepare(spec, context).catch(() => undefined);
    await wrapped.abandon?.('web');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('forgets a create that was taken back, and keeps one whose remains are there', async () => {
    const journal = new Journal(folder);
    for (const [code, left] of [['noSpace', 0], ['partial', 1]] as const) {
      const wrapped = journaled(hooks(() => Promise.reject(new GaiaError(code, { message: 'x' }))), journal, 'f', () => []);
      await expect(wrapped.run({ verb: 'create', spec }, never)).rejects.toMatchObject({ code });
      expect(fs.readdirSync(folder)).toHaveLength(left);
    }
  });

  it('tells entries of processes that have ended, and of nobody who lives', async () => {
    await new Journal(folder).begin('f', spec, []);
    // This process, but not this journal: a number that was given again.
    expect(await new Journal(folder).interrupted()).toHaveLength(1);
    interrupt();
    expect(await new Journal(folder).interrupted()).toMatchObject([{ name: 'web' }]);
    fs.writeFileSync(path.join(folder, 'broken.json'), '{"to');
    expect(await new Journal(folder).interrupted()).toHaveLength(1);
    const parent = path.join(folder, 'other.json');
    fs.writeFileSync(parent, JSON.stringify({ token: 't', file: 'f', name: 'other', provider: 'virtualbox', pid: process.ppid, startedAt: Date.now(), before: [] }));
    expect((await new Journal(folder).interrupted()).map(entry => entry.name)).toEqual(['web']);
  });
});

describe('a clone or an import, which belongs to no file', () => {
  it('has an entry until it has ended, and keeps it where something may be left', async () => {
    const journal = new Journal(folder);
    const what = { name: 'web', provider: 'virtualbox', connection: 'local' };
    for (const [error, left] of [[undefined, 0], [new GaiaError('locked', { message: 'x' }), 0], [new GaiaError('cancelled', { message: 'x' }), 0], [new GaiaError('didNotAnswer', { message: 'x' }), 1], [new GaiaError('partial', { message: 'x' }), 2]] as const) {
      const entry = await journal.begin(undefined, what, []);
      expect(entry.file).toBeUndefined();
      await journal.settle(entry, error);
      expect(fs.readdirSync(folder)).toHaveLength(left);
    }
    interrupt();
    expect(await new Journal(folder).interrupted()).toMatchObject([what, what]);
  });

  it('has left every machine of an import, by its temporary name and by its id when it had another', async () => {
    const journal = new Journal(folder);
    const begun = await journal.begin(undefined, { name: 'two', provider: 'virtualbox' }, []);
    const [first, second, other] = [aMachine('1', 'front'), aMachine('2', `${importName(begun.token)}-2`), aMachine('3', 'back')];
    await journal.intend(begun, [{ kind: 'machine', id: first.id }, { kind: 'machine', id: second.id }]);
    interrupt();
    const [entry] = await new Journal(folder).interrupted();
    expect(leftBy(entry!, [first, second, other], () => false)).toEqual([{ machine: first, sure: true }, { machine: second, sure: true }]);
  });
});

describe('what an interrupted create has left', () => {
  it('is known by the number that was chosen for it and not by its name, which another may have given to his own', async () => {
    const journal = new Journal(folder);
    const proxmox = (vmid: number, name: string, state: Machine['state'] = 'stopped'): Machine => ({ id: machineId('proxmox', 'lab', `qemu/${String(vmid)}`), name, kind: 'vm', state, providerState: state });
    const intent = (vmid: number, is?: 'asked' | 'lost'): Intent => ({ kind: 'machine', id: proxmox(vmid, '').id, name: 'web', ...is === undefined ? {} : { is } });
    const left = async (intents: readonly Intent[], ...machines: readonly Machine[]): Promise<readonly (readonly [string, boolean])[]> => {
      const entry = await journal.begin('f', { ...spec, provider: 'proxmox' }, []);
      await journal.intend(entry, intents);
      interrupt();
      const [read] = (await new Journal(folder).interrupted()).filter(one => one.token === entry.token);
      const found = leftBy(read!, machines, () => false).map(({ machine, sure }) => [machine.id, sure] as const);
      await journal.end(entry);
      return found;
    };
    const [theirs, ours, other] = [proxmox(120, 'web'), proxmox(121, 'web'), proxmox(122, 'web')];
    // Two who apply one file to one cluster: the first number went to the other.
    expect(await left([intent(120, 'asked'), intent(120, 'lost'), intent(121, 'asked'), intent(121)], theirs, ours, other)).toEqual([[ours.id, true]]);
    // Asked for, and then the process ended: most likely it is that one, and a person is to look.
    expect(await left([intent(120, 'asked'), intent(120, 'lost'), intent(121, 'asked')], theirs, ours, other)).toEqual([[ours.id, false]]);
    // A number is given out anew.
    expect(await left([intent(121)], theirs, proxmox(121, 'db'))).toEqual([]);
    // While it is made it has no name yet.
    expect(await left([intent(121)], theirs, proxmox(121, 'VM 121', 'creating'))).toEqual([[ours.id, true]]);
    // Nothing was chosen, so nothing was made.
    expect(await left([intent(120, 'lost')], theirs)).toEqual([]);
  });

  it('is known by its id or import name, likely by its name, and is never what was there before or belongs to a file', async () => {
    const old = aMachine('1', 'web');
    const entry = await new Journal(folder).begin('f', spec, [old.id]);
    const byId = aMachine(entry.token, 'anything');
    const imported = aMachine('2', importName(entry.token));
    const namesake = aMachine('3', 'web');
    const bound = aMachine('4', 'web');
    const left = leftBy(entry, [old, byId, imported, namesake, bound, aMachine('5', 'db')], id => id === bound.id);
    expect(left).toEqual([{ machine: byId, sure: true }, { machine: imported, sure: true }, { machine: namesake, sure: false }]);
  });
});
