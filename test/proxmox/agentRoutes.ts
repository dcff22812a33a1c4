// What the guest's own agent says, where one runs; addresses of containers.
import { die } from './apiError.ts';
import { needed, type Call, type Handler, type Routes } from './call.ts';
import { isNicKey } from './drives.ts';
import type { GuestState } from './model.ts';
import { agentEnabled, setStopped } from './power.ts';

/** The guest, with its agent answering; else the real refusals. */
function answering(call: Call): GuestState {
  const guest = call.cluster.guest(call);
  if (guest.status !== 'running') die(`VM ${String(guest.vmid)} is not running`);
  if (!agentEnabled(guest)) die('No QEMU guest agent configured');
  if (!guest.agentRuns || guest.qmpstatus !== 'running') die('QEMU guest agent is not running');
  return guest;
}

const macs = (guest: GuestState): string[] => Object.entries(guest.config).filter(([key]) => isNicKey(key)).map(([, value]) => /([0-9A-F]{2}:){5}[0-9A-F]{2}/i.exec(String(value))?.[0] ?? '');

function interfaces(guest: GuestState): unknown[] {
  const addresses = (list: readonly string[]): unknown[] => list.map(ip => ({ 'ip-address': ip, 'ip-address-type': ip.includes(':') ? 'ipv6' : 'ipv4', prefix: ip.includes(':') ? 64 : 24 }));
  const statistics = { 'rx-bytes': 90, 'tx-bytes': 0, 'rx-packets': 1, 'tx-packets': 0, 'rx-errs': 0, 'tx-errs': 0, 'rx-dropped': 0, 'tx-dropped': 0 };
  return [
    { name: 'lo', 'hardware-address': '00:00:00:00:00:00', 'ip-addresses': [{ 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8 }, { 'ip-address': '::1', 'ip-address-type': 'ipv6', prefix: 128 }], statistics },
    ...macs(guest).map((mac, i) => ({ name: `eth${String(i)}`, 'hardware-address': mac.toLowerCase(), 'ip-addresses': i === 0 ? addresses(guest.addresses) : [], statistics })),
  ];
}

const answers: Readonly<Record<string, (guest: GuestState, call: Call) => unknown>> = {
  'network-get-interfaces': interfaces,
  'get-osinfo': () => ({ id: 'debian', name: 'Debian GNU/Linux', 'pretty-name': 'Debian GNU/Linux 13 (trixie)', version: '13 (trixie)', 'version-id': '13', machine: 'x86_64', 'kernel-release': '6.12.48+deb13-amd64', 'kernel-version': '#1 SMP' }),
  'get-host-name': guest => ({ 'host-name': String(guest.config['name'] ?? '') }),
  'get-time': (_guest, call) => Math.floor(call.cluster.clock.now()) * 1_000_000,
  'get-timezone': () => ({ zone: 'UTC', offset: 0 }),
  'get-users': () => [{ user: 'root', 'login-time': 1_763_900_000.5 }],
  'get-vcpus': guest => Array.from({ length: Number(guest.config['cores'] ?? 1) }, (_, i) => ({ 'logical-id': i, online: true, 'can-offline': i > 0 })),
  'get-fsinfo': () => [{ name: 'sda1', mountpoint: '/', type: 'ext4', 'used-bytes': 1_500_000_000, 'total-bytes': 8_000_000_000, disk: [] }],
  'get-memory-blocks': () => [],
  'get-memory-block-info': () => ({ size: 134_217_728 }),
  info: () => ({ version: '10.0.3', supported_commands: [{ name: 'guest-ping', enabled: true, 'success-response': true }] }),
};

const commands: Readonly<Record<string, (guest: GuestState) => unknown>> = { ping: () => ({}), 'fsfreeze-status': () => 'thawed', 'fsfreeze-freeze': () => 1, 'fsfreeze-thaw': () => 1, fstrim: () => ({ paths: [] }) };

const executed = new Map<number, string>();
const files = new Map<string, string>();

export const agentRoutes: Routes = {
  'GET /nodes/{node}/qemu/{vmid}/agent': call => {
    call.cluster.guest(call);
    return [...Object.keys(answers), ...Object.keys(commands)].map(name => ({ name }));
  },
  'POST /nodes/{node}/qemu/{vmid}/agent': call => {
    const guest = answering(call);
    const command = needed(call, 'command');
    return { result: answers[command]?.(guest, call) ?? commands[command]?.(guest) ?? {} };
  },
  ...Object.fromEntries(Object.entries(answers).map(([name, answer]): [string, Handler] => [`GET /nodes/{node}/qemu/{vmid}/agent/${name}`, call => ({ result: answer(answering(call), call) })])),
  ...Object.fromEntries(Object.entries(commands).map(([name, answer]): [string, Handler] => [`POST /nodes/{node}/qemu/{vmid}/agent/${name}`, call => ({ result: answer(answering(call)) })])),
  'POST /nodes/{node}/qemu/{vmid}/agent/exec': call => {
    answering(call);
    const pid = call.cluster.newPid();
    executed.set(pid, [call.p['command']].flat().join(' '));
    return { pid };
  },
  'GET /nodes/{node}/qemu/{vmid}/agent/exec-status': call => {
    answering(call);
    const command = executed.get(Number(call.p['pid'])) ?? die(`Agent error: Invalid parameter 'pid'`);
    return { exited: 1, exitcode: 0, 'out-data': `${command.replace(/^echo /, '')}\n` };
  },
  'GET /nodes/{node}/qemu/{vmid}/agent/file-read': call => {
    answering(call);
    return { content: files.get(`${String(call.p['vmid'])}:${needed(call, 'file')}`) ?? die(`Agent error: failed to open file '${needed(call, 'file')}' (mode: 'r'): No such file or directory`) };
  },
  'POST /nodes/{node}/qemu/{vmid}/agent/file-write': call => {
    answering(call);
    files.set(`${String(call.p['vmid'])}:${needed(call, 'file')}`, needed(call, 'content'));
    return null;
  },
  'POST /nodes/{node}/qemu/{vmid}/agent/set-user-password': call => {
    answering(call);
    return { result: {} };
  },
  'POST /nodes/{node}/qemu/{vmid}/agent/shutdown': call => {
    setStopped(answering(call));
    return { result: {} };
  },
  'GET /nodes/{node}/lxc/{vmid}/interfaces': call => {
    const guest = call.cluster.guest(call);
    if (guest.status !== 'running') return [];
    const one = (name: string, mac: string, addresses: readonly (readonly [string, number])[]): Record<string, unknown> => {
      const v4 = addresses.find(([ip]) => !ip.includes(':'));
      const v6 = addresses.find(([ip]) => ip.includes(':'));
      return {
        name,
        hwaddr: mac.toLowerCase(),
        ...(v4 === undefined ? {} : { inet: v4.join('/') }),
        ...(v6 === undefined ? {} : { inet6: v6.join('/') }),
        ...(call.cluster.atLeast(8) ? { 'hardware-address': mac.toLowerCase(), 'ip-addresses': addresses.map(([ip, prefix]) => ({ 'ip-address': ip, 'ip-address-type': ip.includes(':') ? 'inet6' : 'inet', prefix })) } : {}),
      };
    };
    return [one('lo', '00:00:00:00:00:00', [['127.0.0.1', 8], ['::1', 128]]), ...macs(guest).map((mac, i) => one(`eth${String(i)}`, mac, i === 0 ? guest.addresses.map(ip => [ip, ip.includes(':') ? 64 : 24] as const) : []))];
  },
};
