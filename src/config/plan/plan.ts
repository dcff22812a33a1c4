// Compares what a file says with what there is. Pure: the machines, their details and the bindings come in as data.
import { compareBasics, compareListed } from '../../machines/compare.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { Machine, MachineDetails, MachineId } from '../../machines/machine.ts';
import type { Difference } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { phrase } from '../phrase.ts';
import type { Bindings, Plan, PlanStep } from './model.ts';
import { provisionerRows, whyNotRun } from './provisioners.ts';
import { noPlace, placesIn, placeWord, whereaboutsOf } from './whereabouts.ts';
import type { PlaceOf, World } from './whereabouts.ts';

export interface PlanInput extends World {
  readonly specs: readonly MachineSpec[];
  readonly bindings: Bindings;
  /** Of the bound machines; undefined when they could not be read. */
  detailsOf(id: MachineId): MachineDetails | undefined;
  /** The public keys that a machine's file names, out of the files that hold them; undefined = they could not be read. */
  readonly keysOf?: (name: string) => readonly string[] | undefined;
  /** What a machine's file says under `provisioners`. */
  readonly provisionersOf?: (name: string) => unknown;
  /** Did its first setup, after it was made, not come to its end? */
  readonly unfinished?: (id: MachineId) => boolean;
}

export function makePlan(input: PlanInput): Plan {
  const names = new Set(input.specs.map(spec => spec.name));
  const placeOf = placesIn(input);
  const steps = input.specs.map(spec => stepFor(spec, input, placeOf, names));
  for (const [name, id] of input.bindings) {
    if (names.has(name)) continue;
    const { provider, connection } = parseMachineId(id);
    const machine = placeOf(provider, connection)?.byId.get(id);
    if (machine) steps.push({ kind: 'unmanaged', name, provider, machine, differences: [], after: [] });
  }
  return { steps: inOrder(steps), fingerprint: fingerprintOf(steps) };
}

function stepFor(spec: MachineSpec, input: PlanInput, placeOf: PlaceOf, names: ReadonlySet<string>): PlanStep {
  const base = { name: spec.name, provider: spec.provider, spec, differences: [], after: dependenciesOf(spec, names) };
  const blocked = noPlace(spec.provider, spec.connection, input, placeOf);
  if (blocked) return { ...base, kind: 'blocked', ...blocked };
  const planning = input.planningOf(spec.provider);
  const place = placeOf(spec.provider, spec.connection);

  const id = input.bindings.get(spec.name);
  const bound = id === undefined ? undefined : place?.byId.get(id);
  if (!bound) {
    const elsewhere = id === undefined ? undefined : leftElsewhere(spec, id, input, placeOf);
    if (elsewhere) return { ...base, kind: 'blocked', ...elsewhere };
    const namesake = place?.byName.get(spec.called ?? spec.name);
    if (namesake) return { ...base, kind: 'conflict', machine: namesake, reason: phrase('A machine named "{0}" exists and does not belong to this file. Adopt it, or choose another name.'), values: [spec.name] };
    const provisioners = input.provisionersOf?.(spec.name);
    return { ...base, kind: 'create', differences: [...summaryOf(spec), ...provisionerRows(provisioners)], ...whyNotRun(provisioners, spec) };
  }
  const details = input.detailsOf(bound.id);
  if (!details) return { ...base, machine: bound, kind: 'blocked', reason: phrase('The settings of "{0}" could not be read.'), values: [bound.name] };
  const differences = [...renamed(spec, details.machine), ...(planning === undefined || planning === 'basic' ? compareBasics(spec, details) : planning.compare(withKeys(spec, input.keysOf?.(spec.name)), details))];
  if (input.unfinished?.(bound.id) !== true) return { ...base, machine: bound, differences, kind: kindOf(differences) };
  const all: readonly Difference[] = [...differences, { key: 'provisioning', before: 'not finished', after: 'finished', effect: 'live' }];
  return { ...base, machine: bound, differences: all, kind: kindOf(all), unfinished: true };
}

/** To compare with alone: who logs in needs to know in which file a key is. */
function withKeys(spec: MachineSpec, sshKeys: readonly string[] | undefined): MachineSpec {
  return sshKeys === undefined ? spec : { ...spec, cloudInit: { ...spec.cloudInit, sshKeys } };
}

/** The file made it in another place than it wants it now. To make another one there would leave this one behind, and nobody would know whose it is. */
function leftElsewhere(spec: MachineSpec, id: MachineId, input: PlanInput, placeOf: PlaceOf): Pick<PlanStep, 'machine' | 'reason' | 'values' | 'actions'> | undefined {
  const where = whereaboutsOf(spec.name, id, input, placeOf);
  if (where.kind === 'unknown') return where.why;
  if (where.kind === 'gone') return undefined;
  const { provider, connection } = parseMachineId(id);
  const destroy = input.buttons?.(spec.name).destroy;
  return { machine: where.machine, reason: phrase('This file made "{0}" with {1}, and it is still there. Destroy it first, or give the new machine another name.'), values: [spec.name, placeWord(provider, connection)], ...destroy ? { actions: [destroy] } : {} };
}

