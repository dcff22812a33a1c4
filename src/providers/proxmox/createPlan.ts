// A spec as the parameters of POST /qemu or /lxc. Pure: everything that had to be looked up stands in `place`.
import { GaiaError } from '../../machines/errors.ts';
import type { CloudInitSpec, MachineSpec, NetworkSpec } from '../../machines/spec.ts';
import { wishedAddress } from './addresses.ts';
import { adapterWish, cardNumbers, cardOptions } from './cards.ts';
import { addressParams, asksForCloudInit, hasDrive } from './cloudInit.ts';
import { diskFormat, diskWishes } from './disks.ts';
import { formatGiB, formatPropertyString, formatTags } from './encode.ts';
import type { ParamValue } from './encode.ts';
import type { CreateOptions } from './options.ts';
import { parseAdapters } from './parse.ts';
import type { PveVersion } from './version.ts';

/** Where it goes, and what was found there. */
export interface Place {
  readonly version: PveVersion;
  readonly node: string;
  readonly storage: string;
  readonly storageType: (storage: string) => string | undefined;
  /** The bridge for adapters that name none; undefined = the node has none. */
  readonly bridge?: string;
  /** Volume ids of the source, once they are on the cluster. */
  readonly iso?: string;
  readonly importFrom?: string;
  readonly ostemplate?: string;
  readonly environment: (name: string) => string | undefined;
}

export interface CreatePlan {
  readonly params: Readonly<Record<string, ParamValue>>;
  /** What the file asks for and Proxmox VE does not have, in words for the log. */
  readonly notes: readonly string[];
  /** Grow this disk to this size once it is there: an imported one starts at its own size. */
  readonly grow?: { readonly slot: string; readonly sizeBytes: number };
}

export function planVm(spec: MachineSpec, options: CreateOptions, place: Place): CreatePlan {
  const params: Record<string, ParamValue> = {};
  const notes: string[] = unsupported(spec);
  const windows = /^w/.test(options.ostype ?? '');
  const win11 = options.ostype === 'win11';
  const bios = options.bios ?? (win11 ? 'ovmf' : undefined);
  const bus = options.diskBus ?? (windows ? 'sata' : 'scsi');

  params['name'] = spec.name;
  Object.assign(params, common(spec, options));
  params['ostype'] = options.ostype ?? 'l26';
  params['sockets'] = options.sockets ?? 1;
  params['scsihw'] = options.scsihw ?? 'virtio-scsi-single';
  if (options.kvm !== undefined) params['kvm'] = options.kvm;
  const cpu = cpuType(options) ?? (place.version.major >= 8 && options.kvm !== false ? 'x86-64-v2-AES' : undefined);
  if (cpu !== undefined) params['cpu'] = cpu;
  if (bios !== undefined) params['bios'] = bios;
  const machine = options.machine ?? (win11 ? 'q35' : undefined);
  // "pc" is the server's default; it is no value of old servers' pattern for every form.
  if (machine !== undefined && machine !== 'pc') params['machine'] = machine;

  const disks = diskWishes(spec, options);
  const used: string[] = [];
  let grow: CreatePlan['grow'];
  disks.forEach((disk, index) => {
    const slot = `${bus}${index}`;
    const storage = disk.storage ?? place.storage;
    const first = index === 0 && place.importFrom !== undefined;
    if (first && disk.asked) grow = { slot, sizeBytes: disk.sizeBytes };
    params[slot] = formatPropertyString({
      first: `${storage}:${first ? '0' : formatGiB(disk.sizeBytes)}`,
      options: {
        'import-from': first ? place.importFrom : undefined,
        format: disk.format ?? diskFormat(place.storageType(storage)),
        iothread: bus === 'scsi' && params['scsihw'] === 'virtio-scsi-single' ? true : undefined,
        ssd: options.ssd && bus !== 'virtio' ? true : undefined,
        discard: options.discard ? 'on' : undefined,
      },
    });
    used.push(slot);
  });
  if (bios === 'ovmf' && options.rest['efidisk0'] === undefined) params['efidisk0'] = formatPropertyString({ first: `${options.efiStorage ?? place.storage}:1`, options: { efitype: '4m', 'pre-enrolled-keys': windows ? true : undefined, format: diskFormat(place.storageType(options.efiStorage ?? place.storage)) } });
  if (options.tpm ?? win11) params['tpmstate0'] = formatPropertyString({ first: `${options.efiStorage ?? place.storage}:1`, options: { version: 'v2.0' } });
  if (place.iso !== undefined) {
    params['ide2'] = formatPropertyString({ first: place.iso, options: { media: 'cdrom' } });
    used.push('ide2');
  }

  const adapters = vmAdapters(spec.networks, options, place, windows, notes);
  adapters.forEach((adapter, index) => { params[`net${index}`] = adapter; });
  const cloud = cloudInitParams(spec, options, place, place.iso === undefined ? 'ide2' : 'ide0', notes);
  Object.assign(params, cloud);
  // Cloud images write to the serial console, and some do not boot without one.
  if ((Object.keys(cloud).length > 0 || place.importFrom !== undefined) && options.rest['serial0'] === undefined) params['serial0'] = 'socket';
  params['boot'] = `order=${[...used, ...(adapters.length > 0 ? ['net0'] : [])].join(';')}`;
  Object.assign(params, options.rest);
  return { params, notes, ...(grow ? { grow } : {}) };
}

