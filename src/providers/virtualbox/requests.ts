// What VBoxManage is asked, as data: one function a request. Machines are always addressed by UUID, never by name (names are not unique).
// Spellings are the ones that 6.1 and 7.x share; where there is none, versions.ts has the table.
import type { PortForward, SharedFolder } from '../../machines/machine.ts';
import type { StartMode } from '../../machines/provider.ts';

/** One call of VBoxManage. */
export interface Call {
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** Said beside it in "Show commands". l10n key. */
  readonly comment?: string;
  /** Handed over by standard input, and never shown. */
  readonly secret?: string;
  /** How many runs of 0–100 % it prints; undefined = it prints none that matter. */
  readonly progressRuns?: number;
}

/** A question answers within seconds, or VirtualBox hangs (V6: 30 s when a machine of another account runs headless). */
export const queryTimeoutMs = 35_000;
const changeTimeoutMs = 120_000;
/** Exports, imports, clones and merges of big disks take hours on slow disks; their progress shows, and cancel works. */
const longTimeoutMs = 24 * 60 * 60_000;

const query = (...args: readonly string[]): Call => ({ args, timeoutMs: queryTimeoutMs });
const change = (...args: readonly string[]): Call => ({ args, timeoutMs: changeTimeoutMs });
const long = (progressRuns: number, ...args: readonly string[]): Call => ({ args, timeoutMs: longTimeoutMs, progressRuns });

// ── questions ──
export const version = (): Call => query('--version');
export const listVms = (): Call => query('list', 'vms');
export const listRunningVms = (): Call => query('list', 'runningvms');
export const listVmsLong = (): Call => query('list', '--long', 'vms');
export const listOf = (what: 'hdds' | 'dvds' | 'ostypes' | 'bridgedifs' | 'hostonlyifs' | 'hostonlynets' | 'natnets' | 'intnets' | 'systemproperties' | 'hostinfo' | 'extpacks' | 'dhcpservers' | 'groups'): Call => query('list', what);
export const unattendedDetect = (iso: string): Call => query('unattended', 'detect', `--iso=${iso}`, '--machine-readable');
export const unattendedInstall = (args: readonly string[], password: string | undefined): Call => ({ ...change('unattended', 'install', ...args), ...(password === undefined ? {} : { secret: password }) });
export const showVm = (uuid: string): Call => query('showvminfo', uuid, '--machinereadable');
export const showVmForPeople = (uuid: string): Call => query('showvminfo', uuid);
/** The tree of disks with their users. */
export const listMedia = (): Call => query('list', '--long', 'hdds');
export const listLong = (what: 'hdds' | 'dvds'): Call => query('list', '--long', what);
export const showMedium = (medium: string): Call => query('showmediuminfo', 'disk', medium);
export const guestProperties = (uuid: string): Call => query('guestproperty', 'enumerate', uuid);

// ── power ──
const startTypes: { readonly [M in StartMode]: string } = { headless: 'headless', gui: 'gui', detachable: 'separate' };
export const start = (uuid: string, mode: StartMode): Call => change('startvm', uuid, '--type', startTypes[mode]);
export const acpiPowerButton = (uuid: string): Call => change('controlvm', uuid, 'acpipowerbutton');
export const powerOff = (uuid: string): Call => change('controlvm', uuid, 'poweroff');
export const reset = (uuid: string): Call => change('controlvm', uuid, 'reset');
export const pause = (uuid: string): Call => change('controlvm', uuid, 'pause');
export const resume = (uuid: string): Call => change('controlvm', uuid, 'resume');
export const saveState = (uuid: string): Call => long(1, 'controlvm', uuid, 'savestate');
export const discardState = (uuid: string): Call => change('discardstate', uuid);

// ── settings ──
export const modify = (uuid: string, ...options: readonly string[]): Call => change('modifyvm', uuid, ...options);
export const control = (uuid: string, ...command: readonly string[]): Call => change('controlvm', uuid, ...command);
/** Answers `Value: …`, or `No value set!`. */
export const extraData = (uuid: string, key: string): Call => query('getextradata', uuid, key);
/** An empty value takes it away. */
export const setExtraData = (uuid: string, key: string, value: string): Call => change('setextradata', uuid, key, value);

/** `name,tcp,127.0.0.1,2222,,22`. The encoder of this little language: a name with a comma cannot be written in it. */
export function natRule(forward: Omit<PortForward, 'adapter'>): string {
  return [forward.name, forward.protocol, forward.hostIp ?? '', String(forward.hostPort), forward.guestIp ?? '', String(forward.guestPort)].join(',');
}

