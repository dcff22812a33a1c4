// The rows of a machine pick. Pure.
import type { Machine } from '../machines/machine.ts';
import type { Provider } from '../machines/provider.ts';
import type { Target } from './commands/targets.ts';
import { connectionLabel } from './tree/forest.ts';
import { machineDescription, machineIcon } from './tree/rows.ts';

export interface MachineItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly target: Target;
}

/** Rows for the machines, in the order given. Two of one name differ by what stands beside it. */
export function machineItems(targets: readonly Target[]): readonly MachineItem[] {
  return targets.map(target => ({
    label: `$(${machineIcon(target.machine, false).name.replace('~spin', '')}) ${target.machine.name}`,
    description: machineDescription(target.machine),
    detail: detailOf(target.machine, target.provider),
    target,
  }));
}

function detailOf(machine: Machine, provider: Provider): string {
  return [connectionLabel(provider), ...(machine.path ?? [])].join(' / ');
}
