// The snapshot tree as `--machinereadable` spells it: `SnapshotName`, `SnapshotName-1`, `SnapshotName-1-2` … Used where the .vbox file cannot be read.
import type { Snapshot } from '../../../machines/machine.ts';
import type { VmInfo } from './info.ts';

export function snapshotsOf(info: VmInfo): readonly Snapshot[] {
  const current = info.get('CurrentSnapshotUUID');
  const nodes = [...info.keys()].flatMap(key => {
    const suffix = /^SnapshotName((?:-\d+)*)$/.exec(key)?.[1];
    return suffix === undefined ? [] : [suffix];
  });
  const isChild = (parent: string, node: string): boolean => node.startsWith(`${parent}-`) && /^-\d+$/.test(node.slice(parent.length));
  const read = (suffix: string): Snapshot => {
    const id = info.get(`SnapshotUUID${suffix}`) ?? '';
    const description = info.get(`SnapshotDescription${suffix}`);
    return {
      id,
      name: info.get(`SnapshotName${suffix}`) ?? '',
      ...(description ? { description } : {}),
      ...(id === current ? { current: true } : {}),
      children: nodes.filter(node => isChild(suffix, node)).map(read),
    };
  };
  return nodes.filter(node => node === '').map(read);
}

export function flatten(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  return snapshots.flatMap(snapshot => [snapshot, ...flatten(snapshot.children)]);
}