export const addForward = (uuid: string, forward: PortForward, live: boolean): Call =>
  live ? control(uuid, `natpf${String(forward.adapter)}`, natRule(forward)) : modify(uuid, `--natpf${String(forward.adapter)}`, natRule(forward));
export const removeForward = (uuid: string, forward: Pick<PortForward, 'adapter' | 'name'>, live: boolean): Call =>
  live ? control(uuid, `natpf${String(forward.adapter)}`, 'delete', forward.name) : modify(uuid, `--natpf${String(forward.adapter)}`, 'delete', forward.name);

export const addSharedFolder = (uuid: string, folder: SharedFolder): Call =>
  change('sharedfolder', 'add', uuid, '--name', folder.name, '--hostpath', folder.hostPath, ...(folder.readOnly ? ['--readonly'] : []), ...(folder.transient ? ['--transient'] : []), ...(folder.autoMount ? ['--automount'] : []), ...(folder.autoMount && folder.mountPoint ? ['--auto-mount-point', folder.mountPoint] : []));
export const removeSharedFolder = (uuid: string, folder: Pick<SharedFolder, 'name' | 'transient'>): Call =>
  change('sharedfolder', 'remove', uuid, '--name', folder.name, ...(folder.transient ? ['--transient'] : []));

// ── media ──
export const createDisk = (file: string, sizeMiB: number, format: string): Call => long(1, 'createmedium', 'disk', '--filename', file, '--size', String(sizeMiB), '--format', format);
export const cloneDisk = (from: string, to: string, format: string): Call => long(1, 'clonemedium', 'disk', from, to, '--format', format);
/** In bytes: what is given in MiB and makes the disk a thousand times as large, VBoxManage takes for a mistake. */
export const growDisk = (medium: string, sizeMiB: number): Call => long(1, 'modifymedium', 'disk', medium, '--resizebyte', String(sizeMiB * 2 ** 20));
export const moveDisk = (medium: string, folder: string): Call => long(1, 'modifymedium', 'disk', medium, '--move', folder);
export const deleteDisk = (medium: string): Call => long(1, 'closemedium', 'disk', medium, '--delete');
/** Takes it off VirtualBox's list; the file stays. */
export const forgetMedium = (type: 'disk' | 'dvd', medium: string): Call => change('closemedium', type, medium);
export const closeDisk = (medium: string): Call => change('closemedium', 'disk', medium);
export const addController = (uuid: string, name: string, bus: string, chip: string | undefined, ports: number | undefined): Call =>
  change('storagectl', uuid, '--name', name, '--add', bus, ...(chip === undefined ? [] : ['--controller', chip]), ...(ports === undefined ? [] : ['--portcount', String(ports)]), '--bootable', 'on');
export const setPortCount = (uuid: string, name: string, ports: number): Call => change('storagectl', uuid, '--name', name, '--portcount', String(ports));

export interface Attachment {
  readonly controller: string;
  readonly port: number;
  readonly device: number;
}
export const attach = (uuid: string, at: Attachment, type: 'hdd' | 'dvddrive' | 'fdd', medium: string): Call =>
  change('storageattach', uuid, '--storagectl', at.controller, '--port', String(at.port), '--device', String(at.device), '--type', type, '--medium', medium);
export const detach = (uuid: string, at: Attachment): Call =>
  change('storageattach', uuid, '--storagectl', at.controller, '--port', String(at.port), '--device', String(at.device), '--medium', 'none');

// ── machines ──
export const createVm = (uuid: string, name: string, osType: string, groups: readonly string[], architecture?: 'x86' | 'arm'): Call =>
  change('createvm', '--name', name, '--uuid', uuid, '--ostype', osType, ...(architecture === undefined ? [] : ['--platform-architecture', architecture]), ...(groups.length > 0 ? ['--groups', groups.join(',')] : []), '--register');
