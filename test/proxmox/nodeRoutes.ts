// What one node says of itself: status, version, networks, capabilities, hardware, services.
import { die } from './apiError.ts';
import type { Call, Handler, Routes } from './call.ts';
import { needed, text } from './call.ts';
import type { NetworkInterface } from './model.ts';

const status: Handler = ({ cluster, node }) => {
  const uptime = Math.floor((cluster.clock.now() - node.startedAt) / 1000);
  const used = Math.floor(node.memoryBytes * 0.4);
  const kernel = cluster.atLeast(9) ? '6.17.4-1-pve' : cluster.atLeast(8) ? '6.8.12-9-pve' : '5.15.104-1-pve';
  return {
    uptime,
    cpu: node.load,
    wait: 0.001,
    idle: 0,
    loadavg: ['0.41', '0.35', '0.30'],
    memory: { total: node.memoryBytes, used, free: node.memoryBytes - used, ...(cluster.atLeast(9) ? { available: node.memoryBytes - used } : {}) },
    swap: { total: 8589934592, used: 0, free: 8589934592 },
    rootfs: { total: node.rootBytes, used: Math.floor(node.rootBytes * 0.2), avail: Math.floor(node.rootBytes * 0.75), free: Math.floor(node.rootBytes * 0.8) },
    ksm: { shared: 0 },
    kversion: `Linux ${kernel} #1 SMP PREEMPT_DYNAMIC`,
    pveversion: `pve-manager/${cluster.state.versionText}/a1b2c3d4e5f60718`,
    cpuinfo: { stepping: '3', microcode: '0x7000021', 'address_sizes': '46 bits physical, 48 bits virtual', cpus: node.cpus, cores: node.cpus / 2, sockets: 1, model: 'Intel(R) Xeon(R) D-1541', mhz: '2100.000', hvm: '1', user_hz: 100, family: '6', vendor: 'GenuineIntel', flags: 'fpu vme vmx aes' },
    ...(cluster.atLeast(8) ? { 'boot-info': { mode: 'efi', secureboot: 0 }, 'current-kernel': { sysname: 'Linux', release: kernel, version: '#1 SMP PREEMPT_DYNAMIC', machine: 'x86_64' } } : {}),
  };
};

const mayBridge = (call: Call, bridge: string): boolean =>
  !call.cluster.atLeast(8) || call.cluster.rights.hasAny(call.who, `/sdn/zones/localnetwork/${bridge}`, ['SDN.Use', 'SDN.Audit']) || call.cluster.rights.hasAny(call.who, `/nodes/${call.node.name}`, ['Sys.Audit', 'Sys.Modify']);

const networks: Handler = call => {
  const type = text(call, 'type');
  const { cluster, node } = call;
  const own = node.interfaces.filter(i => {
    if (i.type === 'bridge' || i.type === 'OVSBridge') return (type === undefined || type.startsWith('any_') || type === i.type) && mayBridge(call, i.iface);
    return type === undefined || type === i.type;
  });
  const vnets = type === 'any_bridge' || type === 'vnet' || type === 'include_sdn' ? [...cluster.state.vnets.values()].filter(v => cluster.rights.hasAny(call.who, `/sdn/zones/${v.zone}/${v.vnet}`, ['SDN.Use', 'SDN.Audit', 'SDN.Allocate'])).map(v => ({ iface: v.vnet, type: 'vnet', active: 1, ...(v.alias === undefined ? {} : { comments: `${v.alias}\n` }) })) : [];
  return [...own, ...vnets];
};

const interfaceOf = (call: Call): NetworkInterface => call.node.interfaces.find(i => i.iface === call.p['iface']) ?? die(`interface '${needed(call, 'iface')}' does not exist`);

function interfaceFrom(call: Call): NetworkInterface {
  const { node: _node, delete: _delete, ...rest } = call.p;
  return { method: rest['address'] === undefined && rest['cidr'] === undefined ? 'manual' : 'static', method6: 'manual', families: ['inet'], priority: 9, ...rest } as unknown as NetworkInterface;
}

const machines = ['10.1', '10.0', '9.2', '9.0', '8.1'];
const models: Readonly<Record<string, string>> = {
  GenuineIntel: '486 Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server Cascadelake-Server-noTSX Cascadelake-Server-v2 Cascadelake-Server-v4 Cascadelake-Server-v5 ClearwaterForest Conroe Cooperlake Cooperlake-v2 GraniteRapids GraniteRapids-v2 GraniteRapids-v3 Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS Icelake-Client Icelake-Client-noTSX Icelake-Server Icelake-Server-noTSX Icelake-Server-v3 Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 Icelake-Server-v7 IvyBridge IvyBridge-IBRS KnightsMill Nehalem Nehalem-IBRS Penryn SandyBridge SandyBridge-IBRS SapphireRapids SapphireRapids-v2 SapphireRapids-v3 SapphireRapids-v4 SierraForest SierraForest-v2 SierraForest-v3 Skylake-Client Skylake-Client-IBRS Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server Skylake-Server-IBRS Skylake-Server-noTSX-IBRS Skylake-Server-v4 Skylake-Server-v5 Westmere Westmere-IBRS core2duo coreduo pentium pentium2 pentium3',
  AuthenticAMD: 'EPYC EPYC-Genoa EPYC-Genoa-v2 EPYC-IBPB EPYC-Milan EPYC-Milan-v2 EPYC-Milan-v3 EPYC-Rome EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 EPYC-Rome-v5 EPYC-Turin EPYC-v3 EPYC-v4 EPYC-v5 Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 athlon phenom',
  default: 'host kvm32 kvm64 max qemu32 qemu64 x86-64-v2 x86-64-v2-AES x86-64-v3 x86-64-v4',
};

