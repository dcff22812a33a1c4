// Disks, network adapters, port forwards and shared folders from `showvminfo --machinereadable`.
import type { Disk, NetworkAdapter, PortForward, SharedFolder } from '../../../machines/machine.ts';
import type { VmInfo } from './info.ts';

export interface Controller {
  readonly name: string;
  /** `IntelAhci`, `PIIX4`, `LsiLogic`, `I82078` … */
  readonly chip: string;
  readonly ports: number;
  readonly maxPorts: number;
}

export function controllersOf(info: VmInfo): readonly Controller[] {
  const found: Controller[] = [];
  for (let index = 0; info.has(`storagecontrollername${String(index)}`); index++) {
    found.push({
      name: info.get(`storagecontrollername${String(index)}`) ?? '',
      chip: info.get(`storagecontrollertype${String(index)}`) ?? '',
      ports: Number(info.get(`storagecontrollerportcount${String(index)}`) ?? 0),
      maxPorts: Number(info.get(`storagecontrollermaxportcount${String(index)}`) ?? 0),
    });
  }
  return found;
}

/** `SATA 0:1` ⇄ its parts. Controller names are unique within a machine. */
export function slotOf(controller: string, port: number, device: number): string {
  return `${controller} ${String(port)}:${String(device)}`;
}

export function parseSlot(slot: string): { readonly controller: string; readonly port: number; readonly device: number } | undefined {
  const match = /^(.*) (\d+):(\d+)$/s.exec(slot);
  return match ? { controller: match[1] as string, port: Number(match[2]), device: Number(match[3]) } : undefined;
}

/** Drives with and without a medium. The medium's UUID is in `extra.uuid`. */
export function disksOf(info: VmInfo): readonly Disk[] {
  return controllersOf(info).flatMap(controller => {
    const found: Disk[] = [];
    for (const [key, value] of info) {
      if (!key.startsWith(`${controller.name}-`)) continue;
      const place = /^(\d+)-(\d+)$/.exec(key.slice(controller.name.length + 1));
      if (!place || value === 'none') continue;
      const [port, device] = [Number(place[1]), Number(place[2])];
      const uuid = info.get(`${controller.name}-ImageUUID-${String(port)}-${String(device)}`);
      const removable = info.has(`${controller.name}-IsEjected-${String(port)}-${String(device)}`) || value === 'emptydrive' || /\.(?:iso|dmg|cdr)$/i.test(value);
      const kind = controller.chip === 'I82078' ? 'floppy' : removable ? 'cdrom' : 'disk';
      found.push({ slot: slotOf(controller.name, port, device), kind, ...(value === 'emptydrive' ? {} : { location: value }), ...(uuid === undefined ? {} : { extra: { uuid } }) });
    }
    return found;
  });
}

// The key that names the network of each mode, without the adapter's number.
const networkKeys: Readonly<Record<string, string>> = { bridged: 'bridgeadapter', intnet: 'intnet', hostonly: 'hostonlyadapter', hostonlynetwork: 'hostonly-network', natnetwork: 'nat-network', generic: 'generic', nat: 'natnet' };

export function adaptersOf(info: VmInfo): readonly NetworkAdapter[] {
  const found: NetworkAdapter[] = [];
  for (let index = 1; info.has(`nic${String(index)}`); index++) {
    const mode = (info.get(`nic${String(index)}`) ?? 'none').toLowerCase();
    if (mode === 'none') continue;
    const key = networkKeys[mode];
    const network = key === undefined ? undefined : info.get(`${key}${String(index)}`);
    const mac = info.get(`macaddress${String(index)}`);
    const model = info.get(`nictype${String(index)}`);
    const cable = info.get(`cableconnected${String(index)}`);
    found.push({
      index,
      mode,
      // The NAT network called `nat` is VirtualBox's word for "the default".
      ...(network && !(mode === 'nat' && network === 'nat') ? { network } : {}),
      ...(mac ? { macAddress: mac.match(/../g)?.join(':') ?? mac } : {}),
      ...(model ? { model } : {}),
      ...(cable === undefined ? {} : { connected: cable === 'on' }),
    });
  }
  return found;
}

/** Rules restart at `Forwarding(0)` for each adapter and stand after its `nicN` line, so the order of lines counts. */
export function forwardsOf(stdout: string): readonly PortForward[] {
  const found: PortForward[] = [];
  let adapter = 0;
  for (const line of stdout.split('\n')) {
    const nic = /^nic(\d+)="/.exec(line);
    if (nic) adapter = Number(nic[1]);
    const rule = /^Forwarding\(\d+\)="(.*)"$/.exec(line);
    // From the right: five fields without commas, and the name is what is left.
    const parts = rule && /^(.*),(tcp|udp),([^,]*),(\d+),([^,]*),(\d+)$/.exec(rule[1] as string);
    if (!parts) continue;
    const [, name, protocol, hostIp, hostPort, guestIp, guestPort] = parts as unknown as [string, string, 'tcp' | 'udp', string, string, string, string];
    found.push({ name, adapter, protocol, ...(hostIp ? { hostIp } : {}), hostPort: Number(hostPort), ...(guestIp ? { guestIp } : {}), guestPort: Number(guestPort) });
  }
  return found;
}

/** Names and paths only: the flags are not in this answer (facts, section 2). */
export function foldersOf(info: VmInfo): readonly SharedFolder[] {
  return [...info].flatMap(([key, name]) => {
    const match = /^SharedFolderName(Machine|Transient|Global)Mapping(\d+)$/.exec(key);
    if (!match) return [];
    const hostPath = info.get(`SharedFolderPath${match[1] as string}Mapping${match[2] as string}`) ?? '';
    return [{ name, hostPath, ...(match[1] === 'Transient' ? { transient: true } : {}) }];
  });
}

/** Flags of the shared folders, from the answer for people: `Name: 'src', Host path: '/x' (machine mapping), readonly, auto-mount, mount-point: '/mnt'`. */
export function folderFlags(stdout: string): ReadonlyMap<string, Pick<SharedFolder, 'readOnly' | 'autoMount' | 'mountPoint'>> {
  return new Map([...stdout.matchAll(/^Name: '(.*)', Host path: '.*' \((?:machine|transient|global) mapping\), (readonly|writable)(, auto-mount)?(?:, mount-point: '(.*)')?/gm)].map(match => [
    match[1] as string,
    { readOnly: match[2] === 'readonly', autoMount: match[3] !== undefined, ...(match[4] ? { mountPoint: match[4] } : {}) },
  ]));
}