function renamed(spec: MachineSpec, { name, state }: Machine): readonly Difference[] {
  const wanted = spec.called ?? spec.name;
  return name === wanted ? [] : [{ key: 'name', before: name, after: wanted, effect: state === 'stopped' ? 'live' : 'stop', change: { rename: wanted } }];
}

/** What differs as far as the list of machines tells, without asking for details: for marks in the tree. The plan knows more. */
export function listedDifferences(spec: MachineSpec, machine: Machine): readonly Difference[] {
  return [...renamed(spec, machine), ...compareListed(spec, machine)];
}

function kindOf(differences: readonly Difference[]): PlanStep['kind'] {
  if (differences.length === 0) return 'none';
  if (differences.some(difference => difference.effect === 'replace')) return 'replace';
  return differences.some(difference => difference.effect === 'stop') ? 'stop' : 'update';
}

/** What a machine to be made will be, in the words of the differences. */
function summaryOf(spec: MachineSpec): readonly Difference[] {
  const { source } = spec;
  const from = { empty: 'empty', box: 'box', image: 'image', iso: 'iso', clone: 'clone of', tarball: 'tarball', distribution: 'distribution' }[source.kind];
  const what = source.kind === 'box' || source.kind === 'distribution' ? source.name : source.kind === 'clone' ? source.of : source.kind === 'empty' ? '' : source.url;
  const rows: [string, string | undefined][] = [
    ['source', `${from} ${what}`.trim()],
    ['cpus', spec.cpus?.toString()],
    ['memory', spec.memoryMiB === undefined ? undefined : `${String(spec.memoryMiB)} MiB`],
    // 0 = the source's own size.
    ...spec.disks.flatMap((disk, index): [string, string][] => (disk.sizeBytes > 0 ? [[`disk ${String(index + 1)}`, `${String(Math.round(disk.sizeBytes / 2 ** 20))} MiB`]] : [])),
    ...spec.networks.map((network, index): [string, string] => [`network ${String(index + 1)}`, [network.type, network.ip ?? ('bridge' in network ? network.bridge : undefined)].filter(Boolean).join(' ')]),
    ...spec.portForwards.map((forward): [string, string] => [`forward ${String(forward.hostPort)}`, `${String(forward.hostPort)} → ${String(forward.guestPort)}/${forward.protocol}`]),
    ...spec.sharedFolders.filter(folder => !folder.disabled).map((folder): [string, string] => [`folder ${folder.guestPath}`, folder.hostPath]),
    ['hostname', spec.hostname],
    ['cloud-init', spec.cloudInit && (spec.cloudInit.user ?? 'yes')],
    ...Object.entries(spec.options).map(([key, value]): [string, string] => [`setting ${key}`, typeof value === 'string' ? value : JSON.stringify(value)]),
    ['started', spec.start === false ? 'no' : undefined],
  ];
  return rows.filter(([, after]) => after !== undefined).map(([key, after]) => ({ key, after: after as string, effect: 'live' as const }));
}

function dependenciesOf(spec: MachineSpec, names: ReadonlySet<string>): readonly string[] {
  return spec.source.kind === 'clone' && names.has(spec.source.of) && spec.source.of !== spec.name ? [spec.source.of] : [];
}

/** Those that others need come first; the file's order otherwise. Machines that need each other are blocked. */
export function inOrder(steps: readonly PlanStep[]): readonly PlanStep[] {
  const byName = new Map(steps.map(step => [step.name, step]));
  const done = new Set<string>();
  const ordered: PlanStep[] = [];
  const visit = (step: PlanStep, trail: readonly string[]): boolean => {
    if (done.has(step.name)) return true;
    if (trail.includes(step.name)) return false;
    const whole = step.after.every(name => {
      const needed = byName.get(name);
      return needed === undefined || visit(needed, [...trail, step.name]);
    });
    if (!done.has(step.name)) {
      done.add(step.name);
      ordered.push(whole ? step : { ...step, kind: 'blocked', reason: phrase('"{0}" and a machine it is cloned from need each other.'), values: [step.name] });
    }
    return true;
  };
  for (const step of steps) visit(step, []);
  return ordered;
}

/** Changes whenever the plan would be another one: states and differences, not the wording. */
function fingerprintOf(steps: readonly PlanStep[]): string {
  return JSON.stringify(steps.map(step => [step.kind, step.name, step.machine?.id, step.machine?.state, step.differences.map(d => [d.key, d.before, d.after, d.effect])]));
}

export function changes(plan: Plan): readonly PlanStep[] {
  return plan.steps.filter(step => step.kind !== 'none' && step.kind !== 'unmanaged');
}
