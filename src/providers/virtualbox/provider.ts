// VirtualBox 6.1 to 7.2 on this computer: the parts, put together.
import { systemClock } from '../../machines/clock.ts';
import type { Provider } from '../../machines/provider.ts';
import * as files from '../../system/files.ts';
import { thisPlatform } from '../../system/platform.ts';
import { runProcess } from '../../system/process.ts';
import { Inventory } from './inventory.ts';
import { MachineStates } from './machineState.ts';
import { createPower } from './power.ts';
import type { VirtualBoxDoors } from './tool.ts';
import { Tool } from './tool.ts';

/** `settings` and `record` are the caller's; every other door may be replaced, by tests above all. */
export type VirtualBoxDependencies = Pick<VirtualBoxDoors, 'settings' | 'record'> & Partial<VirtualBoxDoors>;

export function createVirtualBoxProvider(dependencies: VirtualBoxDependencies): Provider {
  const doors: VirtualBoxDoors = { run: runProcess, clock: systemClock, platform: thisPlatform(), files, ...dependencies };
  const tool = new Tool(doors);
  const inventory = new Inventory(tool);
  const states = new MachineStates(tool, inventory);
  return {
    id: 'virtualbox',
    label: 'VirtualBox',
    connection: { id: 'local', label: 'VirtualBox' },
    diagnose: async signal => ({ usable: true, version: (await tool.version(signal)).short, problems: [] }),
    list: signal => inventory.list(signal),
    describe: () => Promise.reject(new Error('soon')),
    commands: () => Promise.resolve([]),
    power: createPower(tool, states),
  };
}
