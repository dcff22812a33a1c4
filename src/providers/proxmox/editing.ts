// Changing one machine beyond cpus, memory and disk size: settings, disks, network adapters, media. What cannot change while it runs
// becomes pending, which is said.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Change, Editing, OperationContext, SettingDescription } from '../../machines/provider.ts';
import { adapterString } from './cards.ts';
import { isCloudInitKey, passwordKey } from './cloudInit.ts';
import { passwordOf } from './createPlan.ts';
import { diskFormat, moveRequest } from './disks.ts';
import type { DiskMove } from './disks.ts';
import { formatGiB, formatPropertyString, formatTags, parseTags } from './encode.ts';
import type { Params } from './encode.ts';
import { changeConfig, hotplugs, sayPending } from './lifecycle.ts';
import { parseDisks, parseSettings } from './parse.ts';
import type { CreateDeps } from './placement.ts';
import { readStatus } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';

const yes = { type: 'boolean' } as const;
const words = { type: 'string' } as const;

/** The settings a form offers; any other key of Proxmox VE may be set too. `live` = takes effect while it runs. */
export const settings: readonly SettingDescription[] = [
  { key: 'name', label: 'Name', ...words, live: true },
  { key: 'description', label: 'Notes', ...words, live: true },
  { key: 'tags', label: 'Tags', ...words, live: true },
  { key: 'onboot', label: 'Start at boot', ...yes, live: true },
  { key: 'startup', label: 'Start and shutdown order', ...words, live: true },
  { key: 'protection', label: 'Protection', ...yes, live: true },
  { key: 'cores', label: 'Cores', type: 'number' },
  { key: 'sockets', label: 'Sockets', type: 'number' },
  { key: 'memory', label: 'Memory (MiB)', type: 'number' },
  { key: 'balloon', label: 'Minimum memory (MiB)', type: 'number', live: true },
  { key: 'cpu', label: 'CPU type', ...words },
  { key: 'cpulimit', label: 'CPU limit', type: 'number', live: true },
  { key: 'cpuunits', label: 'CPU units', type: 'number', live: true },
  { key: 'machine', label: 'Machine type', ...words },
  { key: 'bios', label: 'BIOS', type: 'enum', values: ['seabios', 'ovmf'] },
  { key: 'ostype', label: 'OS type', type: 'enum', values: ['l26', 'l24', 'win11', 'win10', 'win8', 'win7', 'wvista', 'wxp', 'w2k8', 'w2k3', 'w2k', 'solaris', 'other'] },
  { key: 'scsihw', label: 'SCSI controller', type: 'enum', values: ['virtio-scsi-single', 'virtio-scsi-pci', 'lsi', 'lsi53c810', 'megasas', 'pvscsi'] },
  { key: 'boot', label: 'Boot order', ...words },
  { key: 'agent', label: 'QEMU guest agent', ...words },
  { key: 'vga', label: 'Display', ...words },
  { key: 'kvm', label: 'KVM hardware virtualization', ...yes },
  { key: 'numa', label: 'NUMA', ...yes },
  { key: 'tablet', label: 'Tablet pointer', ...yes, live: true },
  { key: 'hotplug', label: 'Hotplug', ...words },
  { key: 'ciuser', label: 'Cloud-init user', ...words },
  { key: 'cipassword', label: 'Cloud-init password', ...words },
  { key: 'sshkeys', label: 'Cloud-init SSH keys', ...words },
  { key: 'ipconfig0', label: 'Cloud-init IP of the first adapter', ...words },
  { key: 'nameserver', label: 'DNS server', ...words },
  { key: 'searchdomain', label: 'DNS domain', ...words },
];

/** Guests of a cluster share no folders of this computer and are behind no NAT of its own. */
const kinds: readonly Change['kind'][] = ['setting', 'setAdapter', 'removeAdapter', 'addDisk', 'removeDisk', 'moveDisk', 'insertMedium'];

/** No setting of a guest: it is moved there, after all else. */
const nodeKey = 'node';

const liveKeys = new Set([nodeKey, ...settings.filter(setting => setting.live).map(setting => setting.key)]);

/** One request-worth of edits, worked out before anything is sent. */
export interface EditPlan {
  readonly params: Params;
  readonly remove: readonly string[];
  /** Makes volumes: goes as a task. */
  readonly slow: boolean;
  /** After the configuration: disks to destroy and to move. */
  readonly destroy: readonly string[];
  readonly move: readonly DiskMove[];
}

