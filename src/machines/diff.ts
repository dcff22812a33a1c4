// What changed between two lists of machines, by id. Rows that are equal keep their object, so the tree keeps its elements.
import type { Machine, MachineId } from './machine.ts';

export interface MachineDiff {
  readonly added: readonly Machine[];
  readonly removed: readonly Machine[];
  readonly changed: readonly { readonly before: Machine; readonly after: Machine }[];
}

export interface DiffResult extends MachineDiff {
  /** The new list, with the old object wherever nothing about it changed. */
  readonly machines: ReadonlyMap<MachineId, Machine>;
}

/** Two machines of one id in `next` are a provider's fault; the last one wins. */
export function diffMachines(previous: ReadonlyMap<MachineId, Machine>, next: Iterable<Machine>): DiffResult {
  const machines = new Map<MachineId, Machine>();
  for (const machine of next) {
    const before = previous.get(machine.id);
    machines.set(machine.id, before !== undefined && sameValue(before, machine) ? before : machine);
  }
  const added: Machine[] = [];
  const changed: { before: Machine; after: Machine }[] = [];
  for (const machine of machines.values()) {
    const before = previous.get(machine.id);
    if (before === undefined) added.push(machine);
    else if (before !== machine) changed.push({ before, after: machine });
  }
  const removed = [...previous.values()].filter(machine => !machines.has(machine.id));
  return { machines, added, removed, changed };
}

export function isEmptyDiff(diff: MachineDiff): boolean {
  return diff.added.length === 0 && diff.removed.length === 0 && diff.changed.length === 0;
}

/** Equality of JSON-like values; a key that is undefined equals a key that is missing. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}
