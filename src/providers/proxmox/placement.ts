// Where a new guest goes when its file does not say: the node, and the bridge of its cards.
import { GaiaError } from '../../machines/errors.ts';
import { rows, text } from './fields.ts';
import type { CreateOptions } from './options.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { ClusterView } from './resources.ts';

export interface CreateDeps extends PartDeps {
  /** A variable of the environment: passwords are named, never written down. */
  readonly environment: (name: string) => string | undefined;
}

/** The named node, or the one that is up with most free memory. */
export function chooseNode(options: Pick<CreateOptions, 'node'>, view: ClusterView): string {
  const up = view.nodes.filter(node => node.online);
  if (options.node !== undefined) {
    const found = view.nodes.find(node => node.name === options.node);
    if (!found && view.nodes.length > 0) throw new GaiaError('notFound', { message: 'The cluster has no node {0}.', values: [options.node], hint: `Its nodes: ${view.nodes.map(node => node.name).join(', ')}.` });
    if (found && !found.online) throw new GaiaError('didNotAnswer', { message: 'The node {0} is down.', values: [options.node] });
    return options.node;
  }
  const free = (node: ClusterView['nodes'][number]): number => (node.memoryTotalBytes ?? 0) - (node.memoryUsedBytes ?? 0);
  const [best] = [...up].sort((a, b) => free(b) - free(a));
  if (!best) throw new GaiaError('invalidInput', { message: 'Say on which node it is to be made (provider_config.node).' });
  return best.name;
}

/** vmbr0, or the first bridge of the node. Where one may not look, vmbr0 is the best guess. */
export async function defaultBridge(deps: PartDeps, node: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const names = rows((await deps.calls.get(requests.networks(node, 'any_bridge'), signal)).data).map(row => text(row['iface']) ?? '');
    return names.includes('vmbr0') ? 'vmbr0' : names.filter(name => name !== '').sort()[0];
  } catch (error) {
    if (!GaiaError.is(error, 'noPermission')) throw error;
    return 'vmbr0';
  }
}
