// What cloud-init gives a machine, held against its file. It stands in the configuration; the drive that brings it into the machine is
// written anew by Proxmox VE (all versions) at each start. Containers have none, but their DNS stands in the same keys. Pure.
import type { MachineDetails } from '../../machines/machine.ts';
import type { Change, Difference } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { addressAfter, addressIn, addressText, wishedAddress } from './addresses.ts';
import type { CardAddress } from './addresses.ts';
import { cardNumbers } from './cards.ts';
import { formatPropertyString, parsePropertyString } from './encode.ts';
import type { CreateOptions } from './options.ts';
import { parseAdapters, parseDisks } from './parse.ts';

type Settings = Readonly<Record<string, string>>;

const cloudKeys = /^(?:ciuser|cipassword|sshkeys|cicustom|citype|ciupgrade|nameserver|searchdomain|ipconfig\d+)$/;

/** In place of the password itself: the variable that holds it, read when the change is made. */
export const passwordKey = 'password_env';

/** A key of Proxmox VE that changes while a machine runs, and reaches it at its next start. */
export function isCloudInitKey(key: string): boolean {
  return key === passwordKey || cloudKeys.test(key);
}

/** Does a file ask for cloud-init, in its own words or in those of the API? */
export function asksForCloudInit(spec: Pick<MachineSpec, 'cloudInit'>, options: Pick<CreateOptions, 'rest'>): boolean {
  return spec.cloudInit !== undefined || Object.keys(options.rest).some(key => cloudKeys.test(key));
}

/** A free place for the drive; undefined = it has one already, or no place for it. */
export function driveSlot(settings: Settings): string | undefined {
  return hasDrive(settings) ? undefined : ['ide2', 'ide0', 'ide3'].find(free => settings[free] === undefined);
}

export function hasDrive(settings: Settings): boolean {
  return parseDisks(settings).some(disk => disk.kind === 'cloudinit');
}

/** Addresses that a file names, as the configuration is to have them: what it does not name stays. By the key of the card. */
export function addressParams(spec: Pick<MachineSpec, 'networks' | 'cloudInit'>, options: Pick<CreateOptions, 'rest'>, settings: Settings): Readonly<Record<string, string>> {
  return Object.fromEntries(addresses(spec, options, settings).filter(({ before, after }) => addressText(before) !== addressText(after)).map(({ key, after }) => [key, formatPropertyString({ options: { ...after } })]));
}

interface AddressChange {
  readonly key: string;
  readonly before: CardAddress;
  readonly after: CardAddress;
}

function addresses(spec: Pick<MachineSpec, 'networks' | 'cloudInit'>, { rest }: Pick<CreateOptions, 'rest'>, settings: Settings): readonly AddressChange[] {
  const parsed = (text: string | undefined): CardAddress => addressIn(parsePropertyString(text ?? '').options);
  const own = cardNumbers(spec, { rest }, parseAdapters(settings)).map(number => `ipconfig${number}`);
  const raw = Object.keys(rest).filter(key => /^ipconfig\d+$/.test(key));
  return [...new Set([...own, ...raw])].flatMap((key): AddressChange[] => {
    const given = rest[key];
    // As the API has it: the whole of it.
    const wish = given === undefined ? wishedAddress(spec, own.indexOf(key)) : parsed(String(given));
    const before = parsed(settings[key]);
    return wish === undefined ? [] : [{ key, before, after: given === undefined ? addressAfter(before, wish) : wish }];
  });
}

