// Questions to schemas/gaia.schema.json: which keys may stand at a place, and what is known of one.
import schemaJson from '../../schemas/gaia.schema.json';
import { isObject } from './merge.ts';
import type { ConfigPath } from './model.ts';

/** What the schema tells of one property. */
export interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly markdownDescription?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly markdownEnumDescriptions?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly title?: string;
  readonly properties?: { readonly [key: string]: PropertySchema };
  readonly patternProperties?: { readonly [pattern: string]: PropertySchema };
  readonly additionalProperties?: boolean | PropertySchema;
  readonly items?: PropertySchema;
  readonly required?: readonly string[];
  readonly allOf?: readonly PropertySchema[];
  readonly anyOf?: readonly PropertySchema[];
  readonly if?: PropertySchema;
  readonly then?: PropertySchema;
  readonly const?: unknown;
  readonly $ref?: string;
  /** `MB`, `GB`, `%`, `seconds`. */
  readonly 'x-unit'?: string;
  /** What holds when the property is left out, where that is no plain value. */
  readonly 'x-default'?: string;
}

const root = schemaJson as unknown as PropertySchema & { readonly definitions: { readonly [name: string]: PropertySchema } };
const { definitions } = root;

export const knownProviders = ['virtualbox', 'hyperv', 'wsl', 'proxmox'] as const;
export type KnownProvider = (typeof knownProviders)[number];

/** As their makers write them. */
export const providerLabels: { readonly [P in KnownProvider]: string } = { virtualbox: 'VirtualBox', hyperv: 'Hyper-V', wsl: 'WSL', proxmox: 'Proxmox VE' };

/** The machine's own part of the schema. */
export const machineSchema = definitions['machine'] as PropertySchema;

/** All parts of `schema` that speak about `value`: references, `allOf`, `anyOf` and the branches of conditions that hold. */
function partsFor(schema: PropertySchema | undefined, value: unknown, into: PropertySchema[] = []): readonly PropertySchema[] {
  if (!schema) return into;
  into.push(schema);
  if (schema.$ref) partsFor(definitions[schema.$ref.split('/').at(-1) as string], value, into);
  for (const part of [...(schema.allOf ?? []), ...(schema.anyOf ?? [])]) partsFor(part, value, into);
  if (schema.if && schema.then && holds(schema.if, value)) partsFor(schema.then, value, into);
  return into;
}

/** Conditions of our schema only ever compare properties with constants. */
function holds(condition: PropertySchema, value: unknown): boolean {
  if (!isObject(value)) return false;
  return (condition.required ?? []).every(key => Object.hasOwn(value, key)) && Object.entries(condition.properties ?? {}).every(([key, wanted]) => wanted.const === undefined || value[key] === wanted.const);
}

/** What is known of the value at `path` of a machine, the pieces laid over each other; undefined = the schema does not name it. `machine` = its value, with `provider`. */
export function propertyAt(machine: unknown, path: ConfigPath): PropertySchema | undefined {
  let parts = partsFor(machineSchema, machine);
  let value = machine;
  for (const step of path) {
    value = isObject(value) || Array.isArray(value) ? (value as { [key: string | number]: unknown })[step] : undefined;
    const next: PropertySchema[] = [];
    for (const part of parts) {
      if (typeof step === 'number') { if (part.items) partsFor(part.items, value, next); continue; }
      const named = part.properties?.[step];
      if (named) partsFor(named, value, next);
      for (const [pattern, property] of Object.entries(part.patternProperties ?? {})) if (new RegExp(pattern).test(step)) partsFor(property, value, next);
    }
    if (next.length === 0) return undefined;
    parts = next;
  }
  const merged: Record<string, unknown> = {};
  for (const part of parts) for (const [key, given] of Object.entries(part)) if (!Object.hasOwn(merged, key)) merged[key] = given;
  return merged as PropertySchema;
}

/** The keys that may stand in the object at `path` of a machine. */
export function keysAt(machine: unknown, path: ConfigPath): readonly string[] {
  let parts = partsFor(machineSchema, machine);
  let value = machine;
  for (const step of path) {
    value = isObject(value) || Array.isArray(value) ? (value as { [key: string | number]: unknown })[step] : undefined;
    parts = parts.flatMap(part => partsFor(typeof step === 'number' ? part.items : part.properties?.[step], value));
  }
  return [...new Set(parts.flatMap(part => Object.keys(part.properties ?? {})))];
}

/** The schema of each key of `config` that all providers share. */
export const commonKeys = definitions['config']?.properties ?? {};
/** … and of the keys of one provider alone. */
export const providerKeys: { readonly [P in KnownProvider]: { readonly [key: string]: PropertySchema } } = byProvider(provider => {
  const { provider_config: _options, ...keys } = definitions[`${provider}Config`]?.properties ?? {};
  return keys;
});
/** Keys of `provider_config` by provider. */
export const optionKeys: { readonly [P in KnownProvider]: { readonly [key: string]: PropertySchema } } = byProvider(provider => definitions[`${provider}Options`]?.properties ?? {});
const optionPatterns = byProvider(provider => Object.keys(definitions[`${provider}Options`]?.patternProperties ?? {}).map(pattern => new RegExp(pattern)));

/** The definition of a part by name: `network`, `syncedFolder`, `provisioner`, `provisioner_shell`, `disk`, `cloudInit`, `forwardedPort` … */
export function definition(name: string): PropertySchema | undefined {
  return definitions[name];
}

