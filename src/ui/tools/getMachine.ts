// gaia_getMachine: everything about one machine. Read-only.
import { abortFrom } from './abortFrom.ts';
import type { MachineInput } from './findMachine.ts';
import { lookForMachine } from './findMachine.ts';
import type { Tool } from './register.ts';

export const getMachine: Tool<MachineInput> = {
  prepare: (_parts, { machine }) => ({ invocationMessage: `Reading the machine ${machine}` }),
  invoke: async (parts, { machine: wanted }, token) => {
    const { machine, provider } = await lookForMachine(parts, wanted);
    const { settings: _all, ...details } = await provider.describe(machine.id, abortFrom(token));
    return JSON.stringify(details, undefined, 1);
  },
};
