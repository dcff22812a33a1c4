// The list: how many spawns it takes, what it trusts, and that it never calls a failure an empty list.
import { beforeEach, describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { Inventory } from '../../../src/providers/virtualbox/inventory.ts';
import type { FakeBox, Reply } from './fakeBox.ts';
import { fakeBox, machineXml, registryXml, signal } from './fakeBox.ts';
import { recorded } from './recorded.ts';

const a = '11111111-1111-4111-8111-111111111111';
const b = '22222222-2222-4222-8222-222222222222';
const home = '/home/dev/.config/VirtualBox/VirtualBox.xml';
const log = (...states: string[]): string => states.map((state, second) => `00:00:0${String(second)}.000001 Console: Machine state changed to '${state}'\n`).join('');

describe('the list of machines', () => {
  let running: string[];
  let listed: [string, string][];
  let fail: ((args: string) => Reply | Error | undefined) | undefined;
  let box: FakeBox;
  let inventory: Inventory;
  const line = ([uuid, name]: [string, string]): string => `"${name}" {${uuid}}\n`;

  beforeEach(() => {
    running = [];
    fail = undefined;
    listed = [[a, 'we"b <1>'], [b, 'new\nline']];
    box = fakeBox(args => {
      const failed = fail?.(args);
      if (failed) return failed;
      if (args === 'list vms') return { stdout: listed.map(line).join('') };
      if (args === 'list runningvms') return { stdout: listed.filter(([uuid]) => running.includes(uuid)).map(line).join('') };
      if (args === 'list --long vms') return { stdout: listed.map(([uuid, name]) => `Name:                        ${name}\nGroups:                      /far\nGuest OS:                    Debian (64-bit)\nUUID:                        ${uuid}\nMemory size:                 256MB\nNumber of CPUs:              3\nState:                       ${running.includes(uuid) ? 'running' : 'saved'} (since 2026-11-23T20:22:33.244000000)\n`).join('\n') };
      return { exitCode: 1, stderr: 'VBoxManage: error: what?\n' };
    }, { files: { [home]: registryXml({ [a]: '/vms/a/a.vbox', [b]: '/vms/b/b.vbox' }), '/vms/a/a.vbox': machineXml(a, 'we"b <1>'), '/vms/b/b.vbox': machineXml(b, 'new\nline', 'stateFile="x.sav"') } });
    inventory = new Inventory(box.tool);
  });
  const states = async (): Promise<string[]> => (await inventory.list(signal)).map(machine => machine.providerState);

  it('takes two spawns the first time and one afterwards', async () => {
    await inventory.list(signal);
    expect(box.runs.sort()).toEqual(['list runningvms', 'list vms']);
    box.runs.length = 0;
    await inventory.list(signal);
    expect(box.runs).toEqual(['list runningvms']);
  });

  it('says all a row needs, with names of any kind', async () => {
    const machines = await inventory.list(signal);
    expect(machines[0]).toEqual({ id: `virtualbox:local:${a}`, name: 'we"b <1>', kind: 'vm', state: 'stopped', providerState: 'poweroff', path: ['lab'], cpus: 2, memoryMiB: 512, snapshotCount: 0, extra: { groups: ['/lab'], osType: 'Debian_64' } });
    expect(machines[1]).toMatchObject({ name: 'new\nline', state: 'suspended' });
  });

  it('reads running and paused from the log, and goes on where it stopped', async () => {
    running = [a];
    expect(await states()).toEqual(['running', 'saved']);
    box.files.set('/vms/a/Logs/VBox.log', log('Starting', 'Running'));
    expect(await states()).toEqual(['running', 'saved']);
    box.files.set('/vms/a/Logs/VBox.log', log('Starting', 'Running', 'Paused'));
    expect(await states()).toEqual(['paused', 'saved']);
    // A restart writes a new, shorter log.
    box.files.set('/vms/a/Logs/VBox.log', log('Starting'));
    expect(await states()).toEqual(['starting', 'saved']);
    // Its process is on its way out.
    box.files.set('/vms/a/Logs/VBox.log', log('Starting', 'Running', 'PoweredOff'));
    expect(await states()).toEqual(['stopping', 'saved']);
    running = [];
    expect(await states()).toEqual(['poweroff', 'saved']);
  });

  it('finds a new log that has grown past the old one', async () => {
    running = [a];
    box.files.set('/vms/a/Logs/VBox.log', log('Starting', 'Running', 'Paused'));
    expect((await states())[0]).toBe('paused');
    box.files.set('/vms/a/Logs/VBox.log', `${'new run\n'.repeat(40)}${log('Running')}${'more\n'.repeat(20)}`);
    expect((await states())[0]).toBe('running');
  });

  it('finds a state far up in a long log', async () => {
    running = [a];
    box.files.set('/vms/a/Logs/VBox.log', `${log('Running')}${'00:00:09.1 chatter\n'.repeat(20_000)}`);
    expect((await states())[0]).toBe('running');
  });

  it('asks for the list again when the registry changes, and once a minute', async () => {
    await inventory.list(signal);
    const c = '33333333-3333-4333-8333-333333333333';
    listed.push([c, 'c']);
    box.files.set(home, registryXml({ [a]: '/vms/a/a.vbox', [b]: '/vms/b/b.vbox', [c]: '/vms/c/c.vbox' }));
    box.files.set('/vms/c/c.vbox', machineXml(c, 'c'));
    box.runs.length = 0;
    expect((await inventory.list(signal)).map(machine => machine.name)).toContain('c');
    expect(box.runs).toContain('list vms');
    box.now += 61_000;
    box.runs.length = 0;
    await inventory.list(signal);
    expect(box.runs).toContain('list vms');
  });

  it('does not believe settings files of another VirtualBox: then the tool says everything, by two spawns', async () => {
    listed = [[a, 'here'], ['44444444-4444-4444-8444-444444444444', 'there']];
    running = [a];
    const machines = await inventory.list(signal);
    expect(machines.map(machine => [machine.name, machine.state, machine.cpus, machine.path])).toEqual([['here', 'running', 3, ['far']], ['there', 'suspended', 3, ['far']]]);
    box.runs.length = 0;
    await inventory.list(signal);
    expect(box.runs.sort()).toEqual(['list --long vms', 'list vms']);
  });

  it('asks the tool where there are no settings files', async () => {
    box.files.delete(home);
    expect((await inventory.list(signal)).map(machine => machine.name)).toEqual(['we"b <1>', 'new\nline']);
  });

  it('shows a machine whose file is lost as inaccessible, not as gone', async () => {
    box.files.delete('/vms/a/a.vbox');
    expect((await inventory.list(signal))[0]).toMatchObject({ name: 'we"b <1>', state: 'error', providerState: 'inaccessible' });
  });

  it('waits out the instant in which VirtualBox replaces a file', async () => {
    await inventory.list(signal);
    const text = box.files.get('/vms/a/a.vbox')!;
    box.files.delete('/vms/a/a.vbox');
    const { sleep } = box.doors.clock;
    box.doors.clock.sleep = (ms, abort) => { box.files.set('/vms/a/a.vbox', text); return sleep(ms, abort); };
    expect((await inventory.list(signal))[0]?.state).toBe('stopped');
  });

  it('never turns a failure into an empty list', async () => {
    await inventory.list(signal);
    for (const reply of [{ exitCode: 1, stderr: recorded('err-startvm-no-vm').stderr }, { stdout: recorded('list-vms-c-locale').stdout }, new GaiaError('didNotAnswer', { message: 'late' })]) {
      fail = () => reply;
      await expect(inventory.list(signal)).rejects.toBeInstanceOf(GaiaError);
    }
    fail = undefined;
    expect((await inventory.list(signal)).length).toBe(2);
  });
});