/** The provisioners that Vagrant brings along; others are those of plugins. */
export const provisionerTypes: readonly string[] = (definitions['provisioner']?.properties?.['type']?.anyOf?.find(part => part.enum)?.enum ?? []).map(String);

/** Does `provider_config` of `provider` know this key? Spelling of VirtualBox flags is free of `-` and `_`, as `modifyvm` takes both. */
export function isOption(provider: KnownProvider, key: string): boolean {
  return Object.hasOwn(optionKeys[provider], key) || optionPatterns[provider].some(pattern => pattern.test(key)) || (provider === 'virtualbox' && modifyvmFlags.has(plainFlag(key)));
}

/** Its label; what is not known is called as it is. */
export function providerLabel(provider: string): string {
  return isKnownProvider(provider) ? providerLabels[provider] : provider;
}

export function isKnownProvider(provider: string): provider is KnownProvider {
  return (knownProviders as readonly string[]).includes(provider);
}

function byProvider<T>(make: (provider: KnownProvider) => T): { readonly [P in KnownProvider]: T } {
  return { virtualbox: make('virtualbox'), hyperv: make('hyperv'), wsl: make('wsl'), proxmox: make('proxmox') };
}

/** `nat-dns-proxy1` → `natdnsproxyN`: one name for all spellings and numbers. */
export function plainFlag(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, '').replace(/\d+$/, 'n');
}

// The options of `VBoxManage modifyvm`, 7.2 and its older spellings (facts: virtualbox.md, section 3).
export const modifyvmFlags: ReadonlySet<string> = new Set((
  'name groups description os-type iconfile memory page-fusion vram acpi ioapic hardware-uuid cpus cpu-hotplug plug-cpu unplug-cpu cpu-execution-cap x86-pae pae x86-long-mode long-mode ibpb-on-vm-exit ibpb-on-vm-entry spec-ctrl '
  + 'l1d-flush-on-sched l1d-flush-on-vm-entry mds-clear-on-sched mds-clear-on-vm-entry cpu-profile x86-hpet hpet hwvirtex triple-fault-reset apic x86-x2apic x2apic arm-gic-its paravirt-provider paravirt-debug nested-paging large-pages '
  + 'x86-vtx-vpid vtxvpid x86-vtx-ux vtxux nested-hw-virt virt-vmsave-vmload accelerate-3d accelerate-2d-video chipset iommu tpm-type tpm-location firmware-logo-fade-in firmware-logo-fade-out firmware-logo-display-time '
  + 'firmware-logo-image-path firmware-boot-menu firmware-apic firmware-system-time-offset firmware-pxe-debug bioslogofadein bioslogofadeout bioslogodisplaytime bioslogoimagepath biosbootmenu biosapic biossystemtimeoffset biospxedebug '
  + 'system-uuid-le boot1 rtc-use-utc graphicscontroller snapshot-folder firmware guest-memory-balloon default-frontend vm-process-priority vm-execution-engine '
  + 'nic1 nic-type1 cable-connected1 nic-trace1 nic-trace-file1 nic-property1 nic-speed1 nic-boot-prio1 nic-promisc1 nic-bandwidth-group1 nicbandwidthgroup1 bridge-adapter1 cloud-network1 host-only-adapter1 host-only-net1 intnet1 nat-network1 '
  + 'nic-generic-drv1 mac-address1 nat-net1 nat-pf1 nat-tftp-prefix1 nat-tftp-file1 nat-tftp-server1 nat-bind-ip1 nat-dns-pass-domain1 nat-dns-proxy1 nat-dns-host-resolver1 nat-localhostreachable1 nat-settings1 nat-alias-mode1 nat-forward-broadcast1 nat-enable-tftp1 '
  + 'mouse keyboard uart1 uart-mode1 uart-type1 lpt-mode1 lpt1 audio audio-controller audio-codec audio-driver audio-enabled audio-in audio-out clipboard clipboard-mode clipboard-file-transfers drag-and-drop monitor-count '
  + 'usb usb-ehci usb-ohci usb-xhci usb-rename recording recording-screens recording-file recording-max-size recording-max-time recording-opts recording-video-fps recording-video-rate recording-video-res '
  + 'vrde vrde-property vrde-extpack vrde-port vrde-address vrde-auth-type vrde-auth-library vrde-multi-con vrde-reuse-con vrde-video-channel vrde-video-channel-quality '
  + 'teleporter teleporter-port teleporter-address teleporter-password teleporter-password-file cpuid-portability-level cpuid-set cpuid-remove cpuid-remove-all tracing-enabled tracing-config tracing-allow-vm-access usb-card-reader '
  + 'autostart-enabled autostart-delay guest-debug-provider guest-debug-io-provider guest-debug-address guest-debug-port pci-attach pci-detach testing-enabled testing-mmio testing-cfg-dwordidx').split(' ').map(plainFlag));

/** The key among `known` that `key` is probably meant to be: few letters differ, for its length. */
export function nearest(key: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.min(3, Math.floor(key.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - key.length) >= least) continue;
    const distance = plain(key) === plain(candidate) ? 0 : editDistance(plain(key), plain(candidate), least);
    if (distance < least) { least = distance; best = candidate; }
  }
  return best;
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, '');
}

/** Damerau–Levenshtein (adjacent swaps count once), given up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((previous[j] as number) + 1, (current[j - 1] as number) + 1, (previous[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] as number) + 1);
      current.push(least);
    }
    if (Math.min(...current) > limit) return limit + 1;
    [before, previous] = [previous, current];
  }
  return previous[b.length] as number;
}
