// gaia_startMachine: starts one machine, after the person has agreed.
import { t } from '../l10n.ts';
import { stateWords } from '../words.ts';
import { knownName, lookForMachine } from './findMachine.ts';
import type { MachineInput } from './findMachine.ts';
import type { Tool } from './register.ts';
import { runUntil } from './runUntil.ts';

export const startMachine: Tool<MachineInput> = {
  prepare: (parts, { machine }) => ({
    invocationMessage: t('Starting “{0}”', knownName(parts, machine)),
    confirmationMessages: { title: t('Start a machine'), message: t('Start the virtual machine “{0}”?', knownName(parts, machine)) },
  }),
  invoke: async (parts, { machine: wanted }, token) => {
    const { machine } = await lookForMachine(parts, wanted);
    await runUntil(parts.operations.run({ verb: 'start', id: machine.id }), token);
    return `${machine.name}: ${stateWords[parts.fleet.machine(machine.id)?.state ?? 'unknown']()}`;
  },
};
