// From file to machine on a real VirtualBox: a box made on the spot → plan → apply → what VBoxManage itself says → again → change → destroy.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions, StepOutcome } from '../../../src/config/plan/apply.ts';
import type { Plan } from '../../../src/config/plan/model.ts';
import { createImages } from '../../../src/images/images.ts';
import type { Images } from '../../../src/images/images.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { MachineId } from '../../../src/machines/machine.ts';
import { parseMachineId } from '../../../src/machines/machine.ts';
import { Operations } from '../../../src/machines/operations.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { gatherPlan } from '../../../src/ui/plan/gather.ts';
import { prepare } from '../../../src/ui/plan/prepare.ts';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import { makeBox } from './makeBox.ts';

const never = new AbortController().signal;
const options: ApplyOptions = { replace: new Set(), stop: true, shutDownTimeoutMs: 1500, parallel: 2 };

describe.skipIf(virtualBoxMissing())('plan and apply on a real VirtualBox', () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let boxFile: string;
  let images: Images;
  let registry: ProviderRegistry;
  let fleet: Fleet;
  let operations: Operations;
  const bindings = new Map<string, MachineId>();
  const finished: string[] = [];

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-apply-'));
    fs.mkdirSync(path.join(folder, 'src'));
    boxFile = await makeBox(box, folder);
    images = createImages({ cacheFolder: path.join(folder, 'cache'), record: () => undefined, env: { VAGRANT_HOME: path.join(folder, 'vagrant') } });
    registry = new ProviderRegistry();
    Object.assign(process.env, box.variables);
    registry.register(createVirtualBoxProvider({ settings: () => ({}), record: () => undefined }));
    fleet = new Fleet(registry, { listTimeoutMs: () => 30_000 });
    operations = new Operations(registry, fleet);
  });
  afterAll(async () => {
    fleet.dispose();
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const file = (config: Record<string, unknown>): string => JSON.stringify({ name: 'web', provider: 'virtualbox', config: {
    box: 'gaia/tiny', box_url: boxFile, cpus: 2, memory: 512, hostname: 'web', start: true,
    networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18080 }], synced_folders: [{ host_path: './src', guest_path: '/srv/app' }],
    provider_config: { vram: 32, clipboard: 'bidirectional', 'vm-execution-engine': 'interpreter' }, ...config,
  } });
  const plan = async (text: string): Promise<Plan> => (await gatherPlan(registry, fleet, text, bindings, never, { baseFolder: folder })).plan;
  const context = (signal: AbortSignal): OperationContext => ({ signal, progress: () => undefined, output: () => undefined });
  const hooks: ApplyHooks = {
    run: action => operations.run(action).result,
    prepare: async (spec, around) => (await prepare(images, spec, { needs: registry.meantBy(spec)?.lifecycle?.needs, baseFolder: folder, seedFolder: folder }, around)).spec,
    finish: async spec => { finished.push(spec.name); },
    bind: async (name, id) => { if (id === undefined) bindings.delete(name); else bindings.set(name, id); },
    progress: () => undefined,
    context: (_step, signal) => context(signal),
  };
  const apply = async (text: string, more: Partial<ApplyOptions> = {}): Promise<readonly StepOutcome[]> => applyPlan(await plan(text), { ...options, ...more }, hooks, never);
  const settings = async (): Promise<Map<string, string>> => {
    const id = parseMachineId(bindings.get('web') as string).native;
    return new Map((await box.run(['showvminfo', id, '--machinereadable'])).split('\n').map(line => line.split('=') as [string, string]).map(([key, value]) => [key, (value ?? '').replaceAll('"', '')]));
  };

  it('makes the machine that the file says, really running', async () => {
    expect((await plan(file({}))).steps).toMatchObject([{ kind: 'create' }]);
    const [outcome] = await apply(file({}));
    expect(outcome?.error?.detail).toBeUndefined();
    expect(outcome).toMatchObject({ name: 'web', outcome: 'done' });
    const said = await settings();
    expect(said.get('VMState')).toBe('running');
    expect(said.get('cpus')).toBe('2');
    expect(said.get('memory')).toBe('512');
    expect(said.get('vram')).toBe('32');
    expect(said.get('nic1')).toBe('nat');
    const rules = [...said].filter(([key]) => key.startsWith('Forwarding')).map(([, rule]) => rule.split(',').slice(1).join(',')).sort();
    expect(rules).toEqual(['tcp,,18080,,80', expect.stringMatching(/^tcp,127\.0\.0\.1,2[23]\d\d,,22$/)]);
    expect(said.get('SharedFolderNameMachineMapping1')).toBe('srv_app');
    expect(said.get('SharedFolderPathMachineMapping1')).toBe(path.join(folder, 'src'));
    expect(finished).toEqual(['web']);
  });

  it('changes nothing the second time', async () => {
    expect((await plan(file({}))).steps).toMatchObject([{ kind: 'none', differences: [] }]);
    const before = await settings();
    expect(await apply(file({}))).toMatchObject([{ outcome: 'unchanged' }]);
    // The guest's own screen may change under it.
    const settled = (all: Map<string, string>): [string, string][] => [...all].filter(([key]) => !/^(VideoMode|VMStateChangeTime|GuestMemoryBalloon)$/.test(key));
    expect(settled(await settings())).toEqual(settled(before));
  });

  it('changes a port forward of the running machine live', async () => {
    const moved = file({ networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18081 }] });
    expect((await plan(moved)).steps).toMatchObject([{ kind: 'update' }]);
    const [outcome] = await apply(moved);
    expect(outcome?.error?.detail).toBeUndefined();
    expect([...await settings()].some(([key, rule]) => key.startsWith('Forwarding') && rule.includes(',18081,,80'))).toBe(true);
    expect((await settings()).get('VMState')).toBe('running');
    await apply(file({}));
  });

  it('says that more memory needs a stop, and does not stop what does not shut down without asking to power off', async () => {
    const larger = file({ memory: 640 });
    expect((await plan(larger)).steps).toMatchObject([{ kind: 'stop', differences: [{ key: 'memory', before: '512 MiB', after: '640 MiB' }] }]);
    // The empty test system has nobody who would listen to the power button.
    expect(await apply(larger)).toMatchObject([{ outcome: 'failed', error: { code: 'didNotAnswer' } }]);
    expect((await settings()).get('VMState')).toBe('running');
    await operations.run({ verb: 'powerOff', id: bindings.get('web') as MachineId }).result;
    expect(await apply(larger)).toMatchObject([{ outcome: 'done' }]);
    expect((await settings()).get('memory')).toBe('640');
    expect((await plan(larger)).steps).toMatchObject([{ kind: 'none' }]);
  });

  it('does not touch a machine of the same name that is not the file\'s', async () => {
    await box.createVm({ name: 'other', memoryMiB: 64 });
    const text = JSON.stringify({ name: 'other', provider: 'virtualbox', config: { box: 'gaia/tiny', box_url: boxFile } });
    const outcomes = await apply(text);
    expect(outcomes.find(one => one.name === 'other')).toMatchObject({ outcome: 'skipped' });
  });

  it('removes what it made, and the disks, and nothing else', async () => {
    const id = bindings.get('web') as MachineId;
    await operations.run({ verb: 'delete', id, disks: 'delete' }).result;
    const left = await box.run(['list', 'vms']);
    expect(left).not.toContain('"web"');
    expect(left).toContain('"other"');
    expect(fs.existsSync(path.join(box.machineFolder, 'web'))).toBe(false);
    expect((await plan(file({}))).steps).toMatchObject([{ kind: 'create' }]);
  });

  it('makes a machine of a disk image with its cloud-init seed in the drive', async () => {
    const image = path.join(folder, 'cloud.vdi');
    await box.run(['createmedium', 'disk', '--filename', image, '--size', '16', '--format', 'VDI']);
    await box.run(['closemedium', 'disk', image]);
    const text = JSON.stringify({ name: 'cloud', provider: 'virtualbox', config: { image, cpus: 1, memory: 512, start: false, cloud_init: { user: 'dev', packages: ['git'] } } });
    const outcome = (await apply(text)).find(one => one.name === 'cloud');
    expect(outcome?.error?.detail).toBeUndefined();
    const id = parseMachineId(bindings.get('cloud') as string).native;
    const said = await box.run(['showvminfo', id, '--machinereadable']);
    expect(said).toContain(path.join(box.machineFolder, 'cloud', 'cloud-init.iso'));
    expect((await plan(text)).steps.find(step => step.name === 'cloud')).toMatchObject({ kind: 'none' });

    // Another image is another machine: said, and done only once that was agreed to.
    const other = path.join(folder, 'other.vdi');
    await box.run(['createmedium', 'disk', '--filename', other, '--size', '32', '--format', 'VDI']);
    await box.run(['closemedium', 'disk', other]);
    const changed = text.replace('cloud.vdi', 'other.vdi').replace('"memory":512', '"memory":640');
    const before = bindings.get('cloud');
    expect((await plan(changed)).steps.find(step => step.name === 'cloud')).toMatchObject({ kind: 'replace', differences: [
      { key: 'memory', effect: 'live' }, { key: 'source', before: `image ${image}`, after: `image ${other}`, effect: 'replace', loses: 'all data on its disks' },
    ] });
    expect((await apply(changed)).find(one => one.name === 'cloud')).toMatchObject({ outcome: 'skipped' });
    expect(bindings.get('cloud')).toBe(before);
    expect(await box.run(['showvminfo', id, '--machinereadable'])).toContain('memory=512');
    expect((await apply(changed, { replace: new Set(['cloud']) })).find(one => one.name === 'cloud')).toMatchObject({ outcome: 'done' });
    expect(bindings.get('cloud')).not.toBe(before);
    expect((await plan(changed)).steps.find(step => step.name === 'cloud')).toMatchObject({ kind: 'none' });
  });
});
