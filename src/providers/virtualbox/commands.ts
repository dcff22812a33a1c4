// "Show commands": for each verb, exactly what would run, in order. The same requests that the parts send; nothing is changed by asking.
import type { Action, Verb } from '../../machines/actions.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { CommandText } from '../../machines/provider.ts';
import type { PartDeps } from './deps.ts';
import { baseDescription, baseName } from './cloning.ts';
import { createHostOnlyCalls } from './networks.ts';
import type { Creation } from './creation.ts';
import { asItIsCalled, placeholder } from './creation.ts';
import { finishSteps, makeCall, masterCalls } from './create.ts';
import { changeCalls } from './editing.ts';
import { groupText } from './extras.ts';
import { mediumAt, resizeCalls } from './lifecycle.ts';
import { parseVmInfo } from './parse/info.ts';
import { disksOf, parseSlot } from './parse/devices.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import { modeOfSession } from './snapshots.ts';

type Planners = { readonly [V in Verb]: (action: Extract<Action, { verb: V }>, signal: AbortSignal) => Promise<readonly Call[]> };

export class Commands {
  readonly #deps: PartDeps;
  readonly #creation: Creation;

  constructor(deps: PartDeps, creation: Creation) {
    this.#deps = deps;
    this.#creation = creation;
  }

  async of(action: Action, signal: AbortSignal): Promise<readonly CommandText[]> {
    const planner = this.#planners[action.verb] as (action: Action, signal: AbortSignal) => Promise<readonly Call[]>;
    return (await planner(action, signal)).map(call => this.#deps.tool.describe(call));
  }

  readonly #planners: Planners = {
    start: async ({ id, mode }) => [requests.start(nativeId(id), mode ?? (await this.#deps.inventory.startMode(nativeId(id))))],
    shutDown: ({ id }) => one(requests.acpiPowerButton(nativeId(id))),
    powerOff: ({ id }) => one(requests.powerOff(nativeId(id))),
    reset: ({ id }) => one(requests.reset(nativeId(id))),
    reboot: () => unsupported('reboot'),
    pause: ({ id }) => one(requests.pause(nativeId(id))),
    resume: ({ id }) => one(requests.resume(nativeId(id))),
    suspend: ({ id }) => one(requests.saveState(nativeId(id))),
    create: async ({ spec: asked }, signal) => {
      const spec = asItIsCalled(asked);
      const facts = { ...(await this.#creation.facts(spec, signal)), uuid: '<id>' };
      const networks = [...new Map(facts.adapters.flatMap(({ create }) => (create ? [[create.ip, create] as const] : []))).values()];
      return [...networks.flatMap(createHostOnlyCalls), ...(facts.base.kind === 'master' ? masterCalls(facts.base, '<id of the base>') : []), makeCall(spec, facts), ...finishSteps(spec, facts, placeholder(facts, true)).map(step => step.call)];
    },
    delete: ({ id, disks }) => one(requests.unregister(nativeId(id), disks === 'delete')),
    rename: ({ id, name }) => one(requests.modify(nativeId(id), '--name', name)),
    resize: async ({ id, size }, signal) => resizeCalls(nativeId(id), size, await mediumAt(this.#deps.tool, nativeId(id), size, signal)),
    edit: async ({ id, changes }, signal) => {
      const info = parseVmInfo((await this.#deps.tool.ask(requests.showVm(nativeId(id)), signal)).stdout);
      // What needs the machine off is shown as it would run then.
      const off = new Map([...info, ['VMState', 'poweroff']]);
      return changes.flatMap(change => changeCalls(nativeId(id), change, info) ?? changeCalls(nativeId(id), change, off) ?? []);
    },
    clone: async ({ id, options }, signal) => {
      const take = options.takeSnapshot === true && options.snapshot === undefined;
      const snapshot = take ? '<snapshot id>' : options.snapshot;
      const source = take ? await this.#deps.states.read(nativeId(id), signal) : undefined;
      return [
        ...(source ? [requests.takeSnapshot(nativeId(id), baseName(options.name), { description: baseDescription(source.info.get('name') ?? '', { ...options, uuid: '<id>' }), live: source.word === 'running' })] : []),
        requests.cloneVm(nativeId(id), { name: options.name, uuid: '<id>', linked: options.linked === true, ...(snapshot === undefined ? (options.linked ? { snapshot: '<current snapshot>' } : {}) : { snapshot }) }),
      ];
    },
    snapshot: async ({ id, name, description }, signal) => one(requests.takeSnapshot(nativeId(id), name, { ...(description ? { description } : {}), live: (await this.#deps.states.read(nativeId(id), signal)).word === 'running' })),
    restoreSnapshot: async ({ id, snapshot }, signal) => {
      const uuid = nativeId(id);
      const state = await this.#deps.states.read(uuid, signal);
      return [...(state.online ? [requests.powerOff(uuid)] : []), requests.restoreSnapshot(uuid, snapshot), ...(state.online ? [requests.start(uuid, modeOfSession(state.session))] : [])];
    },
    deleteSnapshot: ({ id, snapshot }) => one(requests.deleteSnapshot(nativeId(id), snapshot)),
    editSnapshot: ({ id, snapshot, name, description }) => one(requests.editSnapshot(nativeId(id), snapshot, { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }) })),
    migrate: () => unsupported('migrate'),
    extra: ({ id, extra, input }, signal) => this.#extra(nativeId(id), extra, input, signal),
  };

  async #extra(uuid: string, extra: string, input: string | undefined, signal: AbortSignal): Promise<readonly Call[]> {
    switch (extra) {
      case 'discardSavedState':
        return [requests.discardState(uuid)];
      case 'moveToGroup':
        return [requests.modify(uuid, '--groups', groupText(input))];
      case 'sendCtrlAltDelete':
        return [requests.ctrlAltDelete(uuid)];
      case 'ejectMedia': {
        const { info } = await this.#deps.states.read(uuid, signal);
        return disksOf(info).flatMap(disk => {
          const slot = parseSlot(disk.slot);
          return disk.kind === 'cdrom' && disk.location !== undefined && slot ? [requests.attach(uuid, slot, 'dvddrive', 'emptydrive')] : [];
        });
      }
      default:
        // Only reads a file.
        return [];
    }
  }
}

const one = (call: Call): Promise<readonly Call[]> => Promise.resolve([call]);

function unsupported(verb: string): Promise<never> {
  return Promise.reject(new GaiaError('notSupported', { message: 'VirtualBox cannot do this ({0}).', values: [verb] }));
}
