// Create and apply, killed at each of their steps: the process alone (VBoxManage goes on), and the whole computer (VirtualBox with it).
// Afterwards all that was made is told by the bindings and the journal, and can be removed by them; what was there before is as it was, byte
// for byte. GAIA_KILL=all kills at every step in both ways; without it at the steps that a scenario is
// there for (`sees`), the two ways in turn.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIso } from '../../../src/images/iso9660.ts';
import { parseMachineId } from '../../../src/machines/machine.ts';
import type { MachineId } from '../../../src/machines/machine.ts';
import type { Provider } from '../../../src/machines/provider.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { Journal, leftBy } from '../../../src/ui/plan/journal.ts';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import type { ChildOptions } from './applyChild.ts';
import { makeBox } from './makeBox.ts';

const never = new AbortController().signal;
const context = { signal: never, progress: () => undefined, output: () => undefined };
const all = process.env['GAIA_KILL'] === 'all';

type Config = Readonly<Record<string, unknown>>;
interface Scenario {
  readonly name: string;
  readonly what: ChildOptions['what'];
  /** Applied whole before, so that there is something to change. */
  readonly from?: (folder: string) => Config;
  readonly config: (folder: string) => Config;
  /** A folder of the new machine's name is there already, with something of the person's in it. */
  readonly taken?: true;
  /** Steps that it is killed at in any case. */
  readonly sees: readonly string[];
}

const engine = { 'vm-execution-engine': 'interpreter' };
const small = { cpus: 1, memory: 512, start: false, provider_config: engine };
const scenarios: readonly Scenario[] = [
  { name: 'from a box, started', what: 'apply', sees: ['write making', 'import', 'modifyvm', 'createmedium', 'startvm'], config: folder => ({ box: 'gaia/tiny', box_url: path.join(folder, 'tiny.box'), cpus: 2, memory: 512, networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18090 }], disks: [{ size: '4MB' }], provider_config: engine }) },
  { name: 'from a disk image with cloud-init', what: 'apply', taken: true, sees: ['write seeds', 'createvm', 'write making', 'clonemedium', 'closemedium', 'createmedium', 'storageattach'], config: folder => ({ ...small, image: path.join(folder, 'cloud.vdi'), disks: [{ size: '4MB', storage: path.join(folder, 'elsewhere') }], cloud_init: { user: 'dev' } }) },
  { name: 'from an installer', what: 'apply', sees: ['createmedium'], config: folder => ({ ...small, iso: path.join(folder, 'setup.iso'), disk_size: '64MB' }) },
  { name: 'as a full clone', what: 'apply', sees: ['clonevm'], config: () => ({ ...small, clone_from: 'mine' }) },
  { name: 'as a linked clone', what: 'apply', sees: ['clonevm'], config: () => ({ ...small, clone_from: { name: 'mine', linked: true } }) },
  { name: 'changed', what: 'apply', sees: ['modifyvm', 'modifymedium'], from: folder => ({ ...small, iso: path.join(folder, 'setup.iso'), disk_size: '64MB' }), config: folder => ({ ...small, memory: 640, cpus: 2, iso: path.join(folder, 'setup.iso'), disk_size: '128MB', networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18091 }] }) },
  { name: 'replaced', what: 'replace', sees: ['unregistervm', 'createvm'], from: folder => ({ ...small, iso: path.join(folder, 'setup.iso'), disk_size: '64MB' }), config: folder => ({ ...small, iso: path.join(folder, 'setup.iso'), disk_size: '32MB' }) },
  { name: 'destroyed', what: 'destroy', sees: ['unregistervm'], from: folder => ({ ...small, image: path.join(folder, 'cloud.vdi'), cloud_init: { user: 'dev' } }), config: folder => ({ ...small, image: path.join(folder, 'cloud.vdi'), cloud_init: { user: 'dev' } }) },
];

