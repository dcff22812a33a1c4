// Clones: free VMIDs and the races for them, linked and full, and onto another node even from local storage.
import { GaiaError } from '../../machines/errors.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import { machineId } from '../../machines/machine.ts';
import type { Cloning, OperationContext } from '../../machines/provider.ts';
import type { Calls } from './calls.ts';
import { number, present } from './fields.ts';
import { parseDisks, parseSettings } from './parse.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { ApiRequest, Guest } from './requests.ts';
import { needFeature } from './snapshots.ts';

export interface CloneWish {
  readonly name: string;
  readonly linked?: boolean | undefined;
  readonly snapshot?: string | undefined;
  readonly target?: string | undefined;
  readonly storage?: string | undefined;
  readonly pool?: string | undefined;
  readonly description?: string | undefined;
  readonly vmid?: number | undefined;
}

const vmidTries = 8;

export function createCloning(deps: PartDeps): Cloning {
  const { calls, directory, connection } = deps;
  return {
    refusal: async (id, { linked }, signal) => {
      const { guest, machine } = await directory.find(calls, id, signal);
      if (!linked) return undefined;
      if (!machine.template) return 'Linked clones are made from templates only.';
      try {
        await needFeature(deps, guest, 'clone', machine.name, signal);
        return undefined;
      } catch (error) {
        if (GaiaError.is(error, 'notSupported')) return 'Its disks cannot be cloned linked: the storage does not support it.';
        throw error;
      }
    },
    clone: async (id, options, context): Promise<MachineId> => {
      const { guest, machine } = await directory.find(calls, id, context.signal);
      await checkFreeName(deps, options.name, context.signal);
      const made = await cloneGuest(deps, guest, machine, options, context);
      return machineId('proxmox', connection, `${made.kind}/${made.vmid}`);
    },
  };
}

/** Makes a clone and gives where it is. What it made itself it removes when a later step fails. */
export async function cloneGuest(deps: PartDeps, source: Guest, machine: Machine, wish: CloneWish, context: OperationContext): Promise<Guest> {
  const { calls, directory } = deps;
  const linked = wish.linked ?? false;
  if (linked && !machine.template) throw new GaiaError('notSupported', { message: 'A linked clone of {0} cannot be made: it is no template.', values: [machine.name], machine: machine.name, hint: 'Make a full clone, or turn it into a template first.' });
  if (linked && wish.storage !== undefined) throw new GaiaError('invalidInput', { message: 'A linked clone stays on the storage of its template.', machine: machine.name });
  const elsewhere = wish.target !== undefined && wish.target !== source.node ? wish.target : undefined;
  const direct = elsewhere === undefined || (await onSharedStorage(deps, source, context.signal));
  if (elsewhere !== undefined && !direct && linked) throw new GaiaError('notSupported', { message: 'A linked clone on {0} needs the disks of {1} on a shared storage.', values: [elsewhere, machine.name], machine: machine.name, hint: 'Make a full clone instead.' });

  const place = { kind: source.kind, node: direct && elsewhere !== undefined ? elsewhere : source.node };
  const vmid = await withFreeVmid(deps, { ...place, name: wish.name }, wish.vmid, context, newid =>
    requests.clone(source, newid, {
      name: wish.name,
      // For a template the server's default would be linked.
      full: !linked,
      ...(wish.description === undefined ? {} : { description: wish.description }),
      ...(wish.snapshot === undefined ? {} : { snapname: wish.snapshot }),
      ...(wish.pool === undefined ? {} : { pool: wish.pool }),
      ...(wish.storage !== undefined && (direct || elsewhere === undefined) ? { storage: wish.storage } : {}),
      ...(direct && elsewhere !== undefined ? { target: elsewhere } : {}),
    }),
  );
  directory.forget();
  const made: Guest = { ...place, vmid };
  if (direct || elsewhere === undefined) return made;
  // Local disks cannot be cloned across nodes in one step (P8): clone here, then move the clone.
  try {
    context.progress({ message: 'Moving the clone to {0}', values: [elsewhere] });
    await calls.run(requests.migrate(made, elsewhere, { withLocalDisks: true, ...(wish.storage === undefined ? {} : { storage: wish.storage }) }), context);
    return { ...made, node: elsewhere };
  } catch (error) {
    throw await removeMade(deps, made, context, error);
  }
}

/**
 * Runs what makes a guest with a free VMID. The suggestion of the server may be taken by another in the meantime: the loser of that race
 * tries the next, and touches nothing of the winner's. `fixed` = that one or none.
 */
