// The snapshots of a machine: a flat list with parents, as a tree.
import type { Snapshot } from '../../machines/machine.ts';
import { flag, number, present, rows, text } from './fields.ts';
import type { Row } from './fields.ts';

/** The flat list with its pseudo entry `current` → a tree. A parent that is not in the list leaves its child at the root. */
export function parseSnapshots(data: unknown): Snapshot[] {
  const all = rows(data).filter(row => text(row['name']) !== undefined);
  const names = new Set(all.map(row => text(row['name'])));
  const parentOf = (row: Row): string | undefined => {
    const parent = text(row['parent']);
    return parent !== undefined && parent !== 'current' && names.has(parent) ? parent : undefined;
  };
  const current = all.find(row => row['name'] === 'current');
  const currentParent = current ? parentOf(current) : undefined;
  const real = all.filter(row => row['name'] !== 'current');
  const placed = new Set<string>();
  const build = (row: Row): Snapshot => {
    const name = text(row['name']) as string;
    placed.add(name);
    const time = number(row['snaptime']);
    const description = text(row['description']);
    return present<Snapshot>({
      id: name,
      name,
      description: description === '' ? undefined : description,
      createdAt: time === undefined || time === 0 ? undefined : new Date(time * 1000).toISOString(),
      withMemory: flag(row['vmstate']) ? true : undefined,
      current: name === currentParent ? true : undefined,
      children: real.filter(child => parentOf(child) === name && !placed.has(text(child['name']) as string)).map(build),
    });
  };
  const roots = real.filter(row => parentOf(row) === undefined).map(build);
  // Parents in a circle cannot be; if they are, nothing is hidden.
  return [...roots, ...real.filter(row => !placed.has(text(row['name']) as string)).map(build)];
}

/** A snapshot whose making failed halfway: `snapstate: prepare`. */
export function brokenSnapshots(data: unknown): readonly string[] {
  return rows(data).filter(row => row['snapstate'] !== undefined).map(row => text(row['name']) ?? '');
}