describe.skipIf(virtualBoxMissing())('create and apply, killed', () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let provider: Provider;

  beforeAll(async () => {
    box = await privateVirtualBox();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-kill-'));
    fs.mkdirSync(path.join(folder, 'elsewhere'));
    fs.writeFileSync(path.join(folder, 'elsewhere', 'notes.txt'), 'mine');
    fs.writeFileSync(path.join(folder, 'setup.iso'), buildIso('SETUP', [{ name: 'read.me', bytes: Buffer.from('x') }], new Date(0)));
    await box.run(['createmedium', 'disk', '--filename', path.join(folder, 'cloud.vdi'), '--size', '16']);
    await box.run(['closemedium', 'disk', path.join(folder, 'cloud.vdi')]);
    await makeBox(box, folder);
    const mine = await box.createVm({ name: 'mine', diskMiB: 16 });
    await box.run(['snapshot', mine, 'take', 'base']);
    await build({ entryPoints: [path.join(import.meta.dirname, 'applyChild.ts')], outfile: path.join(folder, 'apply.mjs'), bundle: true, platform: 'node', format: 'esm', target: 'node20', mainFields: ['module', 'main'], logLevel: 'error', banner: { js: "import { createRequire as gaiaRequire } from 'node:module'; const require = gaiaRequire(import.meta.url);" } });
    Object.assign(process.env, box.variables);
    provider = createVirtualBoxProvider({ settings: () => ({ executable: box.vboxmanage }), record: () => undefined });
  });
  afterAll(async () => {
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const run = (what: ChildOptions['what'], config: Config, killAt: number, killAfterMs = 0): string => {
    const options: ChildOptions = { folder, executable: box.vboxmanage, text: JSON.stringify({ name: 'web', provider: 'virtualbox', config }), what, killAt, killAfterMs };
    for (const name of ['steps', 'killed']) fs.rmSync(path.join(folder, name), { force: true });
    const child = spawnSync(process.execPath, [path.join(folder, 'apply.mjs'), JSON.stringify(options)], { env: { ...box.env, LC_ALL: 'C.UTF-8' }, encoding: 'utf8', timeout: 120_000 });
    return `${child.stdout}\n${child.stderr}`;
  };
  const read = (name: string): string | undefined => (fs.existsSync(path.join(folder, name)) ? fs.readFileSync(path.join(folder, name), 'utf8').trim() : undefined);
  const bound = (): MachineId | undefined => (JSON.parse(read('bindings.json') ?? '{}') as Record<string, MachineId>)['web'];
  const mine = (): readonly string[] => fs.readdirSync(folder).filter(name => !['steps', 'killed', 'bindings.json', 'making', 'cache', 'apply.mjs'].includes(name));

  /** Every file of the person's and of VirtualBox's, by its content, and the disks VirtualBox knows. Logs tell the time. */
  const world = async (): Promise<Readonly<Record<string, string>>> => {
    const found: Record<string, string> = {};
    const walk = (at: string): void => {
      if (!fs.statSync(at).isDirectory()) {
        found[at] = createHash('sha256').update(fs.readFileSync(at)).digest('hex');
        return;
      }
      const entries = fs.readdirSync(at).filter(name => name !== 'Logs' && !name.endsWith('.vbox-prev'));
      if (entries.length === 0) found[at] = 'empty';
      for (const name of entries) walk(path.join(at, name));
    };
    for (const at of [box.machineFolder, ...mine().map(name => path.join(folder, name))]) walk(at);
    const locations = async (what: string): Promise<string> => [...(await box.run(['list', what])).matchAll(/^Location:\s*(.*)/gm)].map(match => match[1] ?? '').filter(one => one !== path.join(folder, 'setup.iso')).sort().join(' ');
    return { ...found, vms: (await box.run(['list', 'vms'])).trim(), hdds: await locations('hdds'), dvds: await locations('dvds') };
  };
  /** Whatever was started for this VirtualBox, also what is only about to become VBoxManage. */
  const processes = (): readonly { readonly pid: number; readonly program: string }[] => fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(pid => {
    try {
      const ours = fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`VBOX_IPC_SOCKETID=${box.socketId}`);
      return ours ? [{ pid: Number(pid), program: path.basename(fs.readlinkSync(`/proc/${pid}/exe`)) }] : [];
    } catch {
      return [];
    }
  });
  const idle = async (): Promise<void> => {
    for (let n = 0; n < 200 && processes().some(one => !/^VBox(SVC|XPCOMIPCD|Headless)$/.test(one.program)); n++) await sleep(30);
  };
  /** VirtualBox moves the old settings away before it puts the new ones there: cut in between it has lost them, whoever asked for the change. */
  const settingsAreWhole = (): boolean => {
    const machines = fs.readdirSync(box.machineFolder, { withFileTypes: true, recursive: true }).filter(entry => /\.vbox(-prev)?$/.test(entry.name)).map(entry => path.join(entry.parentPath, entry.name.replace(/-prev$/, '')));
    return [path.join(box.home, 'VirtualBox.xml'), ...machines].every(file => fs.existsSync(file) && fs.readFileSync(file, 'utf8').trimEnd().endsWith('</VirtualBox>'));
  };
  const send = (signal: NodeJS.Signals, isMeant: (program: string) => boolean = () => true): void => {
    for (const { pid, program } of processes()) {
      try {
        if (isMeant(program)) process.kill(pid, signal);
      } catch {
        // It has ended already.
      }
    }
  };
  const isService = (program: string): boolean => program === 'VBoxSVC';
  /** The computer lost its power: nothing of VirtualBox ends in good order. */
  const powerCut = async (): Promise<void> => {
    for (let n = 0; n < 50; n++) {
      send('SIGSTOP', isService);
      if (settingsAreWhole()) break;
      send('SIGCONT', isService);
      await sleep(3);
    }
    for (let n = 0; n < 20 && processes().length > 0; n++) {
      send('SIGKILL');
      await sleep(20);
    }
    fs.rmSync(path.join(os.tmpdir(), `.vbox-${box.socketId}-ipc`), { recursive: true, force: true });
  };

  /** What `gaia.cleanUp` does: the journal's machines, then what else its entries wrote down. Then the file is destroyed. */
  const cleanUp = async (): Promise<void> => {
    const journal = new Journal(path.join(folder, 'making'));
    const owner = bound();
    const remove = async (id: MachineId): Promise<void> => {
      const machine = (await provider.list(never)).find(one => one.id === id);
      if (machine?.state === 'running') await provider.power.powerOff(id, context);
      if (machine) await provider.lifecycle?.delete(id, { disks: 'delete' }, context);
    };
    for (const entry of await journal.interrupted()) {
      for (const { machine } of leftBy(entry, await provider.list(never), id => id === owner)) await remove(machine.id);
      const remains = await provider.lifecycle?.remains?.(entry.intents, never) ?? [];
      await provider.lifecycle?.removeRemains?.(remains, context);
      expect(await provider.lifecycle?.remains?.(entry.intents, never)).toEqual([]);
      await journal.end(entry);
    }
    if (owner) await remove(owner);
    fs.rmSync(path.join(folder, 'bindings.json'), { force: true });
    // What is half written when the process ends lies beside its place, in Gaia's own folder, and nobody reads it.
    for (const name of ['making', 'seeds']) for (const one of fs.existsSync(path.join(folder, name)) ? fs.readdirSync(path.join(folder, name)) : []) if (one.endsWith('.tmp')) fs.rmSync(path.join(folder, name, one));
    fs.rmSync(path.join(folder, 'seeds'), { recursive: fs.existsSync(path.join(folder, 'seeds')) && fs.readdirSync(path.join(folder, 'seeds')).length === 0, force: true });
  };

  it.each(scenarios)('$name', { timeout: 900_000 }, async ({ name, what, from, config, sees, taken }) => {
    const own = path.join(box.machineFolder, 'web');
    if (taken) {
      fs.mkdirSync(own, { recursive: true });
      fs.writeFileSync(path.join(own, 'notes.txt'), 'mine');
    }
    // First without a kill: what it needs is fetched then, and its steps are known.
    for (const _round of name.includes('box') ? ['fetched', 'from the cache'] : ['once']) {
      await cleanUp();
      if (from) expect(run('apply', from(folder), 0)).toContain('"done"');
      expect(run(what, config(folder), 0)).toContain('"done"');
    }
    const steps = read('steps')?.split('\n') ?? [];
    expect(steps).toEqual(expect.arrayContaining([...sees]));
    await cleanUp();
    const before = await world();
    let turn = 0;
    for (const [index, step] of steps.entries()) {
      // The last of its kind has the most before it.
      if (!all && (!sees.includes(step) || steps.indexOf(step, index + 1) !== -1)) continue;
      turn++;
      for (const cut of all ? [false, true] : [turn % 2 === 0]) {
        if (from) expect(run('apply', from(folder), 0)).toContain('"done"');
        run(what, config(folder), index + 1, cut ? 40 : 0);
        if (cut) await powerCut();
        else await idle();
        const at = `killed at step ${String(index + 1)}, ${step}${cut ? ', with the computer' : ''}`;
        expect(read('killed'), at).toBe(step);
        // Applying again goes on where it ended, whatever is half done.
        if (what === 'apply' && from) {
          expect(run('apply', config(folder), 0), at).toMatch(/"(done|unchanged)"/);
          const id = bound();
          expect(id && /^memory=(\d+)/m.exec(await box.run(['showvminfo', parseMachineId(id).native, '--machinereadable']))?.[1], at).toBe('640');
        }
        await cleanUp();
        expect(await world(), at).toEqual(before);
      }
    }
    if (taken) fs.rmSync(own, { recursive: true });
    console.log(`${String(turn)} of ${String(steps.length)} steps: ${steps.join(', ')}`);
  });
});