/** 6.1 and 7.x delete the machine's own disks with `--delete`, but only those no other machine or clone needs. */
export const unregister = (uuid: string, withFiles: boolean | 'all'): Call => long(1, 'unregistervm', uuid, ...(withFiles === 'all' ? ['--delete-all'] : withFiles ? ['--delete'] : []));
export const cloneVm = (uuid: string, options: { readonly name: string; readonly uuid: string; readonly linked: boolean; readonly snapshot?: string; readonly groups?: readonly string[] }): Call =>
  long(1, 'clonevm', uuid, '--name', options.name, '--uuid', options.uuid, '--mode', 'machine', ...(options.linked ? ['--options', 'link'] : []), ...(options.snapshot === undefined ? [] : ['--snapshot', options.snapshot]), ...(options.groups && options.groups.length > 0 ? ['--groups', options.groups.join(',')] : []), '--register');

// ── snapshots ──
export const takeSnapshot = (uuid: string, name: string, options: { readonly description?: string; readonly live: boolean }): Call =>
  long(1, 'snapshot', uuid, 'take', name, ...(options.description === undefined ? [] : ['--description', options.description]), ...(options.live ? ['--live'] : []));
export const restoreSnapshot = (uuid: string, snapshot: string): Call => long(1, 'snapshot', uuid, 'restore', snapshot);
export const deleteSnapshot = (uuid: string, snapshot: string): Call => long(1, 'snapshot', uuid, 'delete', snapshot);
export const editSnapshot = (uuid: string, snapshot: string, edit: { readonly name?: string; readonly description?: string }): Call =>
  change('snapshot', uuid, 'edit', snapshot, ...(edit.name === undefined ? [] : ['--name', edit.name]), ...(edit.description === undefined ? [] : ['--description', edit.description]));

// ── appliances ──
export const exportVms = (uuids: readonly string[], file: string): Call => long(1, 'export', ...uuids, '--output', file);
export const previewImport = (file: string): Call => ({ ...query('import', file, '--dry-run'), timeoutMs: changeTimeoutMs });
/** `names[i]` = name of the i-th machine of the appliance. `toVdi`: disks become VDI, which can grow. */
export const importAppliance = (file: string, names: readonly string[], options: { readonly toVdi: boolean; readonly group?: string }): Call =>
  long(2, 'import', file, ...(options.toVdi ? ['--options', 'importtovdi'] : []), ...names.flatMap((name, index) => ['--vsys', String(index), '--vmname', name, ...(options.group === undefined ? [] : ['--group', options.group]), '--eula', 'accept']));
export const convertRawDisk = (from: string, to: string, format: string): Call => long(1, 'convertfromraw', from, to, '--format', format);
export const closeSource = (medium: string): Call => ({ ...change('closemedium', 'disk', medium), comment: 'forget the source image again' });
/** The person's own words (`customize`). */
export const custom = (words: readonly string[]): Call => change(...words);

// ── the guest ──
// Set 1 scan codes: press Ctrl, Alt, Delete; release them in reverse.
export const ctrlAltDelete = (uuid: string): Call => change('controlvm', uuid, 'keyboardputscancode', '1d', '38', 'e0', '53', 'e0', 'd3', 'b8', '9d');
export const screenshot = (uuid: string, file: string): Call => query('controlvm', uuid, 'screenshotpng', file);
export const setUpMetrics = (uuid: string, seconds: number, samples: number): Call => change('metrics', 'setup', '--period', String(seconds), '--samples', String(samples), uuid);
export const queryMetrics = (uuid: string, names: readonly string[]): Call => query('metrics', 'query', uuid, names.join(','));
/** Bytes that disks and adapters moved, as XML. */
export const statistics = (uuid: string): Call => query('debugvm', uuid, 'statistics', '--pattern', '/Public/*');

// ── networks ──
export const createHostOnlyInterface = (): Call => change('hostonlyif', 'create');
export const configureHostOnlyInterface = (name: string, ip: string, netmask: string): Call => change('hostonlyif', 'ipconfig', name, '--ip', ip, '--netmask', netmask);
export const removeHostOnlyInterface = (name: string): Call => change('hostonlyif', 'remove', name);
export const addHostOnlyNetwork = (name: string, netmask: string, lower: string, upper: string): Call => change('hostonlynet', 'add', '--name', name, '--netmask', netmask, '--lower-ip', lower, '--upper-ip', upper, '--enable');
export const removeHostOnlyNetwork = (name: string): Call => change('hostonlynet', 'remove', '--name', name);
export const addNatNetwork = (name: string, network: string, dhcp: boolean): Call => change('natnetwork', 'add', '--netname', name, '--network', network, '--enable', '--dhcp', dhcp ? 'on' : 'off');
export const removeNatNetwork = (name: string): Call => change('natnetwork', 'remove', '--netname', name);
