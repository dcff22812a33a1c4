// Takes back what a create or clone made before it failed: the machine by its UUID or the name of its import, files that were not there before,
// snapshots, networks. Nothing else.
import { GaiaError } from '../../machines/errors.ts';
import type { Intent, OperationContext } from '../../machines/provider.ts';
import type { MachineStates } from './machineState.ts';
import { isReleased } from './machineState.ts';
import { removeOwnFiles } from './ownFiles.ts';
import type { Remains } from './remains.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import type { Tool } from './tool.ts';

const cleanUpMs = 120_000;
const releaseMs = 30_000;

/** What was made, so that it can be taken back. */
export interface Made {
  readonly files: string[];
  /** Calls that remove the host-only networks which were made. */
  readonly networks: { readonly name: string; readonly remove: Call }[];
  readonly names: string[];
  /** Folders that VirtualBox makes for the machine, and what they held before. */
  folders?: readonly Intent[];
  /** A snapshot of a machine that was there before. `remove`: is it gone? Also when it never came into being. */
  readonly snapshot?: { readonly name: string; remove(context: OperationContext): Promise<boolean> } | undefined;
  /** The person's own disk image, which VirtualBox knows while it is copied. */
  readonly borrowed?: string | undefined;
  uuid: string | undefined;
  folder: string | undefined;
}

export class TakeBack {
  readonly #tool: Tool;
  readonly #states: MachineStates;
  readonly #remains: Remains;

  constructor(tool: Tool, states: MachineStates, remains: Remains) {
    this.#tool = tool;
    this.#states = states;
    this.#remains = remains;
  }

  /** Removes what was made, and nothing else; returns the error to throw. */
  async run(made: Made, error: GaiaError): Promise<GaiaError> {
    // The operation's own signal may be the reason: cleaning up has its own.
    const signal = AbortSignal.timeout(cleanUpMs);
    const context: OperationContext = { signal, progress: () => undefined, output: () => undefined };
    const left: string[] = [];
    for (const known of [...(made.uuid === undefined ? [] : [made.uuid]), ...made.names]) await this.#removeMachine(known, context, left);
    for (const file of made.files) await this.#removeFile(file, context, left);
    if (made.borrowed !== undefined) await this.#tool.change(requests.closeSource(made.borrowed), context).catch(() => undefined);
    if (made.folder !== undefined) await removeOwnFiles(this.#tool, made.folder, { uuid: made.uuid ?? '', seed: false }, context).catch(() => { left.push(made.folder as string); });
    for (const folder of made.folders ?? []) await this.#removeFolder(folder, context, left);
    if (made.snapshot !== undefined) await this.#removeSnapshot(made.snapshot, context, left);
    for (const { name, remove } of made.networks) {
      await this.#tool.change(remove, context).catch(() => { left.push(name); });
    }
    if (left.length === 0) return error;
    // {9}: out of the way of the message's own values.
    const values = Array.from({ length: 10 }, (_, index) => (index === 9 ? left.join(', ') : (error.detail.values?.[index] ?? '')));
    return new GaiaError('partial', { ...error.detail, values, left: 'Not everything could be taken back. Left: {9}', cause: error });
  }

  async #removeMachine(known: string, context: OperationContext, left: string[]): Promise<void> {
    let name = known;
    try {
      const state = await this.#states.wait(known, isReleased, releaseMs, context.signal);
      if (!state) {
        // Never under a lock (V2).
        left.push(known);
        return;
      }
      name = state.info.get('name') ?? known;
      const uuid = state.info.get('UUID') ?? known;
      await this.#tool.change(requests.unregister(uuid, true), context);
    } catch (error) {
      // It never came into being: nothing to remove.
      if (GaiaError.is(error, 'notFound')) return;
      left.push(name);
    }
  }

  /**
   * A VBoxManage that is ended after it copied a machine and before it registered it leaves the copy in its folder, and its disks on
   * VirtualBox's list, where a linked clone's hold the base (measured, 7.2).
   */
  async #removeFolder(folder: Intent, context: OperationContext, left: string[]): Promise<void> {
    if (folder.kind !== 'path' || left.length > 0) return;
    try {
      if ((await this.#tool.doors.files.fileInfo(folder.path)) === undefined) return;
      const found = await this.#remains.find([folder], context.signal);
      // In a folder that was there before, somebody else may have put something meanwhile.
      if (folder.kept === undefined) await this.#remains.remove(found, context);
      else if (found.length > 0) left.push(folder.path);
    } catch {
      left.push(folder.path);
    }
  }

  async #removeSnapshot(snapshot: NonNullable<Made['snapshot']>, context: OperationContext, left: string[]): Promise<void> {
    // What a clone still stands on stays.
    if (left.length > 0 || !(await snapshot.remove(context).catch(() => false))) left.push(snapshot.name);
  }

  async #removeFile(file: string, context: OperationContext, left: string[]): Promise<void> {
    const { files } = this.#tool.doors;
    try {
      if ((await files.fileInfo(file)) === undefined) return;
      // Through VirtualBox first, which then forgets the medium too; what it does not know is only a file.
      await this.#tool.change(/\.iso$/i.test(file) ? requests.forgetMedium('dvd', file) : requests.deleteDisk(file), context).catch(() => undefined);
      await files.removeAll(file);
    } catch {
      left.push(file);
    }
  }
}
