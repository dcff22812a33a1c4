// The addresses of a machine's further network cards, set inside its system as Vagrant sets them: by whatever that system keeps them with.
import { asRoot } from './steps.ts';
import { posixWord } from './posix.ts';

/** One card, found by its hardware address; without `address` (`192.168.56.10/24`) it asks for one by DHCP. */
export interface GuestCard {
  /** Number of the adapter, for names of connections and files. */
  readonly index: number;
  readonly mac: string;
  readonly address?: string;
}

/** Shell text for Linux systems: netplan, NetworkManager, systemd-networkd, or ifupdown; else until the next start alone. Does nothing the second time. */
export function setGuestNetworks(cards: readonly GuestCard[]): string {
  const rows = cards.map(({ index, mac, address }) => ({ name: `gaia${String(index)}`, mac: macText(mac), address: checked(address) }));
  const netplan = `network:\n  version: 2\n  ethernets:\n${rows.map(({ name, mac, address }) => `    ${name}:\n      match: {macaddress: "${mac}"}\n      optional: true\n${address === undefined ? '      dhcp4: true' : `      dhcp4: false\n      addresses: ["${address}"]`}`).join('\n')}\n`;
  return asRoot([
    '[ -d /sys/class/net ] || { echo "The networks of this system are not set: it is no Linux."; exit 0; }',
    'card() { for d in /sys/class/net/*; do [ "$(cat "$d/address" 2>/dev/null)" = "$1" ] && { echo "${d##*/}"; return 0; }; done; echo "There is no network card $1." >&2; return 1; }',
    'has() { ip -o -4 addr show dev "$1" 2>/dev/null | grep -q " inet ${2:-}"; }',
    ...rows.map(({ name, mac }) => `${name}=$(card ${mac}) || exit 1`),
    // All as they should be: nothing is written, nothing is restarted.
    `if ${rows.map(({ name, address }) => `has "$${name}" ${address === undefined ? '' : posixWord(`${address.split('/')[0] ?? ''}/`)}`).join(' && ')}; then exit 0; fi`,
    'if command -v netplan >/dev/null 2>&1 && [ -d /etc/netplan ]; then',
    `  printf '%s' ${posixWord(netplan)} > /etc/netplan/90-gaia.yaml && chmod 600 /etc/netplan/90-gaia.yaml && netplan apply`,
    'elif command -v nmcli >/dev/null 2>&1 && nmcli -t general status >/dev/null 2>&1; then',
    ...rows.flatMap(({ name, address }) => [
      `  nmcli connection delete ${name} >/dev/null 2>&1`,
      `  nmcli connection add type ethernet con-name ${name} ifname "$${name}" connection.autoconnect yes ${address === undefined ? 'ipv4.method auto' : `ipv4.method manual ipv4.addresses ${address}`} && nmcli connection up ${name} || exit 1`,
    ]),
    'elif command -v systemctl >/dev/null 2>&1 && systemctl is-active --quiet systemd-networkd; then',
    ...rows.map(({ name, mac, address }) => `  printf '%s' ${posixWord(`[Match]\nMACAddress=${mac}\n[Network]\n${address === undefined ? 'DHCP=ipv4' : `Address=${address}`}\n`)} > /etc/systemd/network/90-${name}.network || exit 1`),
    '  networkctl reload 2>/dev/null || systemctl restart systemd-networkd',
    'elif [ -f /etc/network/interfaces ] && command -v ifup >/dev/null 2>&1; then',
    ...rows.flatMap(({ name, address }) => [
      `  sed -i '/^# ${name}$/,/^# end of ${name}$/d' /etc/network/interfaces`,
      `  printf '# ${name}\\nauto %s\\niface %s inet ${address === undefined ? 'dhcp' : `static\\n    address ${address}`}\\n# end of ${name}\\n' "$${name}" "$${name}" >> /etc/network/interfaces`,
      `  ifdown "$${name}" >/dev/null 2>&1; ifup "$${name}" || exit 1`,
    ]),
    'else',
    '  echo "This system keeps its networks in a way that is not known: they are set until it is started again."',
    ...rows.map(({ name, address }) => `  ip link set "$${name}" up${address === undefined ? '' : `; ip addr replace ${address} dev "$${name}" || exit 1`}`),
    'fi',
  ].join('\n'));
}

/** `080027AABBCC` → `08:00:27:aa:bb:cc` */
function macText(mac: string): string {
  const digits = mac.replaceAll(/[:.-]/g, '').toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(digits)) throw new RangeError(`MAC address ${mac}`);
  return digits.replaceAll(/(..)(?=.)/g, '$1:');
}

/** It stands in files of the system, where nothing is quoted. */
function checked(address: string | undefined): string | undefined {
  if (address !== undefined && !/^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/.test(address)) throw new RangeError(`address ${address}`);
  return address;
}
