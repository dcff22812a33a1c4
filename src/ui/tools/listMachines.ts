// gaia_listMachines: every machine, with its state. Read-only.
import type { Parts } from '../parts.ts';
import { parseFilter } from '../tree/filter.ts';
import { connectionLabel } from '../tree/forest.ts';
import { errorText } from '../words.ts';
import type { Tool } from './register.ts';

interface Input {
  readonly filter?: string;
}

export const listMachines: Tool<Input> = {
  prepare: () => ({ invocationMessage: 'Listing virtual machines' }),
  invoke: async (parts: Parts, { filter }) => {
    await parts.fleet.refresh();
    const matches = parseFilter(filter ?? '');
    const connections = parts.fleet.entries().map(({ provider, status, machines }) => ({
      provider: connectionLabel(provider),
      ...status.kind === 'failed' ? { problem: errorText(status.error) } : {},
      machines: machines.filter(machine => matches?.(machine) ?? true).map(({ id, name, state, cpus, memoryMiB, path, tags, stale }) => ({ id, name, state, cpus, memoryMiB, path, tags, stale })),
    }));
    return JSON.stringify(connections, undefined, 1);
  },
};
