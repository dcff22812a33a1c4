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
    await expect(still.power.powerOff(id, context)).rejects.toMatchObject({ code: 'wrongState', message: 'The machine stopped while it was asked.' });
  });
});

describe('suspend', () => {
  it('is done when the state is on disk and the process has ended', async () => {
    const { box, power } = powerOn(['Running', 'Saving', 'Saved'], () => ({}));
    box.ended.add(4711);
    await power.suspend?.(id, context);
    expect(box.runs).toEqual([`controlvm ${uuid} savestate`]);
  });
});
