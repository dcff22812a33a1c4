// Reading what a person types on the details page. Pure.
import type { PortForward } from '../../machines/machine.ts';
import { t } from '../l10n.ts';

/** `8080:80`, `127.0.0.1:8080:80/udp`, `8080:10.0.2.15:80`. A string = what is wrong. */
export function parseForward(typed: string, adapter: number): PortForward | string {
  const match = /^(?:(?<hostIp>\d{1,3}(?:\.\d{1,3}){3}):)?(?<host>\d+):(?:(?<guestIp>\d{1,3}(?:\.\d{1,3}){3}):)?(?<guest>\d+)(?:\/(?<protocol>tcp|udp))?$/i.exec(typed.trim());
  const groups = match?.groups;
  if (!groups) return t('Host port and guest port, as in 8080:80.');
  const hostPort = Number(groups['host']);
  const guestPort = Number(groups['guest']);
  for (const port of [hostPort, guestPort]) if (port < 1 || port > 65_535) return t('{0} is no port: ports go from 1 to 65535.', port);
  for (const ip of [groups['hostIp'], groups['guestIp']]) if (ip?.split('.').some(part => Number(part) > 255)) return t('{0} is no IP address.', ip);
  const protocol = groups['protocol']?.toLowerCase() === 'udp' ? 'udp' : 'tcp';
  return {
    name: `${protocol}${String(hostPort)}`, adapter, protocol, hostPort, guestPort,
    ...groups['hostIp'] === undefined ? {} : { hostIp: groups['hostIp'] }, ...groups['guestIp'] === undefined ? {} : { guestIp: groups['guestIp'] },
  };
}

const units: Readonly<Record<string, number>> = { m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `20 GB`, `20g`, `512MiB`: bytes, in binary units. A number alone is gigabytes. undefined = no size. */
export function parseSize(typed: string): number | undefined {
  const match = /^(\d+(?:[.,]\d+)?)\s*(?:([mgt])(?:i?b)?)?$/i.exec(typed.trim());
  if (!match) return undefined;
  const bytes = Math.round(Number((match[1] ?? '').replace(',', '.')) * (units[(match[2] ?? 'g').toLowerCase()] ?? 0));
  return bytes > 0 ? bytes : undefined;
}