/** The processor that the file asks for: a guest that runs machines itself needs the node's own. */
export function cpuType(options: Pick<CreateOptions, 'cpu' | 'nested'>): string | undefined {
  return options.cpu ?? (options.nested ? 'host' : undefined);
}

export function planContainer(spec: MachineSpec, options: CreateOptions, place: Place): CreatePlan {
  const params: Record<string, ParamValue> = {};
  const notes: string[] = unsupported(spec);
  if (place.ostemplate === undefined) throw new GaiaError('invalidInput', { message: 'A container needs a template.', hint: 'Set provider_config.ostemplate, for example "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst".' });
  const [rootfs, ...more] = diskWishes(spec, options);
  params['ostemplate'] = place.ostemplate;
  params['hostname'] = spec.name;
  Object.assign(params, common(spec, options));
  if (options.ostype !== undefined && !/^(?:l2[46]|w|solaris|other)/.test(options.ostype)) params['ostype'] = options.ostype;
  params['rootfs'] = `${rootfs?.storage ?? place.storage}:${formatGiB(rootfs?.asked ? rootfs.sizeBytes : 8 * 2 ** 30)}`;
  more.forEach((disk, index) => { params[`mp${index}`] = formatPropertyString({ first: `${disk.storage ?? place.storage}:${formatGiB(disk.sizeBytes)}`, options: { mp: `/mnt/disk${index + 1}` } }); });
  if (spec.disks.some(disk => disk.format !== undefined) || options.diskFormat !== undefined) notes.push('The volumes of a container have no format to choose: that of the file is left out.');
  params['unprivileged'] = true;
  // systemd of present distributions wants it; UI default too.
  params['features'] = 'nesting=1';
  const list: readonly (NetworkSpec | undefined)[] = spec.networks.length > 0 ? spec.networks : [undefined];
  list.forEach((network, index) => {
    const { bridge = place.bridge ?? options.bridge, mac, ...wish } = adapterWish(network, index, options);
    if (bridge === undefined) {
      notes.push(`Network adapter ${index} is left out: the node has no bridge.`);
      return;
    }
    params[`net${index}`] = formatPropertyString({ options: { name: `eth${index}`, bridge, ...(wishedAddress(spec, index) ?? { ip: 'dhcp' }), hwaddr: mac?.toUpperCase(), ...cardOptions(wish), type: 'veth' } });
  });
  const cloud = spec.cloudInit;
  if (cloud?.sshKeys?.length) params['ssh-public-keys'] = cloud.sshKeys.join('\n');
  const password = passwordOf(cloud, place);
  if (password !== undefined) params['password'] = password;
  if (cloud?.nameserver !== undefined) params['nameserver'] = cloud.nameserver;
  if (cloud?.searchDomain !== undefined) params['searchdomain'] = cloud.searchDomain;
  if (cloud?.user !== undefined || cloud?.userData !== undefined || cloud?.packages !== undefined) notes.push('A container has no cloud-init: its user, packages and user data are left out.');
  Object.assign(params, options.rest);
  return { params, notes };
}

function common(spec: MachineSpec, options: CreateOptions): Record<string, ParamValue> {
  const tags = spec.tags ?? options.tags ?? [];
  const description = spec.description ?? options.description;
  return {
    memory: spec.memoryMiB ?? options.memoryMiB ?? (options.kind === 'qemu' ? 2048 : 512),
    cores: options.cores ?? (spec.cpus === undefined ? 1 : Math.max(1, Math.ceil(spec.cpus / (options.sockets ?? 1)))),
    ...(description === undefined ? {} : { description }),
    ...(tags.length > 0 ? { tags: formatTags(tags) } : {}),
    ...(options.pool === undefined ? {} : { pool: options.pool }),
  };
}

