// A network of a file as an adapter of a machine that is there already: the interface on this computer is found, or made, as a create does it.
import type { Change, OperationContext } from '../../machines/provider.ts';
import type { NetworkSpec } from '../../machines/spec.ts';
import { plannedAdapters } from './adapters.ts';
import { createHostOnly, readHostNetworks } from './networks.ts';
import type { Tool } from './tool.ts';

/** `setAdapter` with what a file wants of it (`extra.wanted`, put there by planning.ts) becomes one with the interface's name; any other change stays. */
export async function settleAdapter(tool: Tool, change: Change, context: OperationContext): Promise<Change> {
  if (change.kind !== 'setAdapter') return change;
  const wanted = change.adapter.extra?.['wanted'] as NetworkSpec | undefined;
  if (wanted === undefined) return change;
  const host = await readHostNetworks(tool, { hostOnly: wanted.type === 'private_network', bridged: wanted.type === 'public_network' }, context.signal);
  const [planned] = plannedAdapters([wanted], host, {});
  if (!planned) return change;
  const network = planned.create ? await createHostOnly(tool, planned.create, context) : planned.adapter.network;
  return { kind: 'setAdapter', adapter: { ...planned.adapter, ...(network === undefined ? {} : { network }), index: change.adapter.index } };
}
