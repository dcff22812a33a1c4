// The commands Gaia itself would run to make the machines of a file.
import { machineSpec } from '../../config/spec.ts';
import type { ParsedConfig } from '../../config/model.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { CommandText } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { errorText } from '../words.ts';

export interface MachineCommands {
  readonly name: string;
  readonly commands: readonly CommandText[];
  readonly problem?: string;
}

/** Makes no change. A machine whose commands cannot be told says why. */
export async function commandsOf(parts: Parts, parsed: ParsedConfig, signal: AbortSignal): Promise<readonly MachineCommands[]> {
  await parts.ensureProviders();
  return Promise.all(parsed.machines.map(async (machine): Promise<MachineCommands> => {
    const spec = machineSpec(machine);
    const provider = parts.registry.meantBy(spec);
    if (!provider) return { name: machine.name, commands: [], problem: t('There is no connection for the provider “{0}”.', machine.provider) };
    try {
      return { name: machine.name, commands: await provider.commands({ verb: 'create', spec }, signal) };
    } catch (error) {
      return { name: machine.name, commands: [], problem: errorText(asGaiaError(error)) };
    }
  }));
}