function vmAdapters(networks: readonly NetworkSpec[], options: CreateOptions, place: Place, windows: boolean, notes: string[]): string[] {
  const list: readonly (NetworkSpec | undefined)[] = networks.length > 0 ? networks : [undefined];
  return list.flatMap((network, index) => {
    const { bridge = place.bridge ?? options.bridge, model = windows ? 'e1000' : 'virtio', mac, ...wish } = adapterWish(network, index, options);
    if (bridge === undefined) {
      notes.push(`Network adapter ${index} is left out: the node has no bridge.`);
      return [];
    }
    const rest = { bridge, ...cardOptions(wish) };
    return [mac === undefined ? formatPropertyString({ first: model, options: rest }) : formatPropertyString({ options: { [model]: mac.toUpperCase(), ...rest } })];
  });
}

/** The cloud-init drive and its values. When the file asks for none: the addresses that it names, for a drive that is `present`. */
export function cloudInitParams(spec: MachineSpec, options: CreateOptions, place: Pick<Place, 'storage' | 'environment'>, slot: string | undefined, notes: string[], present: Readonly<Record<string, string>> = {}): Record<string, ParamValue> {
  const cloud = spec.cloudInit;
  if (!asksForCloudInit(spec, options)) {
    if (hasDrive(present)) return addressParams(spec, options, present);
    if (spec.networks.some(network => network.ip !== undefined)) notes.push('A static address is set inside the machine; Proxmox VE can do it only with cloud-init.');
    return {};
  }
  if ((cloud?.userData !== undefined || cloud?.packages?.length || cloud?.networkConfig !== undefined) && options.rest['cicustom'] === undefined) {
    throw new GaiaError('notSupported', { message: 'Proxmox VE takes no user data, packages or network configuration through its API.', hint: 'Put the file into a storage as a snippet, and name it in provider_config.cicustom: "user=local:snippets/user.yaml".' });
  }
  if (cloud?.hostname !== undefined && cloud.hostname !== spec.name) notes.push(`cloud-init calls the guest by the name of the machine (${spec.name}), not ${cloud.hostname}.`);
  const password = passwordOf(cloud, place);
  const addresses: Record<string, ParamValue> = {};
  for (const [position, number] of cardNumbers(spec, options, parseAdapters(present)).entries()) {
    const given = position === 0 ? cloud?.ipConfig : undefined;
    addresses[`ipconfig${number}`] = given ?? formatPropertyString({ options: { ...(wishedAddress(spec, position) ?? { ip: 'dhcp' }) } });
  }
  return {
    ...(slot === undefined ? {} : { [slot]: `${options.cloudInitStorage ?? place.storage}:cloudinit` }),
    ...(cloud?.user === undefined ? {} : { ciuser: cloud.user }),
    ...(password === undefined ? {} : { cipassword: password }),
    // Encoded inside the encoded form: the API's own format.
    ...(cloud?.sshKeys?.length ? { sshkeys: encodeURIComponent(cloud.sshKeys.join('\n')) } : {}),
    ...addresses,
    ...(cloud?.nameserver === undefined ? {} : { nameserver: cloud.nameserver }),
    ...(cloud?.searchDomain === undefined ? {} : { searchdomain: cloud.searchDomain }),
  };
}

export function passwordOf(cloud: CloudInitSpec | undefined, place: Pick<Place, 'environment'>): string | undefined {
  if (cloud?.passwordEnv === undefined) return undefined;
  const password = place.environment(cloud.passwordEnv);
  if (password === undefined || password === '') throw new GaiaError('invalidInput', { message: 'The environment variable {0}, which holds the password, is not set.', values: [cloud.passwordEnv] });
  return password;
}

function unsupported(spec: MachineSpec): string[] {
  return [
    ...(spec.portForwards.length > 0 ? ['Forwarded ports are left out: a machine of Proxmox VE has its own address on the bridge.'] : []),
    ...(spec.sharedFolders.some(folder => !folder.disabled) ? ['Synced folders are left out: Proxmox VE cannot share a folder of this computer.'] : []),
    ...(spec.hostname !== undefined && spec.hostname !== spec.name && !spec.cloudInit ? [`The host name ${spec.hostname} is set inside the machine; Proxmox VE calls it ${spec.name}.`] : []),
  ];
}
