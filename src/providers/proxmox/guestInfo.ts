// What the guest agent, or the node for a container, says of a guest's inside.
import type { GuestInfo } from '../../machines/machine.ts';
import { present, record, rows, text } from './fields.ts';

/**
 * `interfaces`: `data.result[]` of the agent, or the rows of lxc/interfaces (`inet`: `10.0.0.5/24`). Loopback and link-local
 * addresses are no way in, so they are left out.
 */
export function parseGuestInfo(answers: { readonly interfaces: unknown; readonly os?: unknown; readonly host?: unknown; readonly agent: boolean | undefined }): { info: GuestInfo; byMac: Map<string, string[]> } {
  const found = record(answers.interfaces)['result'];
  const interfaces = rows(found ?? answers.interfaces);
  const byMac = new Map<string, string[]>();
  for (const row of interfaces) {
    const fromAgent = rows(row['ip-addresses']).map(address => text(address['ip-address']));
    const fromNode = ['inet', 'inet6'].map(key => text(row[key])?.split('/')[0]);
    const mac = (text(row['hardware-address']) ?? text(row['hwaddr']) ?? '').toUpperCase();
    const usable = [...new Set([...fromAgent, ...fromNode].filter((address): address is string => address !== undefined && address !== '' && !isLocal(address)))];
    if (usable.length > 0) byMac.set(mac, [...(byMac.get(mac) ?? []), ...usable]);
  }
  const os = record(record(answers.os)['result']);
  const host = record(record(answers.host)['result']);
  const addresses = [...byMac.values()].flat();
  const info = present<GuestInfo>({
    agentVersion: undefined,
    agentRunning: answers.agent,
    runLevel: undefined,
    osName: text(os['pretty-name']) ?? text(os['name']),
    hostname: text(host['host-name']),
    addresses: [...addresses.filter(address => !address.includes(':')), ...addresses.filter(address => address.includes(':'))],
  });
  return { info, byMac };
}

function isLocal(address: string): boolean {
  return /^(?:127\.|169\.254\.|::1$|fe80:)/i.test(address);
}
