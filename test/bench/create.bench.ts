// From a box that was never seen to a machine that runs, by Gaia and by real Vagrant, on one VirtualBox in one run: download (from this
// computer), unpack, import, settings, start. And the plan of 1,000 machines once their data are there: ≤ 50 ms.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseConfig } from '../../src/config/parse.ts';
import type { PlanInput } from '../../src/config/plan/plan.ts';
import { makePlan } from '../../src/config/plan/plan.ts';
import { machineSpec } from '../../src/config/spec.ts';
import { machineId } from '../../src/machines/machine.ts';
import type { Machine, MachineDetails, MachineId } from '../../src/machines/machine.ts';
import { planning } from '../../src/providers/virtualbox/planning.ts';
import { generateVagrantfile } from '../../src/vagrant/generate.ts';
import { startGaia } from '../contract/plan/gaia.ts';
import { makeBox } from '../contract/plan/makeBox.ts';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';

interface Row {
  readonly what: string;
  readonly value: number | string;
  readonly unit: string;
  readonly budget?: number;
  readonly note?: string;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

export function benchPlan(): readonly Row[] {
  const count = 1000;
  const text = JSON.stringify({ machines: Array.from({ length: count }, (_, n) => ({ name: `m${String(n)}`, provider: 'virtualbox', config: {
    box: 'gaia/tiny', cpus: 2, memory: n % 3 ? 1024 : 2048, disk_size: 32_768, provider_config: { vram: 64, clipboard: 'bidirectional' },
    networks: [{ type: 'private_network', ip: '192.168.56.10' }, { type: 'forwarded_port', guest_port: 80, host_port: 8000 + n }], synced_folders: [{ host_path: '/srv', guest_path: '/srv/app' }],
  } })) });
  const specs = parseConfig(text).machines.map(machineSpec);
  const machines: Machine[] = specs.map((spec, n) => ({ id: machineId('virtualbox', 'local', String(n)), name: spec.name, kind: 'vm', state: n % 2 ? 'running' : 'stopped', providerState: 'x', cpus: 2, memoryMiB: 1024 }));
  const details = new Map<MachineId, MachineDetails>(machines.map((machine, n) => [machine.id, {
    machine, disks: [{ slot: 'SATA 0:0', kind: 'disk', capacityBytes: 32 * 2 ** 30 }], adapters: [{ index: 1, mode: 'nat' }, { index: 2, mode: 'hostonly', network: 'vboxnet0' }],
    portForwards: [{ name: `tcp${String(8000 + n)}`, adapter: 1, protocol: 'tcp', hostPort: 8000 + n, guestPort: 80 }], sharedFolders: [{ name: 'srv_app', hostPath: '/srv' }], snapshots: [],
    settings: Object.fromEntries([['vram', '64'], ['clipboard', 'bidirectional'], ...Array.from({ length: 80 }, (_, key) => [`setting${String(key)}`, 'off'])]),
  }]));
  const input: PlanInput = { specs, bindings: new Map(machines.map(machine => [machine.name, machine.id])), machinesOf: () => machines, detailsOf: id => details.get(id), planningOf: () => planning };
  const times = Array.from({ length: 25 }, () => {
    // Processor time: what else the computer does is not the plan's.
    const start = process.cpuUsage();
    const plan = makePlan(input);
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1000;
    if (plan.steps.length !== count || plan.steps.filter(step => step.kind !== 'none').length !== 334) throw new Error('another plan');
    return took;
  });
  return [
    { what: 'plan of 1,000 machines, once their data are there', value: median(times), unit: 'ms', budget: 50, note: `processor time; a third differs; first time ${(times[0] as number).toFixed(1)} ms` },
  ];
}

export async function benchCreate(): Promise<readonly Row[]> {
  if (virtualBoxMissing() || spawnSync('vagrant', ['--version']).status !== 0) return [{ what: 'create from a box, beside Vagrant', value: 'skipped', unit: '', note: 'needs the rig\'s VirtualBox and Vagrant' }];
  const box = await privateVirtualBox();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-create-'));
  try {
    // Something to unpack: what does not shrink, as the disk of a real system does not.
    const boxFile = await makeBox(box, folder, undefined, ['--graphicscontroller', 'vmsvga'], 64);
    Object.assign(process.env, box.variables);
    const config = (name: string): string => JSON.stringify({ name, provider: 'virtualbox', config: { box: 'gaia/tiny', box_url: boxFile, cpus: 2, memory: 512, networks: [{ type: 'forwarded_port', guest_port: 22, host_port: 22022 }], provider_config: { vram: 32, 'vm-execution-engine': 'interpreter' } } });
    const ours: number[] = [];
    const theirs: number[] = [];
    const commands: number[] = [];
    for (let round = 0; round < 3; round++) {
      const own = path.join(folder, `gaia-${String(round)}`);
      fs.mkdirSync(own);
      const gaia = startGaia({ folder: own, executable: box.vboxmanage });
      let start = performance.now();
      const [outcome] = await gaia.apply(config(`gaia-${String(round)}`));
      ours.push(performance.now() - start);
      if (outcome?.outcome !== 'done') throw outcome?.error ?? new Error('not made');
      commands.push(gaia.commands.length);
      await gaia.provider.power.powerOff(gaia.bindings.get(`gaia-${String(round)}`) as MachineId, { signal: new AbortController().signal, progress: () => undefined, output: () => undefined });
      gaia.dispose();
      const project = path.join(folder, `vagrant-${String(round)}`);
      fs.mkdirSync(project);
      fs.writeFileSync(path.join(project, 'Vagrantfile'), generateVagrantfile(parseConfig(config(`vagrant-${String(round)}`))).text);
      const env = { ...box.env, PATH: `${box.bin70}:${process.env['PATH'] ?? ''}`, HOME: folder, VAGRANT_HOME: path.join(project, 'home'), VAGRANT_CHECKPOINT_DISABLE: '1' };
      start = performance.now();
      await untilItWaits(project, env);
      theirs.push(performance.now() - start);
      const id = fs.readFileSync(path.join(project, `.vagrant/machines/vagrant-${String(round)}/virtualbox/id`), 'utf8');
      if ((await box.state(id)) !== 'running') throw new Error('Vagrant\'s machine does not run');
      await box.run(['controlvm', id, 'poweroff']);
    }
    return [
      { what: 'Gaia: apply, from a new box to a machine that runs', value: median(ours), unit: 'ms', note: `unpack and import of 64 MB; ${String(median(commands))} calls of VBoxManage` },
      { what: 'Vagrant: box add and up, to its wait for SSH', value: median(theirs), unit: 'ms', note: spawnSync('vagrant', ['--version'], { encoding: 'utf8' }).stdout.trim() },
      { what: 'Gaia / Vagrant', value: median(ours) / median(theirs), unit: '×', budget: 1 },
    ];
  } finally {
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** `vagrant up` (which adds the box) until it says that it waits for the system in the machine; there is none, so it is ended then. */
function untilItWaits(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('vagrant', ['up', '--no-provision', '--no-destroy-on-error'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
      if (!/Waiting for machine to boot/.test(said)) return;
      child.kill('SIGKILL');
      resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('close', code => { reject(new Error(`vagrant up ended (${String(code)}) before it waited:\n${said}`)); });
  });
}
