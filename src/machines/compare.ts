// The differences every provider has in common: cpus, memory, the first disk. A provider's `planning` builds on these.
import type { Disk, MachineDetails } from './machine.ts';
import type { Difference } from './provider.ts';
import type { MachineSpec } from './spec.ts';

const mib = 1024 * 1024;

/** A suspended machine counts as not stopped: its saved state holds the old settings. */
export function stopNeeded(details: MachineDetails): Difference['effect'] {
  return details.machine.state === 'stopped' ? 'live' : 'stop';
}

/** Differences in cpus, memory and the size of the first disk. A disk that is larger than wanted cannot shrink. */
export function compareBasics(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const differences: Difference[] = [];
  const { cpus, memoryMiB } = details.machine;
  if (spec.cpus !== undefined && cpus !== undefined && cpus !== spec.cpus) {
    differences.push({ key: 'cpus', before: String(cpus), after: String(spec.cpus), effect: stopNeeded(details), change: { resize: { cpus: spec.cpus } } });
  }
  if (spec.memoryMiB !== undefined && memoryMiB !== undefined && memoryMiB !== spec.memoryMiB) {
    differences.push({ key: 'memory', before: `${String(memoryMiB)} MiB`, after: `${String(spec.memoryMiB)} MiB`, effect: stopNeeded(details), change: { resize: { memoryMiB: spec.memoryMiB } } });
  }
  const wanted = spec.disks[0]?.sizeBytes;
  const first = firstDisk(details);
  if (wanted !== undefined && wanted > 0 && first?.capacityBytes !== undefined && first.capacityBytes !== wanted) {
    const sizes = { key: `disk ${first.slot}`, before: mebibytes(first.capacityBytes), after: mebibytes(wanted) };
    if (wanted > first.capacityBytes) differences.push({ ...sizes, effect: stopNeeded(details), change: { resize: { disk: { slot: first.slot, sizeBytes: wanted } } } });
    // An image may well be larger than asked for: the disk of a box cannot be cut, and is what the file's machine got when it was made.
  }
  return differences;
}

export function firstDisk(details: MachineDetails): Disk | undefined {
  return details.disks.find(disk => disk.kind === 'disk');
}

function mebibytes(bytes: number): string {
  return bytes % (1024 * mib) === 0 ? `${String(bytes / (1024 * mib))} GiB` : `${String(Math.round(bytes / mib))} MiB`;
}
