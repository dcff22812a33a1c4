// `provider_config` → arguments of `modifyvm`. What Gaia does not know goes through unchanged, as it always did: key "vram", value 128 → `--vram 128`.
import { GaiaError } from '../../machines/errors.ts';
import type { SettingDescription } from '../../machines/provider.ts';

type Value = string | number | boolean;

/** Keys that are not options of modifyvm: Vagrant's own, and those that other steps of a create handle. */
export const notModifyKeys: ReadonlySet<string> = new Set(['gui', 'linked_clone', 'linked_clone_snapshot', 'check_guest_additions', 'functional_vboxsf', 'auto_nat_dns_proxy', 'default_nic_type', 'destroy_unused_network_interfaces', 'customize', 'name', 'unattended', 'ostype', 'os_type', 'groups', 'group']);

/** Options that another one needs first; the rest keeps the order in which it was written. */
const first = ['ostype', 'chipset', 'firmware', 'graphicscontroller', 'vram', 'nested-hw-virt', 'nic', 'nictype'];

/** `accelerate_3d` → `accelerate-3d`. The one encoder of option names: nothing but letters, digits and dashes gets through. */
export function optionName(key: string): string {
  const name = key.replace(/^--/, '').replaceAll('_', '-').toLowerCase();
  if (/^[a-z][a-z0-9-]*$/.test(name)) return name;
  throw new GaiaError('invalidInput', { message: '"{0}" is not a setting of VirtualBox.', values: [key] });
}

function optionValue(key: string, value: Value): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number' && !Number.isFinite(value)) throw new GaiaError('invalidInput', { message: '"{0}" has no usable value.', values: [key] });
  return String(value);
}

/** One option with its value, as two arguments. */
export function option(key: string, value: Value): readonly string[] {
  return [`--${optionName(key)}`, optionValue(key, value)];
}

const rank = (name: string): number => {
  const index = first.findIndex(candidate => candidate === name.replace(/\d+$/, ''));
  return index === -1 ? first.length : index;
};

/** Options, those first that others need. */
export function inOrder<T extends { readonly name: string }>(options: readonly T[]): readonly T[] {
  return options.map((option, index) => ({ option, index })).sort((a, b) => rank(a.option.name) - rank(b.option.name) || a.index - b.index).map(({ option }) => option);
}

/** The graphics controller that 3D needs, where these options ask for 3D and name none. */
export function impliedController(options: readonly { readonly name: string; readonly value: unknown }[], guest: { readonly windows: boolean }): string | undefined {
  const wants3d = options.some(({ name, value }) => /^accelerate-?3d$/.test(name) && (value === true || value === 'on'));
  if (!wants3d || options.some(({ name }) => name === 'graphicscontroller')) return undefined;
  return guest.windows ? 'vboxsvga' : 'vmsvga';
}

/** All of `provider_config` that modifyvm takes. `windows`: the guest is Windows, whose 3D needs another graphics controller. */
export function modifyOptions(options: Readonly<Record<string, unknown>>, guest: { readonly windows: boolean }): readonly string[] {
  const entries = Object.entries(options)
    .filter(([key, value]) => !notModifyKeys.has(key) && value !== null && value !== undefined)
    .map(([key, value]) => ({ key, name: optionName(key), value }));
  const controller = impliedController(entries, guest);
  const graphics = controller === undefined ? [] : option('graphicscontroller', controller);
  return [...graphics, ...inOrder(entries).flatMap(({ key, value }) => (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap(item => {
    if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') {
      throw new GaiaError('invalidInput', { message: 'The setting "{0}" must be a text, a number, true or false.', values: [key] });
    }
    return option(key, item);
  }))];
}

