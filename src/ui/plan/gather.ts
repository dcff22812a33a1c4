// What a plan needs to know, asked of the providers: their machines once, and the details of the file's own machines.
import * as os from 'node:os';
import * as path from 'node:path';
import PQueue from 'p-queue';
import { parseConfig } from '../../config/parse.ts';
import { checkConfig } from '../../config/check.ts';
import type { ParsedConfig, ParseProblem, TextRange } from '../../config/model.ts';
import type { Bindings, Plan } from '../../config/plan/model.ts';
import { makePlan } from '../../config/plan/plan.ts';
import type { Why, World } from '../../config/plan/whereabouts.ts';
import { machineSpec } from '../../config/spec.ts';
import { validateConfig } from '../../config/validate.ts';
import { publicKeys } from '../../images/cloudInit.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { Fleet, FleetEntry } from '../../machines/fleet.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { Machine, MachineDetails, MachineId } from '../../machines/machine.ts';
import type { ProviderRegistry } from '../../machines/registry.ts';
import type { MachineSpec } from '../../machines/spec.ts';

export interface Gathered {
  readonly plan: Plan;
  readonly parsed: ParsedConfig;
  readonly specs: readonly MachineSpec[];
}

export interface GatherOptions {
  /** Plan just this machine of the file (and what it is cloned from). */
  readonly only?: string | undefined;
  /** What relative paths of the file count from. */
  readonly baseFolder?: string | undefined;
  readonly unfinished?: ((id: MachineId) => boolean) | undefined;
  /** Buttons for an error of the file, by where it is. */
  readonly actionsAt?: ((range: TextRange) => readonly ErrorAction[]) | undefined;
  /** What only the window knows of the world. */
  readonly world?: Pick<World, 'buttons' | 'isHidden'>;
}

/** Throws GaiaError `invalidInput` naming the first error of the file. */
export async function gatherPlan(registry: ProviderRegistry, fleet: Fleet, text: string, bindings: Bindings, signal: AbortSignal, { only, baseFolder, unfinished, actionsAt, world }: GatherOptions = {}): Promise<Gathered> {
  const parsed = parseConfig(text);
  const [problem] = [...parsed.problems, ...validateConfig(parsed), ...checkConfig(parsed)].filter(one => one.severity === 'error');
  if (problem) throw badFile(parsed, problem, actionsAt?.(problem.range) ?? []);
  const all = parsed.machines.map(machine => withPaths(machineSpec(machine), baseFolder));
  const specs = only === undefined ? all : withSources(all, only);
  const wanted = new Set([...specs.map(spec => spec.provider), ...[...bindings.values()].map(id => parseMachineId(id).provider)]);
  await fleet.refresh({ providers: registry.all().filter(provider => wanted.has(provider.id)), fresh: true });
  const details = await detailsOf(registry, fleet, [...bindings.values()], signal);
  const keys = await keysOf(specs.filter(spec => bindings.has(spec.name)));
  const provisioners = new Map(parsed.machines.map(machine => [machine.name, machine.config['provisioners']]));
  const plan = makePlan({
    specs,
    bindings: only === undefined ? bindings : new Map([...bindings].filter(([name]) => specs.some(spec => spec.name === name))),
    ...worldOf(registry, fleet, world),
    detailsOf: id => details.get(id),
    keysOf: name => keys.get(name),
    provisionersOf: name => provisioners.get(name),
    ...unfinished ? { unfinished } : {},
  });
  return { plan, parsed, specs };
}

/** What there is, as the fleet has seen it last. */
export function worldOf(registry: ProviderRegistry, fleet: Fleet, more: GatherOptions['world'] = {}): World {
  const entries = fleet.entries();
  return {
    machinesOf: (provider, connection) => machinesOf(entries, provider, connection),
    hasConnection: (provider, connection) => entriesOf(entries, provider, connection).length > 0,
    whyNot: (provider, connection) => whyNot(entriesOf(entries, provider, connection)),
    planningOf: provider => {
      const found = registry.all().find(one => one.id === provider);
      return found && (found.planning ?? 'basic');
    },
    ...more,
  };
}

/** Shared folders with absolute paths, and what the paths count from that only the provider knows as such. Those of other computers (Proxmox) stay. */
function withPaths(spec: MachineSpec, baseFolder: string | undefined): MachineSpec {
  if (baseFolder === undefined) return spec;
  const home = os.homedir();
  return { ...spec, baseFolder, sharedFolders: spec.sharedFolders.map(folder => ({ ...folder, hostPath: path.resolve(baseFolder, folder.hostPath.replace(/^~(?=[\\/]|$)/, home)) })) };
}

/** What cannot be read is not compared; a create says why. */
async function keysOf(specs: readonly MachineSpec[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await Promise.all(specs.map(async ({ name, cloudInit, baseFolder }): Promise<readonly (readonly [string, readonly string[]])[]> => {
    if (!cloudInit?.sshKeys) return [];
    const keys = await publicKeys(cloudInit.sshKeys, { home: os.homedir(), ...baseFolder === undefined ? {} : { baseFolder } }).catch(() => undefined);
    return keys ? [[name, keys]] : [];
  }));
  return new Map(found.flat());
}

function withSources(specs: readonly MachineSpec[], name: string): readonly MachineSpec[] {
  const spec = specs.find(one => one.name === name);
  if (!spec) return [];
  const of = spec.source.kind === 'clone' ? spec.source.of : undefined;
  const source = of === undefined || of === name ? [] : withSources(specs.filter(one => one !== spec), of);
  return [...source, spec];
}

/** Of the connection named by id or label; all of the provider when none is named. */
export function entriesOf(entries: readonly FleetEntry[], provider: string, connection: string | undefined): readonly FleetEntry[] {
  return entries.filter(entry => entry.provider.id === provider && (connection === undefined || entry.provider.connection.id === connection || entry.provider.connection.label === connection));
}

/** undefined = the provider did not answer (or is not there), so that nothing is concluded. */
function machinesOf(entries: readonly FleetEntry[], provider: string, connection: string | undefined): readonly Machine[] | undefined {
  const mine = entriesOf(entries, provider, connection);
  return mine.length === 0 || mine.some(entry => entry.status.kind !== 'ready') ? undefined : mine.flatMap(entry => entry.machines);
}

function whyNot(entries: readonly FleetEntry[]): Why | undefined {
  for (const { status } of entries) if (status.kind === 'failed') return { reason: status.error.detail.message, values: status.error.detail.values ?? [], ...status.error.detail.actions ? { actions: status.error.detail.actions } : {} };
  return undefined;
}

async function detailsOf(registry: ProviderRegistry, fleet: Fleet, ids: readonly MachineId[], signal: AbortSignal): Promise<ReadonlyMap<MachineId, MachineDetails>> {
  const queue = new PQueue({ concurrency: 4 });
  const found = await Promise.all(ids.filter(id => fleet.machine(id) !== undefined).map(id => queue.add(async (): Promise<readonly [MachineId, MachineDetails] | undefined> => {
    try {
      const details = await registry.of(id)?.describe(id, signal);
      return details && [id, details];
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  })));
  return new Map(found.filter(one => typeof one === 'object'));
}

function badFile(parsed: ParsedConfig, problem: ParseProblem, actions: readonly ErrorAction[]): GaiaError {
  const line = parsed.text.slice(0, problem.range.offset).split('\n').length;
  return new GaiaError('invalidInput', { message: `Line {${String(problem.values?.length ?? 0)}}: ${problem.message}`, values: [...problem.values ?? [], line], hint: 'Mend the file first: nothing was changed.', actions });
}
