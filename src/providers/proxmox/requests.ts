// Every request that Gaia can make of Proxmox VE, as pure data, in one table. test/contract/proxmox/ goes through the table and holds each
// entry against the official schemas of 7.4, 8.4 and 9.1: a builder that is not in the table cannot be sent.
import type { Params } from './encode.ts';

export type GuestKind = 'qemu' | 'lxc';
export interface Guest {
  readonly kind: GuestKind;
  readonly vmid: number;
  readonly node: string;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The path as the schema names it: `/nodes/{node}/qemu/{vmid}/config`. */
  readonly template: string;
  readonly path: Readonly<Record<string, string | number>>;
  readonly params: Params;
  /** For errors and progress: what a person would call it. */
  readonly title: string;
  /** Names of params never shown. */
  readonly secret?: readonly string[];
  /** Worker types by which its task is found when the answer got lost. Absent = done at once. */
  readonly tasks?: readonly string[];
  /** Sending it twice does no harm, so an unclear end is followed by another try. GET always may. */
  readonly repeatable?: true;
  readonly upload?: { readonly file: string; readonly fileName: string };
  readonly timeoutMs?: number;
}

type Extra = Partial<Pick<ApiRequest, 'secret' | 'tasks' | 'repeatable' | 'upload' | 'timeoutMs'>>;

function call(method: ApiRequest['method']) {
  return (template: string, path: ApiRequest['path'], params: Params, title: string, extra: Extra = {}): ApiRequest => ({ method, template, path, params: compact(params), title, ...extra });
}
const get = call('GET');
const post = call('POST');
const put = call('PUT');
const del = call('DELETE');

