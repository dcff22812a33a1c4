// What is fetched and made for a machine before its create: the seed with the addresses of its cards, the way in by SSH.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Images } from '../../../src/images/images.ts';
import type { Resolved } from '../../../src/images/resolved.ts';
import type { Intent, OperationContext } from '../../../src/machines/provider.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { createNeeds } from '../../../src/providers/virtualbox/createNeeds.ts';
import { prepare } from '../../../src/ui/plan/prepare.ts';
import { readIso } from '../images/isoReader.ts';

let folder: string;
beforeEach(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-prepare-')); });
afterEach(() => { fs.rmSync(folder, { recursive: true, force: true }); });

const imagesOf = (resolved: Resolved): Images => ({ resolve: () => Promise.resolve(resolved) } as unknown as Images);
const aDisk = (format: 'raw' | 'qcow2' = 'qcow2'): Images => imagesOf({ kind: 'disk', path: '/images/noble.img', format, features: [] });
const spec = (more: Partial<MachineSpec> = {}): MachineSpec => ({ name: 'web', provider: 'virtualbox', source: { kind: 'image', url: 'https://example.org/noble.img' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {}, cloudInit: { user: 'dev' }, ...more });
const intents: Intent[] = [];
const context: OperationContext = { signal: new AbortController().signal, progress: () => undefined, output: () => undefined, intend: more => { intents.push(...more); return Promise.resolve(); } };
const prepared = async (more: Partial<MachineSpec>): Promise<MachineSpec> => (await prepare(aDisk(), spec({ reserved: 'token', ...more }), { needs: createNeeds, seedFolder: folder }, context)).spec;
const networkOf = (made: MachineSpec): unknown => parse(readIso(fs.readFileSync(made.cloudInit?.seedPath ?? '')).files.get('network-config')?.toString('utf8') ?? 'null');

describe('the seed', () => {
  it('is announced before it is written, under the token of the journal', async () => {
    intents.length = 0;
    const made = await prepared({});
    expect(made.cloudInit?.seedPath).toBe(path.join(folder, 'seed-token.iso'));
    expect(intents).toEqual([{ kind: 'path', path: made.cloudInit?.seedPath }]);
  });

  it('gives a static address to the card that has it: both know its hardware address', async () => {
    const made = await prepared({ cloudInit: { user: 'dev', ipConfig: 'ip=10.0.2.50/24,gw=10.0.2.2' } });
    const mac = String(made.options['macaddress1']);
    expect(mac).toMatch(/^080027[0-9A-F]{6}$/);
    expect(networkOf(made)).toMatchObject({ ethernets: { primary: { match: { macaddress: mac.toLowerCase().replaceAll(/(..)(?=.)/g, '$1:') }, addresses: ['10.0.2.50/24'] } } });
  });

  it('gives each network of the file its address, and NAT its DHCP; ip_config is for the first network', async () => {
    const made = await prepared({ networks: [{ type: 'private_network', ip: '192.168.56.10' }, { type: 'private_network', ip: '10.1.0.5', netmask: '255.255.0.0' }] });
    expect(networkOf(made)).toMatchObject({ ethernets: { primary: { dhcp4: true }, card2: { addresses: ['192.168.56.10/24'], optional: true }, card3: { addresses: ['10.1.0.5/16'] } } });
    const said = await prepared({ networks: [{ type: 'private_network', ip: '192.168.56.10' }], cloudInit: { ipConfig: 'ip=192.168.56.77/24' } });
    expect(networkOf(said)).toMatchObject({ ethernets: { primary: { dhcp4: true }, card2: { addresses: ['192.168.56.77/24'] } } });
  });

  it('takes the hardware address that the file says, and says nothing of networks where nothing is asked', async () => {
    const made = await prepared({ options: { macaddress1: '080027ABCDEF', vram: 16 }, cloudInit: { ipConfig: 'ip=10.0.2.50/24' } });
    expect(made.options).toEqual({ macaddress1: '080027ABCDEF', vram: 16 });
    expect(networkOf(made)).toMatchObject({ ethernets: { primary: { match: { macaddress: '08:00:27:ab:cd:ef' } } } });
    expect(networkOf(await prepared({}))).toBeNull();
  });

  it('is not made when only fetching is asked for, but what is wrong with it shows', async () => {
    const fetched = (cloudInit: MachineSpec['cloudInit']): Promise<unknown> => prepare(aDisk(), spec(cloudInit === undefined ? {} : { cloudInit }), { needs: createNeeds, seedFolder: folder, only: 'fetch' }, context);
    await fetched({ user: 'dev' });
    expect(fs.readdirSync(folder)).toEqual([]);
    await expect(fetched({ sshKeys: ['/nowhere/id.pub'] })).rejects.toMatchObject({ code: 'notFound' });
  });
});

it('an image is what it holds: the format goes along, whatever the name', async () => {
  expect((await prepared({})).source).toMatchObject({ path: '/images/noble.img', format: 'qcow2' });
});

it('a machine behind NAT that has a system to sign in to gets a way in, and only one', async () => {
  expect((await prepared({})).portForwards).toMatchObject([{ guestPort: 22, hostIp: '127.0.0.1', id: 'ssh' }]);
  const own = { guestPort: 22, hostPort: 2022, protocol: 'tcp' as const };
  expect((await prepared({ portForwards: [own] })).portForwards).toEqual([own]);
  const { cloudInit: _, ...plain } = spec();
  expect((await prepare(aDisk(), plain, { needs: createNeeds, seedFolder: folder }, context)).spec.portForwards).toEqual([]);
});

describe('for a provider that fetches by itself', () => {
  const given = async (more: Partial<MachineSpec>): Promise<MachineSpec> => (await prepare(imagesOf({ kind: 'none' }), spec({ provider: 'proxmox', ...more }), { needs: 'nothing', baseFolder: folder, seedFolder: folder }, context)).spec;

  it('paths count from the folder of the file; addresses, places of the provider and keys stay what they are', async () => {
    expect((await given({ source: { kind: 'iso', url: 'isos/debian.iso' } })).source).toEqual({ kind: 'iso', url: 'isos/debian.iso', path: path.join(folder, 'isos/debian.iso') });
    expect((await given({ source: { kind: 'tarball', url: '~/ct.tar.zst' } })).source).toMatchObject({ path: path.join(os.homedir(), 'ct.tar.zst') });
    for (const url of ['https://example.org/noble.img', 'local:import/noble.qcow2']) expect((await given({ source: { kind: 'image', url } })).source).toEqual({ kind: 'image', url });
    expect((await given({ cloudInit: { user: 'dev', sshKeys: ['key.pub', '~/.ssh/id.pub', 'ssh-ed25519 AAAA dev@pc'] } })).cloudInit?.sshKeys).toEqual([path.join(folder, 'key.pub'), path.join(os.homedir(), '.ssh/id.pub'), 'ssh-ed25519 AAAA dev@pc']);
  });
});
