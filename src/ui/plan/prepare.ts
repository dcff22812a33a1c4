// Fetches what a spec needs before a machine is made of it, and fills in where it lies. The seed of cloud-init is made here as well.
import * as os from 'node:os';
import * as path from 'node:path';
import { hostnameOf } from '../../config/templates.ts';
import { prepareSeed } from '../../images/cloudInit.ts';
import type { SeedCard } from '../../images/cloudInitSeed.ts';
import { seedVolume } from '../../images/cloudInitSeed.ts';
import type { Images } from '../../images/images.ts';
import { locate } from '../../images/location.ts';
import type { ImageRequest } from '../../images/resolved.ts';
import type { CreateNeeds, Lifecycle, OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { withPrefix } from '../../machines/subnet.ts';
import { makeFolder, writeWhole } from '../../system/files.ts';
import { takenPorts } from '../../system/hostFacts.ts';

/** Where things lie, and how far to go: `fetch` = all that can fail is done, but nothing is made for this machine. */
export interface PrepareOptions {
  /** What the provider wants to find. */
  readonly needs: Lifecycle['needs'];
  /** What relative paths of the file count from. */
  readonly baseFolder?: string;
  /** Where the seed volume is put for the create, which copies it. */
  readonly seedFolder: string;
  readonly only?: 'fetch';
}

export interface Prepared {
  readonly spec: MachineSpec;
  /** What the box itself says about reaching its system. */
  readonly ssh?: { readonly user?: string; readonly password?: string; readonly privateKey?: string; readonly insertKey?: boolean };
}

export async function prepare(images: Images, spec: MachineSpec, around: PrepareOptions, context: OperationContext): Promise<Prepared> {
  const { needs } = around;
  if (needs === 'nothing') return { spec: withPaths(spec, around.baseFolder) };
  const request: ImageRequest = {
    provider: spec.provider, ...around.baseFolder === undefined ? {} : { baseFolder: around.baseFolder },
    ...needs === undefined ? {} : { accepts: needs.formats }, ...needs?.cannotRead === undefined ? {} : { cannotRead: needs.cannotRead },
  };
  const resolved = await images.resolve(spec.source, request, context);
  const withSeed = await seeded(needs?.cards ? await reachable(spec) : spec, needs?.cards, around, context);
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
      return { spec: { ...withSeed, source: { ...spec.source, path: resolved.path, format: resolved.format } as MachineSpec['source'] } };
    case 'iso':
    case 'tarball':
      return { spec: { ...withSeed, source: { ...spec.source, path: resolved.path } as MachineSpec['source'] } };
    case 'none':
      return { spec: withSeed };
  }
}

/** The provider brings what the spec names by itself, but what a path counts from is known here alone. */
function withPaths(spec: MachineSpec, baseFolder: string | undefined): MachineSpec {
  const { source, cloudInit } = spec;
  const absolute = (text: string): string => {
    const at = locate(text, { baseFolder, home: os.homedir() });
    return at.kind === 'file' ? at.path : at.url;
  };
  // `local:iso/x.iso` is a place of the provider's own; one letter is a drive of Windows.
  const isPath = (text: string): boolean => /^file:/i.test(text) || !/^[a-z][\w.+-]+:/i.test(text);
  const isKey = (text: string): boolean => /^\S+ \S+/.test(text.trim());
  return {
    ...spec,
    ...(source.kind === 'iso' || source.kind === 'image' || source.kind === 'tarball') && source.path === undefined && isPath(source.url) ? { source: { ...source, path: absolute(source.url) } } : {},
    ...cloudInit?.sshKeys ? { cloudInit: { ...cloudInit, sshKeys: cloudInit.sshKeys.map(key => isKey(key) ? key : absolute(key)) } } : {},
  };
}

async function seeded(spec: MachineSpec, rules: CreateNeeds['cards'], around: PrepareOptions, context: OperationContext): Promise<MachineSpec> {
  if (!spec.cloudInit) return spec;
  context.progress({ message: 'Making the cloud-init seed' });
  const { cards, options } = rules ? cardsOf(spec, rules) : { cards: [], options: spec.options };
  const content = await prepareSeed(spec.cloudInit, { instanceId: crypto.randomUUID(), hostname: spec.hostname ?? hostnameOf(spec.name) ?? 'machine', home: os.homedir(), env: process.env, cards, ...around.baseFolder === undefined ? {} : { baseFolder: around.baseFolder } });
  const volume = seedVolume(content, new Date());
  if (around.only === 'fetch') return spec;
  await makeFolder(around.seedFolder);
  const seedPath = path.join(around.seedFolder, `seed-${spec.reserved ?? crypto.randomUUID()}.iso`);
  await context.intend?.([{ kind: 'path', path: seedPath }]);
  await writeWhole(seedPath, volume);
  return { ...spec, options, cloudInit: { ...spec.cloudInit, seedPath } };
}

/**
 * Card 1 is NAT, the file's networks follow. The system in the guest knows its cards by their addresses alone, so these are chosen here, and
 * given to the machine as well. `ip_config` means the first network of the file, or the only card there is.
 */
function cardsOf(spec: MachineSpec, rules: NonNullable<CreateNeeds['cards']>): { readonly cards: readonly SeedCard[]; readonly options: MachineSpec['options'] } {
  const macs = [1, ...spec.networks.map((_network, position) => position + 2)].map(index => rules.addressIn(spec.options, index) ?? rules.newAddress());
  const { ipConfig } = spec.cloudInit ?? {};
  const cards = macs.map((mac, position): SeedCard => {
    const network = spec.networks[position - 1];
    const meant = position === (spec.networks.length > 0 ? 1 : 0);
    if (meant && ipConfig !== undefined) return { mac, ipConfig };
    return { mac, ipConfig: network?.ip === undefined ? 'ip=dhcp' : `ip=${withPrefix(network.ip, network.netmask)}`, ...network === undefined ? {} : { optional: true } };
  });
  return { cards, options: Object.assign({}, spec.options, ...macs.map((mac, position) => rules.withAddress(position + 1, mac))) as MachineSpec['options'] };
}

const sshPort = { first: 2222, last: 2300 } as const;

/**
 * A machine behind NAT is reached through a forwarded port alone: a box that names none gets one, as Vagrant gives it. Ports that
 * are taken are moved where the file allows it (`auto_correct`).
 */
async function reachable(spec: MachineSpec): Promise<MachineSpec> {
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
