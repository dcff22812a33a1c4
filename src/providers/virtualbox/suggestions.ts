// Live values for completion in .gaia.json.
import type { Suggestions } from '../../machines/provider.ts';
import type { Inventory } from './inventory.ts';
import { parseInterfaces, parseNatNetworks, parseOsTypes, parseInternalNetworks } from './parse/networks.ts';
import * as requests from './requests.ts';
import { settingDescriptions } from './settings.ts';
import type { Tool } from './tool.ts';

type Values = readonly { readonly value: string; readonly description?: string }[];

export function createSuggestions(tool: Tool, inventory: Inventory): Suggestions {
  const interfaces = (what: 'bridgedifs' | 'hostonlyifs') => async (signal: AbortSignal): Promise<Values> =>
    parseInterfaces((await tool.ask(requests.listOf(what), signal)).stdout).map(item => ({ value: item.name, ...(item.ip === undefined ? {} : { description: item.ip }) }));
  const machines = async (signal: AbortSignal): Promise<Values> =>
    (await inventory.list(signal)).map(machine => ({ value: [...(machine.path ?? []), machine.name].join('/'), description: machine.providerState }));
  const osTypes = async (signal: AbortSignal): Promise<Values> =>
    parseOsTypes((await tool.ask(requests.listOf('ostypes'), signal)).stdout).map(type => ({ value: type.id, description: type.description }));
  const groups = async (signal: AbortSignal): Promise<Values> =>
    [...new Set((await inventory.list(signal)).flatMap(machine => (machine.path ? [`/${machine.path.join('/')}`] : [])))].map(value => ({ value }));

  const live: Readonly<Record<string, (signal: AbortSignal) => Promise<Values>>> = {
    'config.clone_from': machines,
    'config.clone_from.name': machines,
    'config.provider_config.ostype': osTypes,
    'config.provider_config.os_type': osTypes,
    'config.provider_config.groups': groups,
    'config.networks.bridge': interfaces('bridgedifs'),
    'config.networks.name': async signal => [
      ...(await interfaces('hostonlyifs')(signal)),
      ...parseInternalNetworks((await tool.ask(requests.listOf('intnets'), signal)).stdout).map(value => ({ value, description: 'internal network' })),
      ...parseNatNetworks((await tool.ask(requests.listOf('natnets'), signal)).stdout).map(item => ({ value: item.name, description: 'NAT network' })),
    ],
  };

  return {
    async values(path, signal) {
      // `config.networks[0].bridge` and `config.networks.0.bridge` ask for the same.
      const plain = path.replace(/\[\d+\]|\.\d+(?=\.|$)/g, '');
      const asked = live[plain];
      if (asked) return await asked(signal);
      const setting = /^config\.provider_config\.(.+)$/.exec(plain)?.[1];
      const description = settingDescriptions.find(candidate => candidate.key === setting);
      return description?.values?.map(value => ({ value })) ?? [];
    },
  };
}