/** `customize`: Vagrant's lists of arguments, `["modifyvm", ":id", "--vram", "128"]`; a leading event name ("pre-boot") is dropped. */
export function customCommands(value: unknown, uuid: string): readonly (readonly string[])[] {
  if (value === undefined || value === null) return [];
  const lists = Array.isArray(value) && value.every(item => Array.isArray(item)) ? (value as unknown[][]) : [value];
  return lists.map(list => {
    const inner = Array.isArray(list) && typeof list[0] === 'string' && Array.isArray(list[1]) ? (list[1] as unknown[]) : list;
    if (!Array.isArray(inner) || inner.length === 0 || !inner.every(item => ['string', 'number', 'boolean'].includes(typeof item))) {
      throw new GaiaError('invalidInput', { message: '"customize" must be a list of commands, each a list of words.' });
    }
    return inner.map(item => (item === ':id' ? uuid : optionValue('customize', item as Value)));
  });
}

const modes = ['disabled', 'hosttoguest', 'guesttohost', 'bidirectional'];
const onOff = (key: string, label: string, live = false): SettingDescription => ({ key, label, type: 'boolean', ...(live ? { live } : {}) });
const oneOf = (key: string, label: string, values: readonly string[], live = false): SettingDescription => ({ key, label, type: 'enum', values, ...(live ? { live } : {}) });

/** The settings a form offers. Any other key of modifyvm may be set, too. Labels are l10n keys. */
export const settingDescriptions: readonly SettingDescription[] = [
  { key: 'description', label: 'Description', type: 'string' },
  { key: 'tags', label: 'Tags', type: 'string', live: true },
  { key: 'cpus', label: 'CPUs', type: 'number' },
  { key: 'memory', label: 'Memory (MiB)', type: 'number' },
  { key: 'cpuexecutioncap', label: 'Execution cap (%)', type: 'number', live: true },
  { key: 'ostype', label: 'Guest type', type: 'string' },
  { key: 'groups', label: 'Groups', type: 'string' },
  oneOf('firmware', 'Firmware', ['bios', 'efi', 'efi32', 'efi64']),
  oneOf('chipset', 'Chipset', ['piix3', 'ich9']),
  oneOf('graphicscontroller', 'Graphics controller', ['none', 'vboxvga', 'vmsvga', 'vboxsvga']),
  { key: 'vram', label: 'Graphics memory (MiB)', type: 'number' },
  onOff('accelerate3d', '3D acceleration'),
  onOff('nested-hw-virt', 'Nested virtualization'),
  oneOf('clipboard-mode', 'Shared clipboard', modes, true),
  oneOf('draganddrop', 'Drag and drop', modes, true),
  oneOf('paravirtprovider', 'Paravirtualization', ['none', 'default', 'legacy', 'minimal', 'hyperv', 'kvm']),
  oneOf('mouse', 'Pointing device', ['ps2', 'usb', 'usbtablet', 'usbmultitouch']),
  onOff('usbohci', 'USB 1.1'),
  onOff('usbxhci', 'USB 3.0'),
  onOff('rtcuseutc', 'Clock in UTC'),
  onOff('ioapic', 'I/O APIC'),
  oneOf('boot1', 'First boot device', ['none', 'floppy', 'dvd', 'disk', 'net']),
  oneOf('boot2', 'Second boot device', ['none', 'floppy', 'dvd', 'disk', 'net']),
  oneOf('defaultfrontend', 'Start as', ['default', 'headless', 'gui', 'separate']),
];

/** Settings that `controlvm` changes while the machine runs, by their name in modifyvm. */
const liveCommands: Readonly<Record<string, string>> = {
  'clipboard-mode': 'clipboard', clipboard: 'clipboard', draganddrop: 'draganddrop', 'drag-and-drop': 'draganddrop', cpuexecutioncap: 'cpuexecutioncap', 'audio-in': 'audioin', 'audio-out': 'audioout', vrde: 'vrde', 'autostart-enabled': 'autostart-enabled-vm',
};

/** `controlvm` arguments for a setting of a running machine, or undefined when it must be stopped for that. */
export function liveCommand(key: string, value: Value): readonly string[] | undefined {
  const name = optionName(key);
  const command = liveCommands[name];
  if (command === 'clipboard') return ['clipboard', 'mode', optionValue(key, value)];
  return command === undefined ? undefined : [command, optionValue(key, value)];
}
