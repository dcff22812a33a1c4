// What lies in a box's folder, and what its own Vagrantfile says that a create needs: the MAC address its system expects, the SSH user and key.
import * as path from 'node:path';
import { GaiaError } from '../machines/errors.ts';
import { fileInfo, listFolder, readText } from '../system/files.ts';

export interface BoxMetadata {
  readonly provider: string;
  readonly format?: string;
  /** Gigabytes, of boxes that carry a disk image. */
  readonly virtualSizeGB?: number;
  readonly architecture?: string;
}

export interface BoxFacts {
  /** 12 hex digits, upper case. */
  readonly baseMac?: string;
  readonly sshUsername?: string;
  readonly sshPassword?: string;
  readonly sshPort?: number;
  /** `config.ssh.insert_key` of the box; Vagrant's default is true. */
  readonly insertKey?: boolean;
  /** A private key that the box brings along. */
  readonly privateKey?: string;
  /** `config.vm.guest`, where the box says it. */
  readonly guest?: string;
}

export interface BoxFolder {
  readonly folder: string;
  readonly metadata: BoxMetadata;
  readonly facts: BoxFacts;
  /** VirtualBox and others: the appliance. */
  readonly ovf?: string;
  /** Hyper-V: exported machines (.vmcx, .xml), and their disks. */
  readonly virtualMachines: readonly string[];
  readonly virtualHardDisks: readonly string[];
  /** Every disk image in the folder itself. */
  readonly disks: readonly string[];
}

/** Reads an unpacked box. A folder without metadata.json but with box.ovf is one of the first format: for VirtualBox. Throws GaiaError `invalidInput` for what is no box. */
export async function readBoxFolder(folder: string): Promise<BoxFolder> {
  const names = ((await listFolder(folder)) ?? []).filter(entry => entry.kind === 'file').map(entry => entry.name).sort();
  const metadata = parseMetadata(await readText(path.join(folder, 'metadata.json')), names.includes('box.ovf'), folder);
  const vagrantfiles = await Promise.all(['include/_Vagrantfile', 'Vagrantfile'].map(name => readText(path.join(folder, name))));
  const facts = parseBoxVagrantfile(vagrantfiles.filter(text => text !== undefined).join('\n'));
  const key = path.join(folder, 'vagrant_private_key');
  const inFolder = async (sub: string, pattern: RegExp): Promise<string[]> => ((await listFolder(path.join(folder, sub))) ?? []).filter(entry => entry.kind === 'file' && pattern.test(entry.name)).map(entry => path.join(folder, sub, entry.name)).sort();
  const ovf = names.includes('box.ovf') ? path.join(folder, 'box.ovf') : undefined;
  if (ovf !== undefined) checkReferences(await readText(ovf) ?? '', folder);
  return {
    folder,
    metadata,
    facts: { ...facts, ...((await fileInfo(key))?.kind === 'file' ? { privateKey: key } : {}) },
    ...(ovf === undefined ? {} : { ovf }),
    virtualMachines: await inFolder('Virtual Machines', /\.(vmcx|xml)$/i),
    virtualHardDisks: await inFolder('Virtual Hard Disks', /\.a?vhdx?$/i),
    disks: names.filter(name => /\.(vmdk|vdi|vhdx?|qcow2|img|raw)$/i.test(name)).map(name => path.join(folder, name)),
  };
}

/** `metadata.json` of a box, or what Vagrant assumes of a box of the first format. */
export function parseMetadata(text: string | undefined, hasOvf: boolean, folder: string): BoxMetadata {
  if (text === undefined) {
    if (hasOvf) return { provider: 'virtualbox' };
    throw new GaiaError('invalidInput', { message: '{0} is not a Vagrant box: it has no metadata.json.', values: [folder] });
  }
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw new GaiaError('invalidInput', { message: 'The metadata.json of the box in {0} is not JSON.', values: [folder], cause });
  }
  const provider = value['provider'];
  if (typeof provider !== 'string' || provider === '') throw new GaiaError('invalidInput', { message: 'The metadata.json of the box in {0} does not say for which provider it is.', values: [folder] });
  const size = Number(value['virtual_size']);
  return {
    provider,
    ...(typeof value['format'] === 'string' ? { format: value['format'] } : {}),
    ...(value['virtual_size'] !== undefined && Number.isFinite(size) ? { virtualSizeGB: size } : {}),
    ...(typeof value['architecture'] === 'string' ? { architecture: value['architecture'] } : {}),
  };
}

/** Plain assignments of a box's Vagrantfile. It is read as text, never run; what is computed there stays unknown. The last one counts. */
export function parseBoxVagrantfile(text: string): BoxFacts {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:.*\|\s*)?\w+\.((?:vm|ssh)\.\w+)\s*=\s*(?:"([^"#\\]*)"|'([^'\\]*)'|:(\w+)|(true|false|\d+))\s*(?:#.*)?(?:;.*)?(?:end|\})?\s*$/.exec(line);
    if (match?.[1] && !line.trimStart().startsWith('#')) values.set(match[1], match[2] ?? match[3] ?? match[4] ?? match[5] ?? '');
  }
  const mac = values.get('vm.base_mac')?.replaceAll(/[:.-]/g, '').toUpperCase();
  const port = Number(values.get('ssh.port'));
  const insert = values.get('ssh.insert_key');
  const text_ = (key: string): string | undefined => values.get(key) || undefined;
  const [sshUsername, sshPassword, guest] = [text_('ssh.username'), text_('ssh.password'), text_('vm.guest')];
  return {
    ...(mac !== undefined && /^[0-9A-F]{12}$/.test(mac) ? { baseMac: mac } : {}),
    ...(sshUsername === undefined ? {} : { sshUsername }),
    ...(sshPassword === undefined ? {} : { sshPassword }),
    ...(values.has('ssh.port') && port > 0 && port < 65536 ? { sshPort: port } : {}),
    ...(insert === undefined ? {} : { insertKey: insert === 'true' }),
    ...(guest === undefined ? {} : { guest }),
  };
}

/** An OVF names its disks. One that names a file elsewhere would put that file of this computer into a guest. */
export function checkReferences(ovf: string, folder: string): void {
  for (const match of ovf.matchAll(/<(?:\w+:)?File\b[^>]*?\b(?:\w+:)?href\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    const href = match[1] ?? match[2] ?? '';
    const decoded = plainPath(href).replaceAll('\\', '/');
    if (/^[a-z][\w+.-]*:/i.test(decoded) || decoded.startsWith('/') || decoded.split('/').includes('..')) {
      throw new GaiaError('invalidInput', { message: 'The box in {0} was refused: its box.ovf names a file outside of it.', values: [folder], raw: href });
    }
  }
}

function plainPath(text: string): string {
  const plain = text.replaceAll(/&#x([0-9a-f]{1,5});|&#(\d{1,6});/gi, (_whole, hex: string | undefined, decimal: string | undefined) => String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)));
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}