/** The rows of a plan. A password is never in one: only that there is none yet and one will be set; whether it is another cannot be known. */
export function cloudInitDifferences(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const isVm = details.machine.kind === 'vm';
  // Servers before 7.3 keep a running machine's values as pending.
  const settings: Settings = Object.fromEntries(Object.entries({ ...details.settings, ...details.pending }).filter(([, value]) => value !== ''));
  const asked = asksForCloudInit(spec, options);
  if (isVm && !asked && !hasDrive(settings)) return [];
  const later = isVm && details.machine.state !== 'stopped' ? ' (from its next start)' : '';
  const row = (key: string, before: string | undefined, after: string, edit: Change): Difference => ({ key, ...(before === undefined ? {} : { before }), after: `${after}${later}`, effect: 'live', change: { edit } });
  const set = (key: string, before: string | undefined, after: string, setting: string, value = after): Difference => row(key, before, after, { kind: 'setting', key: setting, value });
  const texts = ([['nameserver', 'DNS server', spec.cloudInit?.nameserver], ['searchdomain', 'DNS domain', spec.cloudInit?.searchDomain], ['ciuser', 'cloud-init user', spec.cloudInit?.user]] as const).flatMap(([key, title, own]) => {
    const wanted = options.rest[key] === undefined ? own : String(options.rest[key] as string);
    return wanted === undefined || wanted === settings[key] || (key === 'ciuser' && !isVm) ? [] : [set(title, settings[key], wanted, key)];
  });
  if (!isVm) return texts;
  return [...drive(options, settings, row), ...texts, ...password(spec, options, settings, set), ...keys(spec, options, settings, set), ...addresses(spec, options, settings).flatMap(({ key, before, after }) => {
    const [now, then] = [addressText(before), addressText(after)];
    return now === then ? [] : [set(`address ${key.slice('ipconfig'.length)}`, now, then, key, formatPropertyString({ options: { ...after } }))];
  })];
}

type Row = (key: string, before: string | undefined, after: string, edit: Change) => Difference;
type SetRow = (key: string, before: string | undefined, after: string, setting: string, value?: string) => Difference;

/** Without the drive nothing of it would reach the machine. */
function drive(options: CreateOptions, settings: Settings, row: Row): readonly Difference[] {
  if (hasDrive(settings)) return [];
  const slot = driveSlot(settings);
  const storage = options.cloudInitStorage ?? options.storage ?? parseDisks(settings).find(disk => disk.kind === 'disk')?.storage;
  // What is said of it stands in the configuration all the same, and counts once there is a place for the drive.
  if (slot === undefined || storage === undefined) return [];
  return [row('cloud-init drive', 'none', `${slot}, ${storage}`, { kind: 'addDisk', slot, sizeBytes: 0, location: `${storage}:cloudinit` })];
}

function password(spec: MachineSpec, options: CreateOptions, settings: Settings, set: SetRow): readonly Difference[] {
  const variable = spec.cloudInit?.passwordEnv;
  return variable === undefined || options.rest['cipassword'] !== undefined || settings['cipassword'] !== undefined ? [] : [set('cloud-init password', 'none', 'set', passwordKey, variable)];
}

function keys(spec: MachineSpec, { rest }: CreateOptions, settings: Settings, set: SetRow): readonly Difference[] {
  const raw = rest['sshkeys'];
  const wanted = raw === undefined ? spec.cloudInit?.sshKeys?.map(key => key.trim()) : keyLines(String(raw as string));
  // A file that could not be read says nothing.
  if (wanted === undefined || !wanted.every(isKey)) return [];
  const present = keyLines(settings['sshkeys'] ?? '');
  if ([...wanted].sort().join('\n') === [...present].sort().join('\n')) return [];
  return [set('cloud-init keys', present.map(keyText).join(', ') || 'none', wanted.map(keyText).join(', ') || 'none', 'sshkeys', wanted.join('\n'))];
}

const publicKey = /^(?:\S+ )??((?:ssh|ecdsa|sk)-\S+) ([A-Za-z0-9+/=]+)(?: (.*))?$/;
const isKey = (text: string): boolean => publicKey.test(text);

/** The API keeps them URL-encoded. */
function keyLines(encoded: string): readonly string[] {
  let text = encoded;
  try {
    text = decodeURIComponent(encoded);
  } catch {
    // As it is, then.
  }
  return text.split(/\r?\n/).map(line => line.trim()).filter(line => line !== '');
}

/** Enough to know it by: what its owner called it, else how it ends. */
function keyText(line: string): string {
  const [, type, body, comment] = publicKey.exec(line) ?? [];
  if (type === undefined || body === undefined) return `…${line.slice(-8)}`;
  return comment === undefined || comment === '' ? `${type} …${body.slice(-8)}` : comment;
}
