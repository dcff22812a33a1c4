// `list --long hdds`: the tree of disks by parent, and which machine needs which.
import { parseBlocks, parseByteCount } from './blocks.ts';

export interface Medium {
  readonly uuid: string;
  readonly parent?: string;
  readonly location: string;
  readonly format?: string;
  readonly capacityBytes?: number;
  readonly sizeOnDiskBytes?: number;
  /** UUIDs of the machines, and of their snapshots, that have it attached. */
  readonly users: readonly string[];
}

export function parseMedia(stdout: string): readonly Medium[] {
  return parseBlocks(stdout).flatMap(block => {
    const uuid = block.get('UUID')?.toLowerCase();
    const location = block.get('Location');
    if (uuid === undefined || location === undefined) return [];
    const parent = block.get('Parent UUID')?.toLowerCase();
    const format = block.get('Storage format');
    const capacityBytes = parseByteCount(block.get('Capacity'));
    const sizeOnDiskBytes = parseByteCount(block.get('Size on disk'));
    const users = [...(block.get('In use by VMs') ?? '').matchAll(/\(UUID: ([0-9a-f-]{36})\)/gi)].map(match => (match[1] as string).toLowerCase());
    return [{
      uuid,
      location,
      users,
      ...(parent === undefined || parent === 'base' ? {} : { parent }),
      ...(format === undefined ? {} : { format }),
      ...(capacityBytes === undefined ? {} : { capacityBytes }),
      ...(sizeOnDiskBytes === undefined ? {} : { sizeOnDiskBytes }),
    }];
  });
}

/** The medium and all it is made of, nearest first. */
export function ancestry(media: readonly Medium[], uuid: string): readonly Medium[] {
  const byId = new Map(media.map(medium => [medium.uuid, medium]));
  const found: Medium[] = [];
  for (let at = byId.get(uuid); at && !found.includes(at); at = at.parent === undefined ? undefined : byId.get(at.parent)) found.push(at);
  return found;
}

export interface OwnedMedium {
  readonly medium: Medium;
  /** Other machines have it attached, too. */
  readonly shared: boolean;
}

/** The disks that belong to a machine (`own` = its UUID and those of its snapshots), and the other machines' disks that are built on them (linked clones). */
export function ownership(media: readonly Medium[], own: ReadonlySet<string>): { readonly owned: readonly OwnedMedium[]; readonly dependents: readonly Medium[] } {
  const attached = media.filter(medium => medium.users.some(user => own.has(user)));
  const attachedIds = new Set(attached.map(medium => medium.uuid));
  const foreign = media.filter(medium => !attachedIds.has(medium.uuid) && medium.users.some(user => !own.has(user)));
  const dependents = foreign.filter(medium => ancestry(media, medium.uuid).some(ancestor => attachedIds.has(ancestor.uuid)));
  return { owned: attached.map(medium => ({ medium, shared: medium.users.some(user => !own.has(user)) })), dependents };
}
