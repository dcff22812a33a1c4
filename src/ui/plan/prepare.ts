// Fetches what a spec needs before a machine is made of it, and fills in where it lies. The seed of cloud-init is made here as well.
import * as os from 'node:os';
import * as path from 'node:path';
import { hostnameOf } from '../../config/templates.ts';
import { prepareSeed } from '../../images/cloudInit.ts';
import { seedVolume } from '../../images/cloudInitSeed.ts';
import type { Images } from '../../images/images.ts';
import type { ImageRequest } from '../../images/resolved.ts';
import type { OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { makeFolder, writeWhole } from '../../system/files.ts';
import { takenPorts } from '../../system/hostFacts.ts';

/** Formats each provider's tool takes, best first; others are converted. Proxmox fetches by itself. */
const accepts: Readonly<Record<string, NonNullable<ImageRequest['accepts']>>> = { virtualbox: ['vdi', 'vmdk', 'vhd', 'raw'], hyperv: ['vhdx', 'vhd'], wsl: ['vhdx'] };
const fetchesItself: readonly string[] = ['proxmox'];

export interface Prepared {
  readonly spec: MachineSpec;
  /** What the box itself says about reaching its system. */
  readonly ssh?: { readonly user?: string; readonly password?: string; readonly privateKey?: string; readonly insertKey?: boolean };
}

/** `baseFolder`: what relative paths of the file count from. `seedFolder`: where the seed volume may be kept. */
export async function prepare(images: Images, spec: MachineSpec, around: { readonly baseFolder?: string; readonly seedFolder: string }, context: OperationContext): Promise<Prepared> {
  if (fetchesItself.includes(spec.provider)) return { spec };
  const formats = accepts[spec.provider];
  const request: ImageRequest = { provider: spec.provider, ...around.baseFolder === undefined ? {} : { baseFolder: around.baseFolder }, ...formats === undefined ? {} : { accepts: formats } };
  const resolved = await images.resolve(spec.source, request, context);
  const withSeed = await reachable(await seeded(spec, around, context));
  switch (resolved.kind) {
    case 'box': {
      const { sshUsername, sshPassword, privateKey, insertKey } = resolved.facts;
      return {
        spec: { ...withSeed, source: { kind: 'box', name: resolved.name, version: resolved.version, folder: resolved.folder } },
        ssh: { ...sshUsername === undefined ? {} : { user: sshUsername }, ...sshPassword === undefined ? {} : { password: sshPassword }, ...privateKey === undefined ? {} : { privateKey }, ...insertKey === undefined ? {} : { insertKey } },
      };
    }
    case 'disk':
    case 'appliance':
    case 'iso':
    case 'tarball':
      return { spec: { ...withSeed, source: { ...spec.source, path: resolved.path } as MachineSpec['source'] } };
    case 'none':
      return { spec: withSeed };
  }
}

async function seeded(spec: MachineSpec, around: { readonly baseFolder?: string; readonly seedFolder: string }, context: OperationContext): Promise<MachineSpec> {
  if (!spec.cloudInit) return spec;
  context.progress({ message: 'Making the cloud-init seed' });
  const content = await prepareSeed(spec.cloudInit, { instanceId: crypto.randomUUID(), hostname: spec.hostname ?? hostnameOf(spec.name) ?? 'machine', home: os.homedir(), env: process.env, ...around.baseFolder === undefined ? {} : { baseFolder: around.baseFolder } });
  await makeFolder(around.seedFolder);
  const seedPath = path.join(around.seedFolder, `seed-${crypto.randomUUID()}.iso`);
  await writeWhole(seedPath, seedVolume(content, new Date()));
  return { ...spec, cloudInit: { ...spec.cloudInit, seedPath } };
}

const sshPort = { first: 2222, last: 2300 } as const;

/**
 * A VirtualBox machine behind NAT is reached through a forwarded port alone: a box that names none gets one, as Vagrant gives it. Ports that
 * are taken are moved where the file allows it (`auto_correct`).
 */
async function reachable(spec: MachineSpec): Promise<MachineSpec> {
  if (spec.provider !== 'virtualbox') return spec;
  const needsSsh = (spec.source.kind === 'box' || (spec.source.kind === 'image' && spec.cloudInit !== undefined)) && !spec.portForwards.some(forward => forward.guestPort === 22);
  const movable = [...spec.portForwards, ...needsSsh ? [{ guestPort: 22, hostPort: sshPort.first, protocol: 'tcp' as const, hostIp: '127.0.0.1', id: 'ssh', autoCorrect: true }] : []];
  const range = Array.from({ length: sshPort.last - sshPort.first + 1 }, (_, index) => sshPort.first + index);
  const taken = await takenPorts([...movable.map(forward => forward.hostPort), ...range].map(port => ({ protocol: 'tcp', hostIp: '', port })));
  // `tcp/8080`, `tcp/127.0.0.1:8080`: whatever the address, it is taken.
  const busy = new Set([...taken].map(name => Number(/(\d+)$/.exec(name)?.[1])));
  const used = new Set(movable.filter(forward => !forward.autoCorrect).map(forward => forward.hostPort));
  const isFree = (port: number): boolean => !used.has(port) && !busy.has(port);
  const portForwards = movable.map(forward => {
    if (!forward.autoCorrect || forward.protocol === 'udp') return forward;
    const hostPort = isFree(forward.hostPort) ? forward.hostPort : range.find(isFree) ?? forward.hostPort;
    used.add(hostPort);
    return { ...forward, hostPort };
  });
  return { ...spec, portForwards };
}
