// What the parts of this provider share.
import type { Inventory } from './inventory.ts';
import type { MachineStates } from './machineState.ts';
import type { Tool } from './tool.ts';

export interface PartDeps {
  readonly tool: Tool;
  readonly inventory: Inventory;
  readonly states: MachineStates;
}
