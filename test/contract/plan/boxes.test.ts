// Machines of boxes on a real VirtualBox: the seed's example byte for byte with its box served from here, beside what real Vagrant makes of
// it; and linked clones.
import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineId } from '../../../src/machines/machine.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';
import { startImageServer } from '../../rig/imageServer.ts';
import type { ImageServer } from '../../rig/imageServer.ts';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import { nativeOf, settingsOf, startGaia } from './gaia.ts';
import type { Gaia } from './gaia.ts';
import { makeBox } from './makeBox.ts';

const example = fs.readFileSync(path.join(import.meta.dirname, '../../../examples/my-virtualbox-vm.gaia.json'), 'utf8');
const name = 'bento/ubuntu-22.04';

/** A network of its own that has what VirtualBox takes for a host-only interface: its driver is not there, and nothing is attached to it. */
const withInterface = 'ip link add vboxnet0 type bridge && ip addr add 192.168.56.1/24 dev vboxnet0 && ip link set vboxnet0 up && ip link set lo up && echo ready && exec sleep 1000';
const noNetworks = virtualBoxMissing() ?? (spawnSync('unshare', ['--net', 'sh', '-c', withInterface.replace(/ && exec.*/, '')], { encoding: 'utf8' }).stdout.includes('ready') ? undefined : 'a network of its own needs rights that are not given here');
const vagrantMissing = noNetworks ?? (spawnSync('vagrant', ['--version']).status === 0 ? undefined : 'Vagrant is not installed');