export async function withFreeVmid(deps: PartDeps, made: Omit<Guest, 'vmid'> & { readonly name?: string | undefined }, fixed: number | undefined, context: OperationContext, build: (vmid: number) => ApiRequest): Promise<number> {
  const { name, ...place } = made;
  const write = async (vmid: number, is?: 'asked' | 'lost'): Promise<void> => {
    if (!deps.calls.dry) await context.intend?.([{ kind: 'machine', id: machineId('proxmox', deps.connection, `${made.kind}/${vmid}`), ...present({ name, is }) }]);
  };
  for (let attempt = 1; ; attempt++) {
    const vmid = fixed ?? (await nextVmid(deps.calls, context.signal));
    // The number is known before anything is made, so what is made can be found by it, and not by its name, should this process end.
    await write(vmid, 'asked');
    let ours = false;
    let written: Promise<void> = Promise.resolve();
    try {
      // A task for it: the server has given the number to us and to nobody else.
      await deps.calls.run(build(vmid), context, { started: () => {
        ours = true;
        // The number alone may mean another one by the time it is looked for: without a name it stays what was asked for.
        if (name !== undefined) written = write(vmid).catch(() => undefined);
      } });
      await written;
      return vmid;
    } catch (error) {
      await written;
      const lost = GaiaError.is(error, 'alreadyExists') && /VMID/.test(error.detail.message);
      if (lost) await write(vmid, 'lost').catch(() => undefined);
      // The task cleans up after itself, but not when it was stopped or killed.
      if (!lost && ours && (await isThere(deps, vmid))) throw await removeMade(deps, { ...place, vmid }, context, error);
      if (!lost || fixed !== undefined || attempt >= vmidTries) throw error;
      context.output(`The VMID ${vmid} was taken by somebody else in the meantime.`);
    }
  }
}

async function isThere(deps: PartDeps, vmid: number): Promise<boolean> {
  deps.directory.forget();
  const view = await deps.directory.refresh(deps.calls, AbortSignal.timeout(30_000)).catch(() => undefined);
  return view?.machines.some(machine => machine.extra?.['vmid'] === vmid) ?? false;
}

export async function nextVmid(calls: Calls, signal: AbortSignal): Promise<number> {
  const vmid = number((await calls.get(requests.nextId(), signal)).data);
  if (vmid === undefined) throw new GaiaError('unexpected', { message: 'Proxmox VE gave no free VMID.' });
  return vmid;
}

/** After a failure: removes what this call made, by its VMID, and says so; or says that it is left. Gives the error to throw. */
export async function removeMade(deps: PartDeps, made: Guest, context: OperationContext, error: unknown): Promise<unknown> {
  const name = `${made.kind === 'qemu' ? 'VM' : 'CT'} ${made.vmid}`;
  const signal = AbortSignal.timeout(300_000);
  try {
    deps.directory.forget();
    // It may have been moved by the very step that failed.
    const view = await deps.directory.refresh(deps.calls, signal);
    const now = view.machines.find(machine => machine.extra?.['vmid'] === made.vmid);
    const at = (now?.extra?.['guest'] as Guest | undefined) ?? made;
    await deps.calls.run(requests.destroy(at, {}), { signal, progress: () => undefined, output: line => { context.output(line); } });
    context.output(`${name}, which this made, was removed again.`);
    deps.directory.forget();
    return error;
  } catch (cleanup) {
    if (!(error instanceof GaiaError)) return error;
    if (GaiaError.is(cleanup, 'notFound')) return error;
    return new GaiaError(error.code, { ...error.detail, left: `${error.detail.left ?? ''} ${name}, which this made, could not be removed and is left.`.trim(), cause: error.detail.cause ?? cleanup });
  }
}

async function onSharedStorage(deps: PartDeps, guest: Guest, signal: AbortSignal): Promise<boolean> {
  const [view, { data }] = await Promise.all([deps.directory.view(deps.calls, signal), deps.calls.get(requests.config(guest), signal)]);
  const shared = new Set(view.storages.filter(storage => storage.shared).map(storage => storage.id));
  return parseDisks(parseSettings(data)).filter(disk => disk.kind !== 'cdrom' && disk.location !== undefined).every(disk => disk.storage !== undefined && shared.has(disk.storage));
}

/** Names are labels to Proxmox VE, but two machines of one name confuse people and plans. Throws GaiaError `alreadyExists` or `invalidInput`. */
export async function checkFreeName(deps: PartDeps, name: string, signal: AbortSignal): Promise<void> {
  checkDnsName(name);
  const view = await deps.directory.refresh(deps.calls, signal);
  const taken = view.machines.find(machine => machine.name === name);
  if (taken) throw new GaiaError('alreadyExists', { message: 'There is a machine named {0} already ({1}).', values: [name, `${String(taken.extra?.['vmid'])}, ${taken.path?.[0] ?? ''}`] });
}

export function checkDnsName(name: string): void {
  if (name.length <= 253 && name.split('.').every(label => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))) return;
  throw new GaiaError('invalidInput', { message: 'Proxmox VE cannot name a machine “{0}”.', values: [name, suggestName(name)], hint: 'A name is a host name: letters, digits, - and dots, not at its ends. For example {1}.' });
}

function suggestName(name: string): string {
  return name.normalize('NFKD').replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 63) || 'machine';
}
