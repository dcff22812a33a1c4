// When is a verb done: told by the machine's own log and process where they say it, by VBoxManage where not.
import { describe, expect, it } from 'vitest';
import { Inventory } from '../../../src/providers/virtualbox/inventory.ts';
import { idOf } from '../../../src/providers/virtualbox/inventory.ts';
import { MachineStates } from '../../../src/providers/virtualbox/machineState.ts';
import { createPower } from '../../../src/providers/virtualbox/power.ts';
import type { FakeBox, Reply } from './fakeBox.ts';
import { context, fakeBox, machineXml, registryXml } from './fakeBox.ts';

const uuid = '11111111-1111-1111-1111-111111111111';
const id = idOf(uuid);
const log = (...states: readonly string[]): string => ['00:00:00.027858 Log opened 2026-11-25T02:03:07.657139000Z', '00:00:00.027937 Process ID: 4711', ...states.map(state => `00:00:01.000000 Console: Machine state changed to '${state}'`), ''].join('\n');
const info = (state: string, session = ''): Reply => ({ stdout: `UUID="${uuid}"\nVMState="${state}"\n${session === '' ? '' : `SessionName="${session}"\n`}` });

function powerOn(states: readonly string[], answer: (args: string, box: FakeBox) => Reply): { readonly box: FakeBox; readonly power: ReturnType<typeof createPower> } {
  const box: FakeBox = fakeBox(args => answer(args, box), { files: {
    '/home/dev/.VirtualBox/VirtualBox.xml': registryXml({ [uuid]: '/vms/lab/a/a.vbox' }), '/vms/lab/a/a.vbox': machineXml(uuid, 'a'), '/vms/lab/a/Logs/VBox.log': log(...states),
  } });
  const inventory = new Inventory(box.tool);
  return { box, power: createPower(box.tool, new MachineStates(box.tool, inventory), inventory) };
}

describe('power off', () => {
  it('is done when the machine\'s process has logged it and ended: no question is asked', async () => {
    const { box, power } = powerOn(['Running', 'Stopping', 'PoweredOff'], () => ({}));
    box.ended.add(4711);
    await power.powerOff(id, context);
    expect(box.runs).toEqual([`controlvm ${uuid} poweroff`]);
  });

  it('asks VBoxManage until the lock is free while the process lives', async () => {
    let asked = 0;
    const { box, power } = powerOn(['Running', 'PoweredOff'], args => (args.startsWith('showvminfo') ? info('poweroff', ++asked < 3 ? 'headless' : '') : {}));
    await power.powerOff(id, context);
    expect(box.runs).toEqual([`controlvm ${uuid} poweroff`, ...Array<string>(3).fill(`showvminfo ${uuid} --machinereadable`)]);
  });

  it('asks VBoxManage when the log does not say it', async () => {
    const { box, power } = powerOn(['Running'], args => (args.startsWith('showvminfo') ? info('poweroff') : {}));
    box.ended.add(4711);
    await power.powerOff(id, context);
    expect(box.runs).toHaveLength(2);
  });

  it('is no failure when the session ended while the tool still talked to it', async () => {
    const stderr = 'VBoxManage: error: The object is not ready\nVBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component ConsoleWrap\nVBoxManage: error: The session is not locked (session state: Unlocked)\n';
    const { power } = powerOn(['Running', 'PoweredOff'], args => (args.startsWith('showvminfo') ? info('poweroff') : { exitCode: 1, stderr }));
    await power.powerOff(id, context);
    const still = powerOn(['Running'], args => (args.startsWith('showvminfo') ? info('running', 'headless') : { exitCode: 1, stderr }));
    await expect(still.power.powerOff(id, context)).rejects.toMatchObject({ code: 'locked' });
  });
});

describe('suspend', () => {
  it('is done when the state is on disk and the process has ended', async () => {
    const { box, power } = powerOn(['Running', 'Saving', 'Saved'], () => ({}));
    box.ended.add(4711);
    await power.suspend?.(id, context);
    expect(box.runs).toEqual([`controlvm ${uuid} savestate`]);
  });

  it('is no failure when VirtualBox falls over the end of the process, and the state is on disk', async () => {
    // As 7.2.22 said it.
    const stderr = "0%...90%...E_ACCESSDENIED\nVBoxManage: error: Failed to save machine state.\nVBoxManage: error: Assertion failed: [SUCCEEDED(hrc)] at '/build/MachineImpl.cpp' (10409) in nsresult Machine::i_saveStorageControllers(settings::Storage&).\nVBoxManage: error: COM RC=E_ACCESSDENIED (0x80070005).\nVBoxManage: error: Please contact the product vendor!\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component SessionMachine, interface IMachine\n";
    const { power } = powerOn(['Running', 'Saving'], args => (args.startsWith('showvminfo') ? info('saved') : { exitCode: 1, stderr }));
    await power.suspend?.(id, context);
    const still = powerOn(['Running', 'Saving'], args => (args.startsWith('showvminfo') ? info('running', 'headless') : { exitCode: 1, stderr }));
    await expect(still.power.suspend?.(id, context)).rejects.toMatchObject({ code: 'unexpected', message: expect.stringContaining('a fault of its own') as string });
  });
});

describe('a detachable window', () => {
  const show = (box: FakeBox, ...lines: readonly string[]): void => { box.files.set('/vms/lab/a/Logs/VBoxUI.log', ['00:00:00.6 VirtualBox GUI (separate)', ...lines].join('\n')); };

  it('has opened when it draws the machine: until then a power off would only make it start the machine anew', async () => {
    const { box, power } = powerOn(['Running'], () => ({}));
    const shown: string[] = [];
    Object.assign(box.doors.clock, { sleep: (ms: number) => {
      box.now += ms;
      shown.push('waited');
      if (shown.length === 1) show(box);
      if (shown.length === 4) show(box, '00:00:01.5 GUI: UIFrameBufferPrivate::performResize: Size=640x480');
      return Promise.resolve();
    } });
    box.now = 0;
    await power.start(id, { mode: 'detachable' }, context);
    expect(shown).toHaveLength(4);
    expect(box.runs).toEqual([`startvm ${uuid} --type separate`]);
  });

  it('is not waited for long where it writes no log', async () => {
    const { box, power } = powerOn(['Running'], () => ({}));
    const begun = box.now;
    await power.start(id, { mode: 'detachable' }, context);
    expect(box.now - begun).toBeLessThan(2500);
  });
});
