// The bases of linked clones: a box is imported once, a snapshot taken of it, and every machine of the box is a linked clone of that. The one
// that Vagrant made for its own linked clones of the box is used as well.
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { Machine } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import type { Base } from './create.ts';
import { fileName, masterCalls, masterGroup, masterSnapshot } from './create.ts';
import type { Inventory } from './inventory.ts';
import { idOf } from './inventory.ts';
import type { MachineStates } from './machineState.ts';
import { parseVmInfo } from './parse/info.ts';
import { flatten, snapshotsOf } from './parse/snapshots.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';

type Appliance = Base & { readonly kind: 'appliance' };
type Master = Base & { readonly kind: 'master' };
type Clone = Base & { readonly kind: 'clone' };

export class BoxMasters {
  readonly #tool: Tool;
  readonly #inventory: Inventory;
  readonly #states: MachineStates;
  /** By name: two machines of one box that are made side by side share the import. */
  readonly #making = new Map<string, Promise<unknown>>();

  constructor(tool: Tool, inventory: Inventory, states: MachineStates) {
    this.#tool = tool;
    this.#inventory = inventory;
    this.#states = states;
  }

  /** The base that is there, or what is to be made. */
  async find(appliance: Appliance, source: { readonly name: string; readonly version?: string; readonly folder: string }, snapshot: string | undefined, machines: readonly Machine[]): Promise<Clone | Master> {
    const { files } = this.#tool.doors;
    // Vagrant notes its own beside the box.
    const vagrants = (await files.readText(path.join(source.folder, 'master_id')))?.trim();
    const theirs = vagrants === undefined ? undefined : machines.find(machine => machine.id === idOf(vagrants.toLowerCase()));
    if (theirs) {
      const found = await this.#cloneOf(theirs, snapshot ?? masterSnapshot);
      if (found) return found;
    }
    // A box that changed in its place is another one.
    const info = await files.fileInfo(appliance.file);
    const mark = createHash('sha256').update(JSON.stringify([appliance.file, info?.sizeBytes, info?.modifiedMs])).digest('hex').slice(0, 8);
    const name = fileName(`${source.name.replaceAll('/', ' ').slice(-100)} ${source.version ?? '0'} (${mark})`);
    return await this.#existing(name, machines) ?? { kind: 'master', file: appliance.file, temporaryName: appliance.temporaryName, name };
  }

  /** Makes it, unless somebody else just did. On failure the caller removes what has the temporary name. */
  async make(master: Master, context: OperationContext): Promise<Clone> {
    for (let before = this.#making.get(master.name); before; before = this.#making.get(master.name)) await before.catch(() => undefined);
    context.signal.throwIfAborted();
    const work = this.#make(master, context);
    this.#making.set(master.name, work);
    try {
      return await work;
    } finally {
      this.#making.delete(master.name);
    }
  }

  async #make(master: Master, context: OperationContext): Promise<Clone> {
    const { signal } = context;
    const there = await this.#existing(master.name, await this.#inventory.list(signal));
    if (there) return there;
    await this.#tool.change(masterCalls(master, '')[0], context);
    const uuid = parseVmInfo((await this.#tool.ask(requests.showVm(master.temporaryName), signal)).stdout).get('UUID') ?? '';
    const [, snapshot, name] = masterCalls(master, uuid);
    await this.#tool.change(snapshot, context);
    try {
      await this.#tool.change(name, context);
    } catch (error) {
      // Another window was faster: its base is as good, and this one goes.
      const other = await this.#existing(master.name, await this.#inventory.list(signal));
      if (!other) throw asGaiaError(error);
      await this.#states.waitUntilReleased(uuid, 30_000, signal);
      await this.#tool.change(requests.unregister(uuid, true), context);
      return other;
    }
    const [machine] = (await this.#inventory.list(signal)).filter(one => one.id === idOf(uuid));
    const clone = machine && (await this.#cloneOf(machine, masterSnapshot));
    if (!clone) throw new GaiaError('unexpected', { message: 'VirtualBox made the base of linked clones, but does not show its snapshot.' });
    return clone;
  }

  async #existing(name: string, machines: readonly Machine[]): Promise<Clone | undefined> {
    const machine = machines.find(one => one.name === name && `/${(one.path ?? []).join('/')}` === masterGroup);
    return machine && (await this.#cloneOf(machine, masterSnapshot));
  }

  async #cloneOf(machine: Machine, snapshotName: string): Promise<Clone | undefined> {
    const uuid = machine.id.slice(machine.id.lastIndexOf(':') + 1);
    const file = await this.#inventory.machineFile(uuid);
    const snapshots = flatten(file && !file.encrypted ? file.snapshots : snapshotsOf(parseVmInfo((await this.#tool.ask(requests.showVm(uuid), AbortSignal.timeout(requests.queryTimeoutMs))).stdout)));
    const snapshot = snapshots.find(one => one.name === snapshotName);
    return snapshot && { kind: 'clone', uuid, linked: true, snapshot: snapshot.id, box: true };
  }
}
