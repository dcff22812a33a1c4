// Removing a machine: what would go, why it is refused, and doing it. Linked clones are looked for first: VirtualBox unregisters the base
// before it finds out that clones need its disks, and then the machine is gone from the list while its files are left (facts, section 3).
import * as path from 'node:path';
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { DeletionPreview, OperationContext } from '../../machines/provider.ts';
import type { PartDeps } from './deps.ts';
import type { PresentState } from './machineState.ts';
import { isReleased } from './machineState.ts';
import type { OwnedMedium } from './parse/media.ts';
import { ownership, parseMedia } from './parse/media.ts';
import { disksOf } from './parse/devices.ts';
import { flatten, snapshotsOf } from './parse/snapshots.ts';
import { seedName } from './create.ts';
import { isOwnFile, removeOwnFiles } from './ownFiles.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import { has } from './versions.ts';

interface Findings {
  readonly owned: readonly OwnedMedium[];
  readonly snapshots: number;
  /** CD images in its drives. */
  readonly discs?: readonly string[];
  /** l10n key, with what it is about already in it. */
  readonly refused?: string;
  readonly why?: GaiaError;
}

export class Deletion {
  readonly #deps: PartDeps;

  constructor(deps: PartDeps) {
    this.#deps = deps;
  }

  async preview(id: MachineId, signal: AbortSignal): Promise<DeletionPreview> {
    const { owned, snapshots, refused } = await this.#look(nativeId(id), signal);
    return {
      disks: owned.map(({ medium, shared }) => ({
        location: medium.location,
        ...(medium.sizeOnDiskBytes === undefined ? {} : { usedBytes: medium.sizeOnDiskBytes }),
        goes: !shared,
        ...(shared ? { why: 'Another machine uses it, too.' } : {}),
      })),
      snapshots,
      ...(refused === undefined ? {} : { refused }),
    };
  }

  async delete(id: MachineId, disks: 'delete' | 'keep', context: OperationContext): Promise<void> {
    const uuid = nativeId(id);
    const found = await this.#look(uuid, context.signal);
    if (found.why) throw found.why;
    const inaccessible = found.owned.length === 0 && found.snapshots === 0 && (await this.#isInaccessible(uuid, context.signal));
    const place = await this.#deps.inventory.place(uuid);
    const folder = place && path.dirname(place.settingsFile);
    const inside = (found.discs ?? []).filter(disc => folder !== undefined && path.dirname(disc) === folder);
    const takesDiscs = inside.length > 0 && inside.every(disc => isOwnFile(path.basename(disc), uuid)) && has(await this.#deps.tool.version(context.signal), 'deleteAll');
    // No wait for a lock here: what is locked is refused, never removed as soon as it is free (V2).
    try {
      await this.#deps.tool.change(requests.unregister(uuid, disks === 'delete' && !inaccessible && (takesDiscs ? 'all' : true)), context, () => Promise.resolve(true));
    } catch (error) {
      const still = (await this.#deps.inventory.list(context.signal)).some(machine => machine.id === id);
      if (still || !GaiaError.is(error)) throw error;
      throw new GaiaError('partial', { ...error.detail, left: 'The machine is no longer in VirtualBox\'s list, but some of its files are left.', cause: error });
    }
    if (disks === 'delete' && folder !== undefined && !inaccessible) await removeOwnFiles(this.#deps.tool, folder, { uuid, seed: inside.some(disc => path.basename(disc) === seedName) }, context);
  }

  async #look(uuid: string, signal: AbortSignal): Promise<Findings> {
    let state: PresentState;
    try {
      state = await this.#deps.states.read(uuid, signal);
    } catch (error) {
      // A machine whose settings file is lost can only be taken off the list.
      if (await this.#isInaccessible(uuid, signal)) return { owned: [], snapshots: 0 };
      throw error;
    }
    const file = await this.#deps.inventory.machineFile(uuid);
    const snapshots = flatten(file?.snapshots ?? snapshotsOf(state.info)).map(snapshot => snapshot.id);
    const media = parseMedia((await this.#deps.tool.ask(requests.listMedia(), signal)).stdout);
    const { owned, dependents } = ownership(media, new Set([uuid, ...snapshots]));
    const base = { owned, snapshots: snapshots.length, discs: disksOf(state.info).flatMap(disk => (disk.kind === 'cdrom' && disk.location !== undefined ? [disk.location] : [])) };
    if (!isReleased(state)) {
      const refused = state.online ? 'The machine runs. Shut it down or power it off first.' : 'Another VirtualBox window or command holds the machine.';
      return { ...base, refused, why: new GaiaError(state.online ? 'wrongState' : 'locked', { message: refused }) };
    }
    if (dependents.length > 0) {
      const names = await this.#names(dependents.flatMap(medium => medium.users), signal);
      const refused = `Linked clones need its disks: ${names.join(', ')}.`;
      return { ...base, refused, why: new GaiaError('protected', { message: 'Linked clones need its disks: {0}.', values: [names.join(', ')], hint: 'Delete the clones first.' }) };
    }
    return base;
  }

  async #names(uuids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const machines = await this.#deps.inventory.list(signal);
    return [...new Set(machines.filter(machine => uuids.includes(nativeId(machine.id))).map(machine => machine.name))];
  }

  async #isInaccessible(uuid: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#deps.inventory.list(signal)).some(machine => nativeId(machine.id) === uuid && machine.providerState === 'inaccessible');
  }
}
