// Networks, synced folders, disks and cloud-init of a Vagrantfile as those of a .gaia.json.
import type { Json, MachineBuilder } from './machineBuilder.ts';
import { NotKnown, toJson, type RubyHash } from './rubyValues.ts';

export function takeNetwork(to: MachineBuilder, type: string, options: RubyHash, line: number): void {
  const made: Json = { type };
  const given = toJson(options) as Json;
  if (type === 'forwarded_port') {
    const { guest, host, protocol, id, auto_correct, ...rest } = given;
    made.guest_port = whole(guest);
    made.host_port = whole(host);
    if (protocol !== undefined && protocol !== 'tcp') made.protocol = protocol;
    if (id !== undefined && !(id === 'ssh' && made.guest_port === 22)) made.id = id;
    if (auto_correct === true || auto_correct === 'true') made.auto_correct = true;
    Object.assign(made, rest);
    const key = (one: Json): string => String(one.id ?? (one.guest_port === 22 && (one.protocol ?? 'tcp') === 'tcp' ? (id === undefined && one === made ? 'tcp22' : 'ssh') : `${String(one.host_ip ?? '')}${String(one.protocol ?? 'tcp')}${String(one.host_port)}`));
    const before = to.networks.findIndex(one => one.type === 'forwarded_port' && key(one) === key(made));
    if (before >= 0) {
      to.networks[before] = { ...to.networks[before], ...made };
      return;
    }
  } else if (type === 'private_network' || type === 'public_network') {
    const { type: kind, virtualbox__intnet, intnet, auto_config, ...rest } = given;
    if (kind === 'dhcp' && rest.ip === undefined) made.dhcp = true;
    Object.assign(made, rest);
    if (auto_config === false) made.auto_config = false;
    const internal = virtualbox__intnet ?? intnet;
    if (internal !== undefined && internal !== false) made.internal = internal;
  } else throw new NotKnown(`the network type ${type}`);
  to.lines.set(`config/networks/${String(to.networks.length)}`, line);
  to.networks.push(made);
}

export function takeFolder(to: MachineBuilder, host: string, guest: string, options: RubyHash, line: number): void {
  const { nfs, type, ...rest } = toJson(options) as Json;
  const made: Json = { host_path: host, guest_path: guest };
  if (type !== undefined && type !== null) made.type = type;
  else if (nfs === true) made.type = 'nfs';
  for (const [key, value] of Object.entries(rest)) if (value !== null && !((key === 'disabled' || key === 'create') && value === false)) made[key] = (key === 'disabled' || key === 'create') && value === 'true' ? true : value;
  const before = to.folders.findIndex(one => String(one.guest_path).replace(/\/$/, '') === guest.replace(/\/$/, ''));
  if (before >= 0) {
    const { disabled: _, ...old } = to.folders[before] ?? {};
    to.folders[before] = { ...old, ...made };
    return;
  }
  to.lines.set(`config/synced_folders/${String(to.folders.length)}`, line);
  to.folders.push(made);
}

export function takeDisk(to: MachineBuilder, type: string, options: RubyHash, line: number): void {
  const { size, primary, name, disk_ext, ...rest } = toJson(options) as Json;
  if (type !== 'disk' || (typeof size !== 'string' && typeof size !== 'number') || (primary === true && (name !== undefined || Object.keys(rest).length))) throw new NotKnown('such a disk');
  if (primary === true) {
    const gigabytes = /^(\d+)\s?GB$/.exec(String(size));
    if (to.provider === 'hyperv' && gigabytes) to.set('disk_size_gb', Number(gigabytes[1]), line);
    else to.set('disk_size', typeof size === 'number' ? `${String(size)}B` : size, line);
    return;
  }
  to.lines.set(`config/disks/${String(to.disks.length)}`, line);
  to.disks.push({ size, ...(name === undefined ? {} : { name }), ...(disk_ext === undefined ? {} : { format: disk_ext }), ...rest });
}

export function takeCloudInit(to: MachineBuilder, options: RubyHash, line: number): void {
  const { content_type, inline, path, ...rest } = toJson(options) as Json;
  const text = inline ?? path;
  const file = path !== undefined;
  if (typeof text !== 'string' || Object.keys(rest).length || (file && inline !== undefined) || to.config.cloud_init !== undefined) throw new NotKnown('such a cloud_init');
  const script = file ? /\.sh$/i.test(text) : text.startsWith('#!');
  // A line that is no cloud-config and no script names a file.
  if (content_type !== (script ? 'text/x-shellscript' : 'text/cloud-config') || file !== (text !== '' && !/[\r\n]/.test(text) && !/^#(?:cloud-config|!)/.test(text))) throw new NotKnown('such a cloud_init');
  to.set('cloud_init', { user_data: text }, line);
}

/** `"2048"` is 2048. */
export function whole(value: unknown): unknown {
  return typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
}
