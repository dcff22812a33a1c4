// Where the machine is that a name of a file is bound to. It is given up (made anew, another one adopted) only when its provider has answered,
// and has it no more: what is merely out of sight would be left behind, and nobody would know whose it is.
import type { ErrorAction } from '../../machines/errors.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import type { Planning } from '../../machines/provider.ts';
import { machineKind } from '../kinds.ts';
import { phrase } from '../phrase.ts';
import type { PlanStep } from './model.ts';

/** Why something is not known or not done, and what to do about it. */
export type Why = Pick<PlanStep, 'reason' | 'values' | 'actions'>;

export interface World {
  /** Machines of a provider (and connection), or undefined when it did not answer: then nothing may be concluded from their absence. */
  machinesOf(provider: string, connection: string | undefined): readonly Machine[] | undefined;
  /** Is there such a provider, and how does it compare? */
  planningOf(provider: string): Planning | 'basic' | undefined;
  /** Is there such a connection at all, whether it answers or not? Without this: yes. */
  readonly hasConnection?: (provider: string, connection: string | undefined) => boolean;
  /** What a provider that did not answer said of itself: l10n key with values. */
  readonly whyNot?: (provider: string, connection: string | undefined) => Why | undefined;
  /** Does the person not want to see the provider? Then it has no connection for that reason. */
  readonly isHidden?: (provider: string) => boolean;
  /** Buttons about a name of the file. */
  readonly buttons?: (name: string) => { readonly release: ErrorAction; readonly destroy: ErrorAction };
}

/** The machines of one connection, found by id and by name. */
export interface Place {
  readonly byId: ReadonlyMap<MachineId, Machine>;
  readonly byName: ReadonlyMap<string, Machine>;
}
export type PlaceOf = (provider: string, connection: string | undefined) => Place | undefined;

/** Asks for the machines of each place once. */
export function placesIn(world: World): PlaceOf {
  const places = new Map<string, Place | undefined>();
  return (provider, connection) => {
    const key = `${provider}:${connection ?? ''}`;
    if (!places.has(key)) places.set(key, indexed(world.machinesOf(provider, connection)));
    return places.get(key);
  };
}

function indexed(machines: readonly Machine[] | undefined): Place | undefined {
  return machines && { byId: new Map(machines.map(machine => [machine.id, machine])), byName: new Map(machines.map(machine => [machine.name, machine])) };
}

export type Whereabouts = { readonly kind: 'there'; readonly machine: Machine } | { readonly kind: 'gone' } | { readonly kind: 'unknown'; readonly why: Why };

export function whereaboutsOf(name: string, id: MachineId, world: World, placeOf: PlaceOf): Whereabouts {
  const { provider, connection } = parseMachineId(id);
  if (world.planningOf(provider) === undefined || world.hasConnection?.(provider, connection) === false) {
    const release = world.buttons?.(name).release;
    return { kind: 'unknown', why: {
      reason: phrase('This file made "{0}" with {1}, and there is no such connection any more, so it is not known whether it is still there. Connect again, or release the machine.'), values: [name, placeWord(provider, connection)],
      actions: [...connect(provider, world), ...release ? [release] : []],
    } };
  }
  const place = placeOf(provider, connection);
  if (!place) return { kind: 'unknown', why: didNotAnswer(provider, connection, world) };
  const machine = place.byId.get(id);
  return machine ? { kind: 'there', machine } : { kind: 'gone' };
}

/** Why the place that a machine of the file is meant for cannot be looked into; undefined = it can. */
export function noPlace(provider: string, connection: string | undefined, world: World, placeOf: PlaceOf): Why | undefined {
  if (world.planningOf(provider) === undefined) return { reason: phrase('There is no connection for the provider "{0}".'), values: [provider], actions: connect(provider, world) };
  if (connection !== undefined && world.hasConnection?.(provider, connection) === false) return { reason: phrase('{0} has no connection "{1}".'), values: [provider, connection], actions: connect(provider, world) };
  return placeOf(provider, connection) ? undefined : didNotAnswer(provider, connection, world);
}

export function placeWord(provider: string, connection: string): string {
  return connection === 'local' ? provider : `${provider} (${connection})`;
}

function didNotAnswer(provider: string, connection: string | undefined, world: World): Why {
  return world.whyNot?.(provider, connection) ?? { reason: phrase('{0} did not answer, so it is not known what is there.'), values: [provider] };
}

/** This computer's own providers need no connection: they are there, or are not for this computer. */
function connect(provider: string, world: World): readonly ErrorAction[] {
  if (world.isHidden?.(provider) === true) return [{ title: 'Open Setting', command: 'workbench.action.openSettings', args: ['gaia.hiddenProviders'] }];
  return machineKind(provider).local ? [] : [{ title: 'Add Connection…', command: 'gaia.connection.add' }];
}