describe.skipIf(noNetworks)(`boxes on a real VirtualBox${noNetworks ? ` (skipped: ${noNetworks})` : ''}`, () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let server: ImageServer;
  let network: ChildProcess;
  let bin: string;
  let gaia: Gaia;
  let environment: Readonly<Record<string, string>>;

  beforeAll(async () => {
    box = await privateVirtualBox();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-boxes-'));
    // With a screen that has no 3D: the example's `accelerate3d` works only because the screen is changed first, by Gaia and in its Vagrantfile.
    const boxFile = await makeBox(box, folder, undefined, ['--graphicscontroller', 'vboxvga']);
    network = spawn('unshare', ['--net', 'sh', '-c', withInterface], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise(resolve => network.stdout?.once('data', resolve));
    // The service of the calls so far sees the networks outside.
    await box.keepService('nsenter', `--net=/proc/${String(network.pid)}/ns/net`);
    bin = path.join(folder, 'bin');
    fs.mkdirSync(bin);
    const inside = `exec nsenter --net=/proc/${String(network.pid)}/ns/net "${box.vboxmanage}" "$@"`;
    fs.writeFileSync(path.join(bin, 'VBoxManage-inside'), `#!/bin/sh\n${inside}\n`, { mode: 0o755 });
    // Debian's Vagrant knows VirtualBox up to 7.0.
    fs.writeFileSync(path.join(bin, 'VBoxManage'), `#!/bin/sh\ncase "$*" in --version|-v) echo 7.0.26r168464; exit 0;; esac\n${inside}\n`, { mode: 0o755 });
    server = await startImageServer();
    const url = server.serve('/boxes/tiny.box', { body: fs.readFileSync(boxFile) });
    const body = JSON.stringify({ name, description: '', versions: [{ version: '202401.31.0', providers: [{ name: 'virtualbox', url }] }] });
    for (const at of [`/${name}`, `/api/v2/vagrant/${name}`]) server.serve(at, { body, headers: { 'content-type': 'application/json' } });
    Object.assign(process.env, box.variables);
    environment = { VAGRANT_SERVER_URL: server.url, VAGRANT_HOME: path.join(folder, 'vagrant-home'), VAGRANT_CHECKPOINT_DISABLE: '1', VAGRANT_EXPERIMENTAL: 'disks', VAGRANT_DEFAULT_PROVIDER: 'virtualbox', HOME: folder };
    gaia = startGaia({ folder, executable: path.join(bin, 'VBoxManage-inside'), env: { VAGRANT_SERVER_URL: server.url } });
  });
  afterAll(async () => {
    gaia.dispose();
    await box.dispose();
    network.kill();
    await server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const vbox = async (...args: string[]): Promise<string> => (await promisify(execFile)(path.join(bin, 'VBoxManage-inside'), args, { env: { ...box.env, LC_ALL: 'C.UTF-8' } })).stdout;
  const settings = async (id: string): Promise<ReadonlyMap<string, string>> => settingsOf(await vbox('showvminfo', id, '--machinereadable'));
  const diskOf = async (said: ReadonlyMap<string, string>): Promise<string | undefined> => {
    const [, uuid] = [...said].find(([key]) => key.includes('-ImageUUID-')) ?? [];
    return uuid === undefined ? undefined : /^Capacity:\s+(.*)$/m.exec(await vbox('showmediuminfo', uuid))?.[1];
  };
  /** The rig has no driver for host-only networks at run time: the machine is made whole, and its start is left out. */
  const starts: string[] = [];
  const withoutStart = { run: async (action: Parameters<Gaia['operations']['run']>[0]) => {
    if (action.verb !== 'start') return gaia.operations.run(action).result;
    starts.push(action.id);
    return {};
  } };

  it('the example of the seed becomes what it says, byte for byte, and is done when it is applied again', async () => {
    expect((await gaia.plan(example)).steps).toMatchObject([{ kind: 'create', name: 'my-virtualbox-vm' }]);
    const [outcome] = await gaia.apply(example, { hooks: withoutStart });
    expect(outcome?.error?.detail).toBeUndefined();
    expect(outcome).toMatchObject({ outcome: 'done' });
    expect(starts).toEqual([gaia.bindings.get('my-virtualbox-vm')]);
    const said = await settings(nativeOf(gaia.machine('my-virtualbox-vm').id));
    expect(Object.fromEntries(['name', 'cpus', 'memory', 'vram', 'accelerate3d', 'clipboard', 'draganddrop', 'nic1', 'nic2', 'hostonlyadapter2', 'nic3'].map(key => [key, said.get(key)]))).toEqual({
      name: 'my-virtualbox-vm', cpus: '2', memory: '4096', vram: '128', accelerate3d: 'on', clipboard: 'bidirectional', draganddrop: 'bidirectional', nic1: 'nat', nic2: 'hostonly', hostonlyadapter2: 'vboxnet0', nic3: 'none',
    });
    expect([...said].filter(([key]) => key.startsWith('Forwarding')).map(([, rule]) => rule.split(',').slice(1).join(','))).toEqual(['tcp,,2222,,22']);
    expect(await diskOf(said)).toBe('32768 MBytes');
    expect((await gaia.plan(example)).steps).toMatchObject([{ kind: 'none', differences: [] }]);
    expect(await gaia.apply(example)).toMatchObject([{ outcome: 'unchanged' }]);
    expect(await vbox('list', 'hostonlyifs')).toMatch(/^Name: +vboxnet0$/m);
  });

  it.skipIf(vagrantMissing)('real Vagrant makes the same machine of the Vagrantfile that the preview shows', async () => {
    // A name is taken once, for Vagrant as well.
    const ours = await settings(nativeOf(gaia.machine('my-virtualbox-vm').id));
    const ourDisk = await diskOf(ours);
    await gaia.operations.run({ verb: 'delete', id: gaia.machine('my-virtualbox-vm').id, disks: 'delete' }).result;
    const project = path.join(folder, 'project');
    fs.mkdirSync(project);
    fs.writeFileSync(path.join(project, 'Vagrantfile'), generateVagrantfile(parseConfig(example)).text);
    const env = { ...box.env, ...environment, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    await promisify(execFile)('vagrant', ['box', 'add', '--provider', 'virtualbox', name], { cwd: project, env });
    // In the network of its own, where no port of this computer is in the way.
    const said = await promisify(execFile)('nsenter', [`--net=/proc/${String(network.pid)}/ns/net`, 'vagrant', 'up', '--no-destroy-on-error', '--no-provision'], { cwd: project, env }).catch((error: unknown) => error as { stdout: string; stderr: string });
    const id = path.join(project, '.vagrant/machines/my-virtualbox-vm/virtualbox/id');
    expect(fs.existsSync(id), `${said.stdout}\n${said.stderr}`).toBe(true);
    // It came as far as the start, before which every setting is made.
    expect(`${said.stdout}\n${said.stderr}`).toMatch(/Booting VM/);
    const theirs = await settings(fs.readFileSync(id, 'utf8'));
    const differ = new Map([...new Set([...theirs.keys(), ...ours.keys()])].filter(key => theirs.get(key) !== ours.get(key)).map(key => [key, [theirs.get(key), ours.get(key)]]));
    // Which machine it is, and when.
    for (const key of ['UUID', 'hardwareuuid', 'SATA-ImageUUID-0-0', 'VMStateChangeTime', 'macaddress2']) differ.delete(key);
    expect(Object.fromEntries(differ)).toEqual({
      // The rule is the same; Gaia names it as VirtualBox does.
      'Forwarding(0)': ['ssh,tcp,,2222,,22', 'tcp2222,tcp,,2222,,22'],
      // Gaia makes a disk that can grow of what came in the box.
      'SATA-0-0': [expect.stringMatching(/\.vmdk$/), expect.stringMatching(/\.vdi$/)],
      // Every machine of a box has the author's address with Vagrant; with Gaia each has one of its own.
      macaddress1: ['080027AABBCC', expect.stringMatching(/^080027[0-9A-F]{6}$/)],
      // Vagrant shares the project's folder unasked. Gaia shares what the file says.
      SharedFolderNameMachineMapping1: ['vagrant', undefined],
      SharedFolderPathMachineMapping1: [project, undefined],
      // `gui: false`: Vagrant says it at each start, Gaia once in the machine's settings.
      defaultfrontend: ['', 'headless'],
    });
    expect(await diskOf(theirs)).toBe(ourDisk);
  });

  it('linked clones of a box share one base, which is imported once, also by two that are made side by side', async () => {
    const machine = (one: string, more: object = {}): object => ({ name: one, provider: 'virtualbox', config: { box: name, cpus: 1, memory: 512, start: false, provider_config: { linked_clone: true, 'vm-execution-engine': 'interpreter' }, ...more } });
    const text = JSON.stringify({ machines: [machine('one', { disk_size: '64MB' }), machine('two', { networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18095 }] })] });
    gaia.commands.length = 0;
    const outcomes = await gaia.apply(text);
    expect(outcomes.map(outcome => outcome.error?.detail)).toEqual([undefined, undefined]);
    const imports = (): readonly string[] => gaia.commands.filter(command => command.startsWith('import '));
    expect(imports()).toHaveLength(1);
    const base = /^"(bento ubuntu-22\.04 202401\.31\.0 \([0-9a-f]{8}\))" \{(.*)\}$/m.exec(await vbox('list', 'vms'));
    const [one, two] = [await settings(nativeOf(gaia.machine('one').id)), await settings(nativeOf(gaia.machine('two').id))];
    expect(await diskOf(one)).toBe('64 MBytes');
    expect(await diskOf(two)).toBe('16 MBytes');
    expect(one.get('macaddress1')).not.toBe(two.get('macaddress1'));
    expect([...two.values()].some(value => value.endsWith(',18095,,80'))).toBe(true);
    // Their disks are differences to the base's.
    const parents = await Promise.all([one, two].map(async said => /^Parent UUID: +(.*)$/m.exec(await vbox('showmediuminfo', [...said].find(([key]) => key.includes('-ImageUUID-'))?.[1] ?? ''))?.[1]));
    expect(parents[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(parents[1]).toBe(parents[0]);
    expect((await gaia.plan(text)).steps).toMatchObject([{ kind: 'none' }, { kind: 'none' }]);
    // The base cannot go while it is needed; what it is for says its place in the tree.
    expect(await gaia.provider.lifecycle?.deletionPreview(`virtualbox:local:${base?.[2] ?? ''}` as MachineId, new AbortController().signal)).toMatchObject({ refused: expect.stringContaining('one') });
    await gaia.apply(JSON.stringify({ machines: [machine('one', { disk_size: '64MB' }), machine('two', { networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18095 }] }), machine('three')] }));
    expect(imports()).toHaveLength(1);
    expect(gaia.machine('three').state).toBe('stopped');
  });

  it('a machine gets the network and the disk that its file comes to name, and is done then', async () => {
    const text = JSON.stringify({ name: 'three', provider: 'virtualbox', config: { box: name, cpus: 1, memory: 512, start: false, provider_config: { linked_clone: true, 'vm-execution-engine': 'interpreter' }, networks: [{ type: 'private_network', ip: '192.168.56.30' }], disks: [{ size: '4MB' }] } });
    expect((await gaia.plan(text)).steps.find(step => step.name === 'three')).toMatchObject({ kind: 'update', differences: [{ key: 'disk 2' }, { key: 'network 2' }] });
    expect((await gaia.apply(text)).find(outcome => outcome.name === 'three')).toMatchObject({ outcome: 'done' });
    const said = await settings(nativeOf(gaia.machine('three').id));
    expect([said.get('nic2'), said.get('hostonlyadapter2')]).toEqual(['hostonly', 'vboxnet0']);
    expect([...said.keys()].filter(key => key.includes('-ImageUUID-'))).toHaveLength(2);
    expect((await gaia.plan(text)).steps.find(step => step.name === 'three')).toMatchObject({ kind: 'none' });
  });
});
