// Networks: bridges, bonds and VLANs of each node, and the vnets of the cluster's SDN. A change of a node's network waits until it is applied.
import { GaiaError } from '../../machines/errors.ts';
import type { NetworkAdmin, NetworkInfo } from '../../machines/provider.ts';
import { flag, number, rows, text } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';

const readable: readonly GaiaError['code'][] = ['noPermission', 'didNotAnswer', 'notSupported'];

export function createNetworkAdmin(deps: PartDeps): NetworkAdmin {
  const { calls, directory } = deps;
  return {
    list: async signal => {
      const view = await directory.view(calls, signal);
      const up = view.nodes.filter(node => node.online);
      const answers = await Promise.all([
        ...up.map(async node => {
          try {
            return parseNetworks((await calls.get(requests.networks(node.name), signal)).data, node.name);
          } catch (error) {
            // One node that may not be looked at hides nothing of the others.
            if (GaiaError.is(error, ...readable)) return [];
            throw error;
          }
        }),
        vnets(deps, signal),
      ]);
      return answers.flat();
    },
    create: async (options, context) => {
      if (options.kind === 'vnet') {
        const name = need(options, 'name');
        const tag = number(options['tag']);
        await calls.change(requests.createVnet(name, need(options, 'zone'), { ...(tag === undefined ? {} : { tag }) }), context.signal);
        await calls.run(requests.applySdn(), context);
        return name;
      }
      if (options.kind !== 'bridge' && options.kind !== 'vlan' && options.kind !== 'bond') throw new GaiaError('notSupported', { message: 'Proxmox VE makes no network of this kind ({0}).', values: [options.kind] });
      const [node, name] = [need(options, 'node'), need(options, 'name')];
      const ports = text(options['ports']);
      const cidr = text(options['cidr']);
      const gateway = text(options['gateway']);
      const vlan = number(options['vlan']);
      const device = text(options['device']);
      await calls.change(
        requests.createNetwork(node, name, {
          type: options.kind,
          autostart: true,
          ...(ports === undefined ? {} : { bridgePorts: ports }),
          ...(options['vlanAware'] === undefined ? {} : { vlanAware: flag(options['vlanAware']) }),
          ...(cidr === undefined ? {} : { cidr }),
          ...(gateway === undefined ? {} : { gateway }),
          ...(vlan === undefined ? {} : { vlanId: vlan }),
          ...(device === undefined ? {} : { vlanRawDevice: device }),
        }),
        context.signal,
      );
      if (options['apply'] === false) context.output(`${name} is written down; it exists after the node's network changes are applied.`);
      else await calls.run(requests.applyNetworks(node), context);
      return name;
    },
    remove: async (network, context) => {
      if (network.kind === 'vnet') {
        await calls.change(requests.deleteVnet(network.name), context.signal);
        await calls.run(requests.applySdn(), context);
        return;
      }
      if (network.node === undefined) throw new GaiaError('invalidInput', { message: 'Say on which node the network is.' });
      await calls.change(requests.deleteNetwork(network.node, network.name), context.signal);
      await calls.run(requests.applyNetworks(network.node), context);
    },
  };
}

async function vnets(deps: PartDeps, signal: AbortSignal): Promise<NetworkInfo[]> {
  try {
    return rows((await deps.calls.get(requests.vnets(), signal)).data).map(row => {
      const detail = [text(row['alias']), text(row['zone']), text(row['tag']) === undefined ? undefined : `tag ${String(row['tag'])}`].filter(Boolean).join(' · ');
      return { name: text(row['vnet']) ?? '', kind: 'vnet', ...(detail === '' ? {} : { detail }) };
    });
  } catch (error) {
    // SDN is an optional package before 8.1.
    if (GaiaError.is(error, ...readable, 'unexpected')) return [];
    throw error;
  }
}

export function parseNetworks(data: unknown, node: string): NetworkInfo[] {
  return rows(data).map(row => {
    const parts = [
      text(row['cidr']),
      text(row['cidr6']),
      text(row['bridge_ports']) === '' ? undefined : text(row['bridge_ports']),
      flag(row['bridge_vlan_aware']) ? 'VLAN aware' : undefined,
      text(row['vlan-id']) === undefined ? undefined : `VLAN ${String(row['vlan-id'])}`,
      text(row['slaves']),
      flag(row['active']) ? undefined : 'not active',
      text(row['comments'])?.trim(),
    ].filter(Boolean);
    return { name: text(row['iface']) ?? '', kind: text(row['type']) ?? 'unknown', node, ...(parts.length > 0 ? { detail: parts.join(' · ') } : {}) };
  });
}

function need(options: Readonly<Record<string, unknown>>, key: string): string {
  const value = text(options[key]);
  if (value === undefined || value === '') throw new GaiaError('invalidInput', { message: '“{0}” is missing.', values: [key] });
  return value;
}
