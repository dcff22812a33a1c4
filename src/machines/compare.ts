// The differences every provider has in common: cpus, memory, the first disk. A provider's `planning` builds on these.
import type { Disk, Machine, MachineDetails } from './machine.ts';
import type { Difference } from './provider.ts';
import type { MachineSpec } from './spec.ts';

const mib = 1024 * 1024;

/** A suspended machine counts as not stopped: its saved state holds the old settings. */
export function stopNeeded({ machine }: Pick<MachineDetails, 'machine'>): Difference['effect'] {
  return machine.state === 'stopped' ? 'live' : 'stop';
}

/** Differences that the list of machines shows already, without asking for details: cpus and memory. */
export function compareListed(spec: Pick<MachineSpec, 'cpus' | 'memoryMiB'>, machine: Machine): readonly Difference[] {
  const { cpus, memoryMiB } = machine;
  const effect = stopNeeded({ machine });
  return [
    ...spec.cpus === undefined || cpus === undefined || cpus === spec.cpus ? [] : [{ key: 'cpus', before: String(cpus), after: String(spec.cpus), effect, change: { resize: { cpus: spec.cpus } } }],
    ...spec.memoryMiB === undefined || memoryMiB === undefined || memoryMiB === spec.memoryMiB ? [] : [{ key: 'memory', before: `${String(memoryMiB)} MiB`, after: `${String(spec.memoryMiB)} MiB`, effect, change: { resize: { memoryMiB: spec.memoryMiB } } }],
  ];
}

/** Differences in cpus, memory and the size of the first disk. A disk that is larger than wanted cannot shrink. */
export function compareBasics(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const differences: Difference[] = [...compareListed(spec, details.machine)];
  const wanted = spec.disks[0]?.sizeBytes;
  const first = firstDisk(details);
  if (wanted !== undefined && wanted > 0 && first?.capacityBytes !== undefined && !isSameSize(first.capacityBytes, wanted)) {
    const sizes = { key: `disk ${first.slot}`, before: mebibytes(first.capacityBytes), after: mebibytes(wanted) };
    if (wanted > first.capacityBytes) differences.push({ ...sizes, effect: stopNeeded(details), change: { resize: { disk: { slot: first.slot, sizeBytes: wanted } } } });
    // An image may well be larger than asked for: the disk of a box cannot be cut, and is what the file's machine got when it was made.
  }
  return differences;
}

/** A file counts in whole MiB; disks need not. */
export function isSameSize(bytes: number, wantedBytes: number): boolean {
  return Math.abs(bytes - wantedBytes) < mib;
}

export function firstDisk(details: MachineDetails): Disk | undefined {
  return details.disks.find(disk => disk.kind === 'disk');
}

function mebibytes(bytes: number): string {
  return bytes % (1024 * mib) === 0 ? `${String(bytes / (1024 * mib))} GiB` : `${String(Math.round(bytes / mib))} MiB`;
}
