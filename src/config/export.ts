// An existing machine as a .gaia.json that describes it: what the config language has words for, the rest left out. Pure.
import type { MachineDetails, NetworkAdapter } from '../machines/machine.ts';

/** JSON text. The source is a comment to be filled in: from what a machine was made once cannot be read off it. */
export function configOf(details: MachineDetails, provider: string): string {
  const { machine } = details;
  const [first, ...more] = details.disks.filter(disk => disk.kind === 'disk' && disk.extra?.['unused'] !== true);
  const disk = first?.capacityBytes;
  const disks = more.flatMap(({ capacityBytes, storage }) => (capacityBytes === undefined ? [] : [{ size: wholeUnits(capacityBytes), ...storage === undefined ? {} : { storage } }]));
  const networks = [...details.portForwards.map(forward => ({
    type: 'forwarded_port', guest_port: forward.guestPort, host_port: forward.hostPort, ...forward.protocol === 'udp' ? { protocol: 'udp' } : {}, ...forward.hostIp ? { host_ip: forward.hostIp } : {},
  })), ...details.adapters.flatMap(network)];
  const folders = details.sharedFolders.filter(folder => !folder.transient).map(folder => ({ host_path: folder.hostPath, guest_path: folder.mountPoint && folder.mountPoint !== '' ? folder.mountPoint : `/media/sf_${folder.name}` }));
  const config = {
    ...machine.description ? { description: machine.description } : {},
    ...machine.tags && machine.tags.length > 0 ? { tags: machine.tags } : {},
    ...machine.cpus === undefined ? {} : { cpus: machine.cpus },
    ...machine.memoryMiB === undefined ? {} : { memory: machine.memoryMiB },
    ...disk === undefined ? {} : { disk_size: wholeUnits(disk) },
    // A place in the list means a disk: with one of unknown size before it, none could be told.
    ...disks.length > 0 && disks.length === more.length ? { disks } : {},
    ...networks.length > 0 ? { networks } : {},
    ...folders.length > 0 ? { synced_folders: folders } : {},
  };
  const text = JSON.stringify({ name: machine.name, provider, config }, undefined, 2);
  return `// Made from the machine "${machine.name.replaceAll(/[\r\n\u2028\u2029]+/g, ' ')}" as it is now.\n${text.replace('"config": {', '"config": {\n    // What a new machine should start from: "box", "image", "iso" or "clone_from".')}\n`;
}

/** NAT is what every machine has; it needs no word. */
function network(adapter: NetworkAdapter): readonly Record<string, unknown>[] {
  const ip = adapter.addresses?.find(address => /^\d+\.\d+\.\d+\.\d+$/.test(address));
  switch (adapter.mode) {
    case 'hostonly':
      return [{ type: 'private_network', ...ip === undefined ? { dhcp: true } : { ip } }];
    case 'bridged':
    case 'bridge':
      return [{ type: 'public_network', ...adapter.network === undefined ? {} : { bridge: adapter.network } }];
    default:
      return [];
  }
}

function wholeUnits(bytes: number): string {
  const gib = 2 ** 30;
  return bytes % gib === 0 ? `${String(bytes / gib)}G` : `${String(Math.round(bytes / 2 ** 20))}M`;
}