export const nodeRoutes: Routes = {
  'GET /nodes/{node}': () => ['qemu', 'lxc', 'storage', 'network', 'tasks', 'status', 'version'].map(name => ({ name })),
  'GET /nodes/{node}/status': status,
  'GET /nodes/{node}/version': ({ cluster: { state } }) => ({ release: state.release, version: state.versionText, repoid: 'a1b2c3d4e5f60718' }),
  'GET /nodes/{node}/time': ({ cluster }) => ({ time: cluster.clock.seconds(), localtime: cluster.clock.seconds(), timezone: 'UTC' }),
  'GET /nodes/{node}/dns': () => ({ search: 'lan', dns1: '192.0.2.1' }),
  'GET /nodes/{node}/network': networks,
  'GET /nodes/{node}/network/{iface}': call => {
    const { iface: _iface, ...rest } = interfaceOf(call);
    return rest;
  },
  'POST /nodes/{node}/network': call => {
    if (call.node.interfaces.some(i => i.iface === call.p['iface'])) die(`interface '${needed(call, 'iface')}' already exists`);
    call.node.interfaces.push(interfaceFrom(call));
    return null;
  },
  'PUT /nodes/{node}/network/{iface}': call => {
    const found = interfaceOf(call);
    Object.assign(found, interfaceFrom(call));
    return null;
  },
  'DELETE /nodes/{node}/network/{iface}': call => {
    const found = interfaceOf(call);
    call.node.interfaces = call.node.interfaces.filter(i => i !== found);
    return null;
  },
  'PUT /nodes/{node}/network': call =>
    call.cluster.task(call, 'srvreload', 'networking', async worker => {
      await worker.wait(1500);
      for (const one of call.node.interfaces) one.active = 1;
    }),
  'DELETE /nodes/{node}/network': () => null,
  'GET /nodes/{node}/capabilities': () => [{ name: 'qemu' }],
  'GET /nodes/{node}/capabilities/qemu': () => [{ name: 'cpu' }, { name: 'machines' }],
  'GET /nodes/{node}/capabilities/qemu/machines': () => machines.flatMap(version => [{ id: `pc-i440fx-${version}`, type: 'i440fx', version }, { id: `pc-q35-${version}`, type: 'q35', version }]),
  'GET /nodes/{node}/capabilities/qemu/cpu': ({ cluster }) => Object.entries(models).flatMap(([vendor, list]) => list.split(' ').map(name => ({ name, custom: 0, vendor, ...(cluster.atLeast(9) && name.startsWith('x86-64') ? { abstract: 1 } : {}) }))),
  'GET /nodes/{node}/capabilities/qemu/cpu-flags': () => [{ name: 'aes', description: '' }],
  'GET /nodes/{node}/capabilities/qemu/migration': () => ({ 'has-dbus-vmstate': 1 }),
  'GET /nodes/{node}/hardware': () => [{ type: 'pci' }, { type: 'usb' }],
  'GET /nodes/{node}/hardware/pci': () => [{ id: '0000:01:00.0', class: '0x030000', vendor: '0x10de', device: '0x1eb8', vendor_name: 'NVIDIA Corporation', device_name: 'TU104GL [Tesla T4]', iommugroup: 12 }],
  'GET /nodes/{node}/hardware/usb': () => [],
  'POST /nodes/{node}/status': call => {
    // The node goes away in the middle of its answer's way; a reboot brings it back a little later.
    call.node.online = false;
    if (needed(call, 'command') === 'reboot') void call.cluster.clock.wait(60_000).then(() => (call.node.online = true), () => undefined);
    return null;
  },
  'PUT /nodes/{node}/dns': () => null,
  'PUT /nodes/{node}/time': () => null,
  'GET /nodes/{node}/services': () => ['pveproxy', 'pvedaemon', 'pvestatd', 'corosync', 'pve-ha-crm', 'pve-ha-lrm'].map(name => ({ service: name, name, desc: name, state: 'running', 'active-state': 'active', 'unit-state': 'enabled' })),
  'GET /nodes/{node}/subscription': () => ({ status: 'notfound', message: 'There is no subscription key', serverid: '0'.repeat(32), url: 'https://www.proxmox.com/' }),
  'GET /nodes/{node}/netstat': () => [],
  'GET /nodes/{node}/syslog': () => [{ n: 1, t: 'systemd[1]: Startup finished.' }],
  'GET /nodes/{node}/journal': () => ['systemd[1]: Startup finished.'],
};