function compact(params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

/** Templates are spelt out for both kinds, so that a search for a path of the schema finds its builder. */
const root = { qemu: '/nodes/{node}/qemu/{vmid}', lxc: '/nodes/{node}/lxc/{vmid}' } as const;
const at = (guest: Guest): { node: string; vmid: number } => ({ node: guest.node, vmid: guest.vmid });
/** Workers are called `qmstart`/`vzstart`, and `hastart` for a guest under HA. */
const worker = (guest: Guest, verb: string, ...more: string[]): readonly string[] => [`${guest.kind === 'qemu' ? 'qm' : 'vz'}${verb}`, ...more];
const slow = 120_000;

const cluster = {
  version: () => get('/version', {}, {}, 'version'),
  permissions: (path?: string) => get('/access/permissions', {}, { path }, 'permissions'),
  realms: () => get('/access/domains', {}, {}, 'realms'),
  login: (options: { username: string; password: string; realm?: string; tfaChallenge?: string }) =>
    post('/access/ticket', {}, { username: options.username, password: options.password, realm: options.realm, 'tfa-challenge': options.tfaChallenge }, 'log in', { secret: ['password', 'tfa-challenge'], repeatable: true }),
  createToken: (user: string, token: string, options: { privsep: boolean; comment?: string }) =>
    post('/access/users/{userid}/token/{tokenid}', { userid: user, tokenid: token }, { privsep: options.privsep, comment: options.comment }, 'create a token'),
  resources: (type?: 'vm' | 'node' | 'storage') => get('/cluster/resources', {}, { type }, 'list'),
  clusterStatus: () => get('/cluster/status', {}, {}, 'cluster status'),
  nodes: () => get('/nodes', {}, {}, 'nodes'),
  nextId: (vmid?: number) => get('/cluster/nextid', {}, { vmid }, 'free VMID'),
  nodeStatus: (node: string) => get('/nodes/{node}/status', { node }, {}, 'node status'),
  nodeUsage: (node: string, timeframe: Timeframe) => get('/nodes/{node}/rrddata', { node }, { timeframe, cf: 'AVERAGE' }, 'node usage'),
  pools: () => get('/pools', {}, {}, 'pools'),
  addToPool: (pool: string, vmids: readonly number[]) => put('/pools/{poolid}', { poolid: pool }, { vms: vmids.join(',') }, 'add to pool', { repeatable: true }),
  removeFromPool: (pool: string, vmids: readonly number[]) => put('/pools/{poolid}', { poolid: pool }, { vms: vmids.join(','), delete: true }, 'remove from pool'),
  createPool: (pool: string, comment?: string) => post('/pools', {}, { poolid: pool, comment }, 'make a pool'),
  deletePool: (pool: string) => del('/pools/{poolid}', { poolid: pool }, {}, 'delete a pool'),
  cpuModels: (node: string) => get('/nodes/{node}/capabilities/qemu/cpu', { node }, {}, 'CPU types'),
  machineTypes: (node: string) => get('/nodes/{node}/capabilities/qemu/machines', { node }, {}, 'machine types'),
  clusterTasks: () => get('/cluster/tasks', {}, {}, 'recent tasks'),
  nodeTasks: (node: string, options: { vmid?: number; limit?: number; source?: 'archive' | 'active' | 'all'; since?: number; errors?: boolean; typefilter?: string } = {}) => get('/nodes/{node}/tasks', { node }, options, 'tasks'),
  taskStatus: (node: string, upid: string) => get('/nodes/{node}/tasks/{upid}/status', { node, upid }, {}, 'task status'),
  taskLog: (node: string, upid: string, start: number, limit: number) => get('/nodes/{node}/tasks/{upid}/log', { node, upid }, { start, limit }, 'task log'),
  stopTask: (node: string, upid: string) => del('/nodes/{node}/tasks/{upid}', { node, upid }, {}, 'stop the task', { repeatable: true }),
};

export type Timeframe = 'hour' | 'day' | 'week' | 'month' | 'year';

const power = {
  status: (guest: Guest) => get(`${root[guest.kind]}/status/current`, at(guest), {}, 'status'),
  start: (guest: Guest) => post(`${root[guest.kind]}/status/start`, at(guest), {}, 'start', { tasks: worker(guest, 'start', 'hastart') }),
  stop: (guest: Guest, options: { overruleShutdown?: boolean } = {}) => post(`${root[guest.kind]}/status/stop`, at(guest), { 'overrule-shutdown': options.overruleShutdown }, 'stop', { tasks: worker(guest, 'stop', 'hastop') }),
  shutdown: (guest: Guest, options: { timeoutSeconds: number }) => post(`${root[guest.kind]}/status/shutdown`, at(guest), { timeout: options.timeoutSeconds }, 'shut down', { tasks: worker(guest, 'shutdown', 'hastop') }),
  reboot: (guest: Guest, options: { timeoutSeconds?: number } = {}) => post(`${root[guest.kind]}/status/reboot`, at(guest), { timeout: options.timeoutSeconds }, 'reboot', { tasks: worker(guest, 'reboot') }),
  /** QEMU only. */
  reset: (guest: Guest) => post('/nodes/{node}/qemu/{vmid}/status/reset', at(guest), {}, 'reset', { tasks: ['qmreset'] }),
  pause: (guest: Guest) => post(`${root[guest.kind]}/status/suspend`, at(guest), {}, 'pause', { tasks: guest.kind === 'qemu' ? ['qmpause'] : ['vzsuspend'] }),
  /** QEMU only: `todisk` frees the memory. */
  hibernate: (guest: Guest, options: { storage?: string } = {}) => post('/nodes/{node}/qemu/{vmid}/status/suspend', at(guest), { todisk: true, statestorage: options.storage }, 'suspend', { tasks: ['qmsuspend'] }),
  resume: (guest: Guest) => post(`${root[guest.kind]}/status/resume`, at(guest), {}, 'resume', { tasks: worker(guest, 'resume') }),
};

const config = {
  config: (guest: Guest, options: { current?: boolean; snapshot?: string } = {}) => get(`${root[guest.kind]}/config`, at(guest), options, 'configuration'),
  pending: (guest: Guest) => get(`${root[guest.kind]}/pending`, at(guest), {}, 'pending changes'),
  /** Done at once. For what makes no disk; with `digest` a second one cannot undo somebody else's edit. */
  setConfig: (guest: Guest, params: Params, options: { digest?: string; delete?: readonly string[] } = {}) =>
    put(`${root[guest.kind]}/config`, at(guest), { ...params, delete: options.delete?.length ? options.delete.join(',') : undefined, digest: options.digest }, 'change', { secret: ['cipassword', 'password'], repeatable: true, timeoutMs: slow }),
  /** QEMU only, as a task: for what takes time, like making disks. */
  setConfigAsTask: (guest: Guest, params: Params, options: { digest?: string; delete?: readonly string[] } = {}) =>
    post('/nodes/{node}/qemu/{vmid}/config', at(guest), { ...params, delete: options.delete?.length ? options.delete.join(',') : undefined, digest: options.digest }, 'change', { secret: ['cipassword'], tasks: ['qmconfig'] }),
  /** `size`: `32G`, or `+1G`. Shrinking fails. */
  resizeDisk: (guest: Guest, disk: string, size: string) => put(`${root[guest.kind]}/resize`, at(guest), { disk, size }, 'grow a disk', { tasks: ['resize', 'vzresize'], timeoutMs: slow }),
  moveDisk: (guest: Guest, disk: string, storage: string, options: { deleteSource: boolean; format?: string }) =>
    guest.kind === 'qemu'
      ? post('/nodes/{node}/qemu/{vmid}/move_disk', at(guest), { disk, storage, delete: options.deleteSource, format: options.format }, 'move a disk', { tasks: ['qmmove'] })
      : post('/nodes/{node}/lxc/{vmid}/move_volume', at(guest), { volume: disk, storage, delete: options.deleteSource }, 'move a volume', { tasks: ['move_volume'] }),
  /** QEMU only. `force` destroys the volume, else it becomes `unused[n]`. */
  unlinkDisk: (guest: Guest, disks: readonly string[], options: { destroy: boolean }) => put('/nodes/{node}/qemu/{vmid}/unlink', at(guest), { idlist: disks.join(','), force: options.destroy }, 'remove a disk', { timeoutMs: slow }),
  regenerateCloudInit: (guest: Guest) => put('/nodes/{node}/qemu/{vmid}/cloudinit', at(guest), {}, 'regenerate cloud-init', { repeatable: true }),
};

const lifecycle = {
  createVm: (node: string, vmid: number, params: Params) => post('/nodes/{node}/qemu', { node }, { ...params, vmid }, 'create', { secret: ['cipassword'], tasks: ['qmcreate', 'qmrestore'], timeoutMs: slow }),
  createContainer: (node: string, vmid: number, params: Params) => post('/nodes/{node}/lxc', { node }, { ...params, vmid }, 'create', { secret: ['password'], tasks: ['vzcreate', 'vzrestore'], timeoutMs: slow }),
  clone: (guest: Guest, newid: number, options: { name?: string; description?: string; full?: boolean; snapname?: string; storage?: string; target?: string; pool?: string; format?: string }) => {
    const { name, format, ...rest } = options;
    return guest.kind === 'qemu'
      ? post('/nodes/{node}/qemu/{vmid}/clone', at(guest), { newid, name, format, ...rest }, 'clone', { tasks: ['qmclone'], timeoutMs: slow })
      : post('/nodes/{node}/lxc/{vmid}/clone', at(guest), { newid, hostname: name, ...rest }, 'clone', { tasks: ['vzclone'], timeoutMs: slow });
  },
  makeTemplate: (guest: Guest) => post(`${root[guest.kind]}/template`, at(guest), {}, 'make a template', { tasks: worker(guest, 'template') }),
  /** `purge`: also out of backup jobs, replication and HA. `destroyUnreferenced` takes ANY volume with this VMID on all storages: only when a person asked. */
  destroy: (guest: Guest, options: { purge?: boolean; destroyUnreferenced?: boolean }) =>
    del(root[guest.kind], at(guest), { purge: options.purge, 'destroy-unreferenced-disks': options.destroyUnreferenced }, 'delete', { tasks: worker(guest, 'destroy'), timeoutMs: slow }),
};

const snapshots = {
  snapshots: (guest: Guest) => get(`${root[guest.kind]}/snapshot`, at(guest), {}, 'snapshots'),
  takeSnapshot: (guest: Guest, name: string, options: { description?: string; memory?: boolean }) =>
    post(`${root[guest.kind]}/snapshot`, at(guest), { snapname: name, description: options.description, vmstate: guest.kind === 'qemu' ? options.memory : undefined }, 'take a snapshot', { tasks: worker(guest, 'snapshot') }),
  rollback: (guest: Guest, name: string) => post(`${root[guest.kind]}/snapshot/{snapname}/rollback`, { ...at(guest), snapname: name }, {}, 'restore a snapshot', { tasks: worker(guest, 'rollback') }),
  deleteSnapshot: (guest: Guest, name: string) => del(`${root[guest.kind]}/snapshot/{snapname}`, { ...at(guest), snapname: name }, {}, 'delete a snapshot', { tasks: worker(guest, 'delsnapshot') }),
  describeSnapshot: (guest: Guest, name: string, description: string) => put(`${root[guest.kind]}/snapshot/{snapname}/config`, { ...at(guest), snapname: name }, { description }, 'describe a snapshot', { repeatable: true }),
  feature: (guest: Guest, feature: 'snapshot' | 'clone' | 'copy', snapname?: string) => get(`${root[guest.kind]}/feature`, at(guest), { feature, snapname }, 'what is possible'),
};

const migration = {
  migrationCheck: (guest: Guest, target?: string) => get(`${root[guest.kind]}/migrate`, at(guest), { target }, 'where it can move'),
  migrate: (guest: Guest, target: string, options: { online?: boolean; withLocalDisks?: boolean; storage?: string; restart?: boolean }) =>
    guest.kind === 'qemu'
      ? post('/nodes/{node}/qemu/{vmid}/migrate', at(guest), { target, online: options.online, 'with-local-disks': options.withLocalDisks, targetstorage: options.storage }, 'migrate', { tasks: ['qmigrate', 'hamigrate'] })
      : post('/nodes/{node}/lxc/{vmid}/migrate', at(guest), { target, restart: options.restart, 'target-storage': options.storage }, 'migrate', { tasks: ['vzmigrate', 'hamigrate'] }),
};

const availability = {
  haResources: () => get('/cluster/ha/resources', {}, {}, 'HA resources'),
  haResource: (sid: string) => get('/cluster/ha/resources/{sid}', { sid }, {}, 'HA resource'),
  haStatus: () => get('/cluster/ha/status/current', {}, {}, 'HA status'),
  haAdd: (sid: string, options: { state?: HaState; group?: string; comment?: string; failback?: boolean; maxRestart?: number; maxRelocate?: number } = {}) =>
    post('/cluster/ha/resources', {}, { sid, state: options.state, group: options.group, comment: options.comment, failback: options.failback, max_restart: options.maxRestart, max_relocate: options.maxRelocate }, 'add to HA'),
  haSet: (sid: string, options: { state?: HaState; group?: string; removeGroup?: boolean }) =>
    put('/cluster/ha/resources/{sid}', { sid }, { state: options.state, group: options.group, delete: options.removeGroup ? 'group' : undefined }, 'change HA', { repeatable: true }),
  haRemove: (sid: string, options: { purge?: boolean } = {}) => del('/cluster/ha/resources/{sid}', { sid }, { purge: options.purge }, 'remove from HA'),
  haGroups: () => get('/cluster/ha/groups', {}, {}, 'HA groups'),
  haAddGroup: (group: string, nodes: readonly string[], options: { restricted?: boolean; nofailback?: boolean; comment?: string } = {}) => post('/cluster/ha/groups', {}, { group, nodes: nodes.join(','), ...options }, 'add an HA group'),
  haSetGroup: (group: string, options: { nodes?: readonly string[]; restricted?: boolean; nofailback?: boolean; comment?: string }) =>
    put('/cluster/ha/groups/{group}', { group }, { ...options, nodes: options.nodes?.join(',') }, 'change an HA group', { repeatable: true }),
  haRemoveGroup: (group: string) => del('/cluster/ha/groups/{group}', { group }, {}, 'remove an HA group'),
  haRules: () => get('/cluster/ha/rules', {}, {}, 'HA rules'),
  haAddRule: (rule: string, options: { type: 'node-affinity' | 'resource-affinity'; resources: readonly string[]; nodes?: readonly string[]; strict?: boolean; affinity?: 'positive' | 'negative'; comment?: string }) =>
    post('/cluster/ha/rules', {}, { rule, type: options.type, resources: options.resources.join(','), nodes: options.nodes?.join(','), strict: options.strict, affinity: options.affinity, comment: options.comment }, 'add an HA rule'),
  /** `enable` takes the mark away that disables it. */
  haSetRule: (rule: string, options: { type: 'node-affinity' | 'resource-affinity'; resources?: readonly string[]; nodes?: readonly string[]; strict?: boolean; affinity?: 'positive' | 'negative'; comment?: string; disable?: boolean; enable?: boolean }) =>
    put('/cluster/ha/rules/{rule}', { rule }, { type: options.type, resources: options.resources?.join(','), nodes: options.nodes?.join(','), strict: options.strict, affinity: options.affinity, comment: options.comment, disable: options.disable, delete: options.enable ? 'disable' : undefined }, 'change an HA rule', { repeatable: true }),
  haRemoveRule: (rule: string) => del('/cluster/ha/rules/{rule}', { rule }, {}, 'remove an HA rule'),
};

export type HaState = 'started' | 'stopped' | 'disabled' | 'ignored';

const storage = {
  storages: () => get('/storage', {}, {}, 'storages'),
  nodeStorages: (node: string, options: { content?: string; enabled?: boolean; target?: string } = {}) => get('/nodes/{node}/storage', { node }, options, 'storages of a node'),
  storageContent: (node: string, name: string, options: { content?: string; vmid?: number } = {}) => get('/nodes/{node}/storage/{storage}/content', { node, storage: name }, options, 'content of a storage', { timeoutMs: 60_000 }),
  deleteVolume: (node: string, name: string, volume: string) => del('/nodes/{node}/storage/{storage}/content/{volume}', { node, storage: name, volume }, {}, 'delete a volume', { tasks: ['imgdel'], timeoutMs: slow }),
  setVolume: (node: string, name: string, volume: string, options: { notes?: string; protected?: boolean }) => put('/nodes/{node}/storage/{storage}/content/{volume}', { node, storage: name, volume }, options, 'change a volume', { repeatable: true }),
  upload: (node: string, name: string, options: { content: 'iso' | 'vztmpl' | 'import'; file: string; fileName: string; checksum?: { algorithm: string; value: string } }) =>
    post('/nodes/{node}/storage/{storage}/upload', { node, storage: name }, { content: options.content, checksum: options.checksum?.value, 'checksum-algorithm': options.checksum?.algorithm, filename: options.fileName }, 'upload', { tasks: ['imgcopy'], upload: { file: options.file, fileName: options.fileName }, timeoutMs: 6 * 3_600_000 }),
  downloadUrl: (node: string, name: string, options: { content: 'iso' | 'vztmpl' | 'import'; url: string; fileName: string; checksum?: { algorithm: string; value: string }; compression?: string }) =>
    post('/nodes/{node}/storage/{storage}/download-url', { node, storage: name }, { content: options.content, url: options.url, filename: options.fileName, checksum: options.checksum?.value, 'checksum-algorithm': options.checksum?.algorithm, compression: options.compression }, 'download', { tasks: ['download'] }),
  urlMetadata: (node: string, url: string) => get('/nodes/{node}/query-url-metadata', { node }, { url }, 'look at an address'),
  templates: (node: string) => get('/nodes/{node}/aplinfo', { node }, {}, 'container templates to download'),
  downloadTemplate: (node: string, name: string, template: string) => post('/nodes/{node}/aplinfo', { node }, { storage: name, template }, 'download a template', { tasks: ['download'] }),
};

const backups = {
  backup: (node: string, vmid: number, options: { storage?: string; mode?: 'snapshot' | 'suspend' | 'stop'; compress?: '0' | 'gzip' | 'lzo' | 'zstd'; notes?: string; protected?: boolean }) =>
    post('/nodes/{node}/vzdump', { node }, { vmid: String(vmid), storage: options.storage, mode: options.mode, compress: options.compress, 'notes-template': options.storage === undefined ? undefined : options.notes, protected: options.storage === undefined ? undefined : options.protected, remove: false }, 'back up', { tasks: ['vzdump'] }),
  backupJobs: () => get('/cluster/backup', {}, {}, 'backup jobs'),
};

const networks = {
  networks: (node: string, type?: string) => get('/nodes/{node}/network', { node }, { type }, 'networks'),
  createNetwork: (node: string, iface: string, options: { type: 'bridge' | 'bond' | 'vlan'; bridgePorts?: string; vlanAware?: boolean; cidr?: string; gateway?: string; vlanId?: number; vlanRawDevice?: string; comments?: string; autostart?: boolean }) =>
    post('/nodes/{node}/network', { node }, { iface, type: options.type, bridge_ports: options.bridgePorts, bridge_vlan_aware: options.vlanAware, cidr: options.cidr, gateway: options.gateway, 'vlan-id': options.vlanId, 'vlan-raw-device': options.vlanRawDevice, comments: options.comments, autostart: options.autostart }, 'add a network'),
  deleteNetwork: (node: string, iface: string) => del('/nodes/{node}/network/{iface}', { node, iface }, {}, 'remove a network'),
  applyNetworks: (node: string) => put('/nodes/{node}/network', { node }, {}, 'apply the network changes', { tasks: ['srvreload'] }),
  revertNetworks: (node: string) => del('/nodes/{node}/network', { node }, {}, 'drop the network changes', { repeatable: true }),
  vnets: () => get('/cluster/sdn/vnets', {}, {}, 'SDN vnets'),
  zones: () => get('/cluster/sdn/zones', {}, {}, 'SDN zones'),
  createVnet: (vnet: string, zone: string, options: { tag?: number; alias?: string; vlanaware?: boolean } = {}) => post('/cluster/sdn/vnets', {}, { vnet, zone, ...options }, 'add a vnet'),
  deleteVnet: (vnet: string) => del('/cluster/sdn/vnets/{vnet}', { vnet }, {}, 'remove a vnet'),
  applySdn: () => put('/cluster/sdn', {}, {}, 'apply the SDN changes', { tasks: ['reloadnetworkall'] }),
};

const consoles = {
  vncProxy: (guest: Guest) => post(`${root[guest.kind]}/vncproxy`, at(guest), { websocket: true, 'generate-password': guest.kind === 'qemu' ? true : undefined }, 'open the console', { repeatable: true }),
  termProxy: (guest: Guest, options: { serial?: string } = {}) => post(`${root[guest.kind]}/termproxy`, at(guest), { serial: guest.kind === 'qemu' ? options.serial : undefined }, 'open a terminal', { repeatable: true }),
  nodeTermProxy: (node: string) => post('/nodes/{node}/termproxy', { node }, {}, 'open a shell on the node', { repeatable: true }),
  vncWebSocket: (guest: Guest, options: { port: number; ticket: string }) => get(`${root[guest.kind]}/vncwebsocket`, at(guest), { port: options.port, vncticket: options.ticket }, 'console', { secret: ['vncticket'] }),
  nodeVncWebSocket: (node: string, options: { port: number; ticket: string }) => get('/nodes/{node}/vncwebsocket', { node }, { port: options.port, vncticket: options.ticket }, 'console', { secret: ['vncticket'] }),
};

const guests = {
  agentInterfaces: (guest: Guest) => get('/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces', at(guest), {}, 'addresses'),
  agentOs: (guest: Guest) => get('/nodes/{node}/qemu/{vmid}/agent/get-osinfo', at(guest), {}, 'operating system'),
  agentHostname: (guest: Guest) => get('/nodes/{node}/qemu/{vmid}/agent/get-host-name', at(guest), {}, 'host name'),
  agentInfo: (guest: Guest) => get('/nodes/{node}/qemu/{vmid}/agent/info', at(guest), {}, 'agent'),
  containerInterfaces: (guest: Guest) => get('/nodes/{node}/lxc/{vmid}/interfaces', at(guest), {}, 'addresses'),
  usage: (guest: Guest, timeframe: Timeframe) => get(`${root[guest.kind]}/rrddata`, at(guest), { timeframe, cf: 'AVERAGE' }, 'usage'),
};

/** The table. Nothing else makes an ApiRequest. */
export const requests = { ...cluster, ...power, ...config, ...lifecycle, ...snapshots, ...migration, ...availability, ...storage, ...backups, ...networks, ...consoles, ...guests } as const;
