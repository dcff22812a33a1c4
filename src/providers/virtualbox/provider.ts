// VirtualBox 6.1 to 7.2 on this computer: the parts, put together.
import { systemClock } from '../../machines/clock.ts';
import type { Provider } from '../../machines/provider.ts';
import * as files from '../../system/files.ts';
import { hasEnded } from '../../system/hasEnded.ts';
import { thisPlatform } from '../../system/platform.ts';
import { runProcess } from '../../system/process.ts';
import { watchFolder } from '../../system/watchPath.ts';
import { createAppliances } from './appliances.ts';
import { createCloning } from './cloning.ts';
import { Commands } from './commands.ts';
import { createConsole } from './console.ts';
import { Creation } from './creation.ts';
import { Deletion } from './deletion.ts';
import { describe } from './describe.ts';
import { diagnose, refuseTooOld } from './diagnose.ts';
import { createEditing } from './editing.ts';
import { createExtras } from './extras.ts';
import { createGuest } from './guest.ts';
import { Inventory } from './inventory.ts';
import { createLifecycle } from './lifecycle.ts';
import { MachineStates } from './machineState.ts';
import { createNetworkAdmin } from './networks.ts';
import { planning } from './planning.ts';
import { createPower } from './power.ts';
import { createScreenshot } from './screenshot.ts';
import { createSnapshots } from './snapshots.ts';
import { createSuggestions } from './suggestions.ts';
import type { VirtualBoxDoors } from './tool.ts';
import { Tool } from './tool.ts';
import { createUsage } from './usage.ts';
import { watchFolders } from './watch.ts';

/** `settings` and `record` are the caller's; every other door may be replaced, by tests above all. */
export type VirtualBoxDependencies = Pick<VirtualBoxDoors, 'settings' | 'record'> & Partial<VirtualBoxDoors>;

export function createVirtualBoxProvider(dependencies: VirtualBoxDependencies): Provider {
  const doors: VirtualBoxDoors = { run: runProcess, clock: systemClock, platform: thisPlatform(), files, hasEnded, ...dependencies };
  const tool = new Tool(doors);
  const inventory = new Inventory(tool);
  const states = new MachineStates(tool, inventory);
  const deps = { tool, inventory, states };
  const creation = new Creation(deps);
  const commands = new Commands(deps, creation);
  const power = createPower(tool, states, inventory);
  const snapshots = createSnapshots(deps, power);
  return {
    id: 'virtualbox',
    label: 'VirtualBox',
    connection: { id: 'local', label: 'VirtualBox' },
    diagnose: signal => diagnose(tool, signal),
    list: async signal => {
      const [machines] = await Promise.all([inventory.list(signal), refuseTooOld(tool, signal)]);
      return machines;
    },
    watch: onHint => watchFolders(inventory, { watchFolder }, onHint),
    describe: (id, signal) => describe(tool, inventory, id, signal),
    commands: (action, signal) => commands.of(action, signal),
    power,
    lifecycle: createLifecycle(deps, creation, new Deletion(deps)),
    snapshots,
    cloning: createCloning(deps, creation, snapshots),
    networks: createNetworkAdmin(tool),
    appliances: createAppliances(deps, creation),
    console: createConsole(tool, states, power),
    usage: createUsage(tool, inventory),
    screenshot: createScreenshot(tool),
    guest: createGuest(tool),
    editing: createEditing(tool),
    planning,
    suggestions: createSuggestions(tool, inventory),
    extras: createExtras(deps),
  };
}
