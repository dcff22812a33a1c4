// Values for completion in .gaia.json, from the live cluster.
import { GaiaError } from '../../machines/errors.ts';
import type { Suggestions } from '../../machines/provider.ts';
import type { ClusterView } from './resources.ts';
import { rows, text } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { ApiRequest } from './requests.ts';
import { parseContent } from './volumes.ts';

interface Suggestion {
  readonly value: string;
  readonly description?: string;
}

type Source = (deps: PartDeps, view: ClusterView, signal: AbortSignal) => Promise<readonly Suggestion[]> | readonly Suggestion[];

const gib = (bytes: number | undefined): string => (bytes === undefined ? '?' : `${Math.round(bytes / 2 ** 30)} GiB`);
const withContent = (...wanted: readonly string[]): Source => (_deps, view) => unique(view.storages.filter(row => wanted.some(kind => row.content.includes(kind))).map(row => ({ value: row.id, description: `${row.type}${row.shared ? ', shared' : ` on ${row.node}`}, ${gib(row.totalBytes === undefined || row.usedBytes === undefined ? undefined : row.totalBytes - row.usedBytes)} free` })));
const volumes = (content: string): Source => async (deps, view, signal) => {
  const up = new Set(view.nodes.filter(node => node.online).map(node => node.name));
  const seen = new Set<string>();
  const wanted = view.storages.filter(row => row.content.includes(content) && up.has(row.node) && (!row.shared || !seen.has(row.id)) && seen.add(row.id));
  const found = await Promise.all(wanted.map(row => optional(deps, requests.storageContent(row.node, row.id, { content }), signal)));
  return unique(found.flatMap(data => parseContent(data).map(row => ({ value: row.volid, description: gib(row.sizeBytes) }))));
};
const templates: Source = (_deps, view) => view.machines.filter(machine => machine.template).map(machine => ({ value: machine.name, description: `template ${String(machine.extra?.['vmid'])} on ${machine.path?.[0] ?? ''}` }));
const machines: Source = (_deps, view) => [...view.machines].sort((a, b) => Number(b.template ?? false) - Number(a.template ?? false)).map(machine => ({ value: machine.name, description: `${machine.template ? 'template' : machine.kind} ${String(machine.extra?.['vmid'])} on ${machine.path?.[0] ?? ''}` }));
const bridges: Source = async (deps, view, signal) => {
  const lists = await Promise.all(view.nodes.filter(node => node.online).map(async node => ({ node: node.name, data: await optional(deps, requests.networks(node.name, 'any_bridge'), signal) })));
  const byName = new Map<string, string[]>();
  for (const { node, data } of lists) for (const row of rows(data)) byName.set(text(row['iface']) ?? '', [...(byName.get(text(row['iface']) ?? '') ?? []), node]);
  const nets = rows(await optional(deps, requests.vnets(), signal)).map(row => ({ value: text(row['vnet']) ?? '', description: `SDN vnet in ${text(row['zone']) ?? ''}` }));
  return unique([...[...byName].filter(([name]) => name !== '').sort().map(([value, nodes]) => ({ value, description: `bridge on ${nodes.join(', ')}` })), ...nets]);
};
const perNode = (request: (node: string) => ApiRequest, key: string): Source => async (deps, view, signal) => {
  const node = view.nodes.find(candidate => candidate.online);
  if (!node) return [];
  return unique(rows(await optional(deps, request(node.name), signal)).map(row => ({ value: text(row[key]) ?? '', ...(text(row['vendor']) === undefined || text(row['vendor']) === 'default' ? {} : { description: text(row['vendor']) as string }) })).filter(entry => entry.value !== ''));
};
const pools: Source = async (deps, view, signal) => unique([...rows(await optional(deps, requests.pools(), signal)).map(row => ({ value: text(row['poolid']) ?? '', ...(text(row['comment']) === undefined ? {} : { description: text(row['comment']) as string }) })), ...view.pools.map(value => ({ value }))]);
const tags: Source = (_deps, view) => unique(view.machines.flatMap(machine => machine.tags ?? []).sort().map(value => ({ value })));

/** The last word of the path → where its values come from. */
const sources: Readonly<Record<string, Source>> = {
  node: (_deps, view) => view.nodes.map(node => ({ value: node.name, description: node.online ? `${gib(node.memoryTotalBytes === undefined ? undefined : node.memoryTotalBytes - (node.memoryUsedBytes ?? 0))} of memory free` : 'down' })),
  storage: withContent('images', 'rootdir'),
  cloud_init_storage: withContent('images'),
  efi_storage: withContent('images'),
  iso_storage: withContent('iso'),
  import_storage: withContent('import'),
  bridge: bridges,
  pool: pools,
  tags,
  template: templates,
  box: templates,
  clone_from: machines,
  iso: volumes('iso'),
  image: volumes('import'),
  ostemplate: volumes('vztmpl'),
  tarball: volumes('vztmpl'),
  cpu: perNode(requests.cpuModels, 'name'),
  machine: perNode(requests.machineTypes, 'id'),
};
const same: Readonly<Record<string, string>> = { selected_node: 'node', qemu_storage: 'storage', qemu_bridge: 'bridge', qemu_template: 'template', qemu_iso: 'iso', openvz_os_template: 'ostemplate', vm_storage: 'storage' };

export function createSuggestions(deps: PartDeps): Suggestions {
  return {
    values: async (path, signal) => {
      const words = path.split('.').filter(word => !/^\d+$/.test(word));
      const last = words.at(-1) ?? '';
      const key = same[last] ?? (last === 'name' && words.at(-2) === 'clone_from' ? 'clone_from' : last);
      const source = Object.hasOwn(sources, key) ? sources[key] : undefined;
      if (!source) return [];
      return source(deps, await deps.directory.view(deps.calls, signal), signal);
    },
  };
}

function unique(values: readonly Suggestion[]): readonly Suggestion[] {
  return [...new Map(values.map(entry => [entry.value, entry])).values()];
}

/** Completion never fails for a lack of rights or a call that a version does not have. */
async function optional(deps: PartDeps, request: ApiRequest, signal: AbortSignal): Promise<unknown> {
  try {
    return (await deps.calls.get(request, signal)).data;
  } catch (error) {
    if (GaiaError.is(error, 'cancelled')) throw error;
    return [];
  }
}