/** Pure: the changes as parameters, given the present configuration. Throws GaiaError `invalidInput`, `notSupported`. */
export function planEdit(guest: Guest, present: Readonly<Record<string, string>>, changes: readonly Change[], formatFor: (storage: string) => string | undefined): EditPlan {
  const params: Record<string, string | number | boolean> = {};
  const remove: string[] = [];
  const destroy: string[] = [];
  const move: DiskMove[] = [];
  let slow = false;
  const slotTaken = (slot: string): boolean => (present[slot] !== undefined && !remove.includes(slot)) || params[slot] !== undefined;
  for (const change of changes) {
    switch (change.kind) {
      case 'setting':
        if (change.value === '') remove.push(settingKey(guest, change.key));
        else params[settingKey(guest, change.key)] = settingValue(change.key, change.value);
        break;
      case 'setAdapter':
        params[`net${change.adapter.index}`] = adapterString(guest, present[`net${change.adapter.index}`], change.adapter);
        break;
      case 'removeAdapter':
        remove.push(`net${change.index}`);
        break;
      case 'addDisk': {
        const slot = change.slot ?? freeSlot(guest, slotTaken);
        if (slotTaken(slot)) throw new GaiaError('alreadyExists', { message: 'The slot {0} is in use.', values: [slot] });
        if (change.location !== undefined) {
          params[slot] = change.location;
          // Proxmox VE makes it.
          slow ||= change.location.endsWith(':cloudinit');
        } else {
          const storage = change.storage ?? parseDisks(present).find(disk => disk.kind === 'disk' && disk.storage !== undefined)?.storage;
          if (storage === undefined) throw new GaiaError('invalidInput', { message: 'Say on which storage the disk is to be made.' });
          slow = true;
          params[slot] = guest.kind === 'qemu' ? formatPropertyString({ first: `${storage}:${formatGiB(change.sizeBytes)}`, options: { format: change.format ?? formatFor(storage) } }) : `${storage}:${formatGiB(change.sizeBytes)},mp=/mnt/${slot}`;
        }
        break;
      }
      case 'removeDisk':
        if (present[change.slot] === undefined) throw new GaiaError('notFound', { message: 'It has no disk {0}.', values: [change.slot] });
        if (!change.deleteFile) remove.push(change.slot);
        else if (guest.kind === 'qemu') destroy.push(change.slot);
        else remove.push(change.slot);
        break;
      case 'moveDisk':
        if (present[change.slot] === undefined) throw new GaiaError('notFound', { message: 'It has no disk {0}.', values: [change.slot] });
        move.push({ slot: change.slot, storage: change.storage, ...(change.format === undefined ? {} : { format: change.format }) });
        break;
      case 'insertMedium': {
        if (guest.kind === 'lxc') throw new GaiaError('notSupported', { message: 'A container has no drive.' });
        params[change.slot] = formatPropertyString({ first: change.location ?? 'none', options: { media: 'cdrom' } });
        break;
      }
      default:
        throw new GaiaError('notSupported', { message: 'Proxmox VE has no such setting ({0}).', values: [change.kind] });
    }
  }
  return { params, remove, slow, destroy, move };
}

function settingKey(guest: Guest, key: string): string {
  return key === 'name' && guest.kind === 'lxc' ? 'hostname' : key;
}

function settingValue(key: string, value: string | number | boolean): string | number | boolean {
  if (key === 'tags') return formatTags(parseTags(String(value)));
  // The server wants the keys URL-encoded inside the form-encoded value.
  if (key === 'sshkeys') return encodeURIComponent(String(value).trim());
  return value;
}

function freeSlot(guest: Guest, taken: (slot: string) => boolean): string {
  const [prefix, from, to] = guest.kind === 'qemu' ? ['scsi', 0, 30] : ['mp', 0, 255];
  for (let index = from; index <= to; index++) if (!taken(`${prefix}${index}`)) return `${prefix}${index}`;
  throw new GaiaError('notSupported', { message: 'It has no free slot for another disk.' });
}

export function createEditing(deps: CreateDeps, migrate: (id: MachineId, options: { readonly target: string }, context: OperationContext) => Promise<void>): Editing {
  const { calls, directory } = deps;
  const read = async (guest: Guest, signal: AbortSignal): Promise<Readonly<Record<string, string>>> => parseSettings((await calls.get(requests.config(guest), signal)).data);
  return {
    settings,
    kinds,
    needsStop: async (id, changes, signal) => {
      const { guest } = await directory.find(calls, id, signal);
      if (guest.kind === 'lxc' || !(await readStatus(deps, guest, signal)).running) return [];
      const isCard = (change: Change): boolean => change.kind === 'setAdapter' || change.kind === 'removeAdapter';
      const cardsWait = changes.some(isCard) && !hotplugs(await read(guest, signal), 'network');
      return changes.filter(change => (change.kind === 'setting' && !liveKeys.has(change.key) && !isCloudInitKey(change.key)) || (cardsWait && isCard(change)));
    },
    apply: async (id, changes, context) => {
      const { guest, machine } = await directory.find(calls, id, context.signal);
      const present = await read(guest, context.signal);
      const view = await directory.view(calls, context.signal);
      const target = changes.flatMap(change => (change.kind === 'setting' && change.key === nodeKey ? [String(change.value)] : [])).at(-1);
      const plan = planEdit(guest, present, changes.filter(change => change.kind !== 'setting' || change.key !== nodeKey).map(withPassword), storage => diskFormat(view.storages.find(row => row.id === storage)?.type));
      await send(guest, plan, present['digest'], context, machine.name);
      directory.forget();
      await sayPending(deps, guest, context);
      if (guest.kind === 'qemu' && changes.some(change => change.kind === 'setting' && isCloudInitKey(change.key))) context.output('cloud-init gets its new values at the next start of the machine.');
      if (target !== undefined && target !== guest.node) await migrate(id, { target }, context);
    },
  };

  /** A password is named by its variable until it is sent. */
  function withPassword(change: Change): Change {
    if (change.kind !== 'setting' || change.key !== passwordKey) return change;
    return { kind: 'setting', key: 'cipassword', value: passwordOf({ passwordEnv: String(change.value) }, deps) ?? '' };
  }

  async function send(guest: Guest, plan: EditPlan, digest: string | undefined, context: OperationContext, machine: string): Promise<void> {
    const options = { delete: plan.remove, ...(digest === undefined ? {} : { digest }) };
    if (plan.slow && guest.kind === 'qemu') await calls.run(requests.setConfigAsTask(guest, plan.params, options), context, { machine });
    else if (Object.keys(plan.params).length > 0 || plan.remove.length > 0) {
      // A volume made twice would be one too many: such a request is not repeated.
      await changeConfig(deps, guest, plan.params, options, context.signal, !plan.slow);
    }
    if (plan.destroy.length > 0) await calls.change(requests.unlinkDisk(guest, plan.destroy, { destroy: true }), context.signal);
    for (const move of plan.move) await calls.run(moveRequest(guest, move), context, { machine });
  }
}

