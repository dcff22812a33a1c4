// gaia_stopMachine: asks one machine to shut down, after the person has agreed. It never powers off.
import { t } from '../l10n.ts';
import { stateWords } from '../words.ts';
import { knownName, lookForMachine } from './findMachine.ts';
import type { MachineInput } from './findMachine.ts';
import type { Tool } from './register.ts';
import { runUntil } from './runUntil.ts';

export const stopMachine: Tool<MachineInput> = {
  prepare: (parts, { machine }) => ({
    invocationMessage: t('Shutting down “{0}”', knownName(parts, machine)),
    confirmationMessages: { title: t('Stop a machine'), message: t('Ask the virtual machine “{0}” to shut down?', knownName(parts, machine)) },
  }),
  invoke: async (parts, { machine: wanted }, token) => {
    const { machine } = await lookForMachine(parts, wanted);
    await runUntil(parts.operations.run({ verb: 'shutDown', id: machine.id, timeoutMs: parts.settings.shutDownTimeoutMs }), token);
    return `${machine.name}: ${stateWords[parts.fleet.machine(machine.id)?.state ?? 'unknown']()}`;
  },
};
