// Apply, killed at each call that changes something, while that call goes on: what was there before stays as it was, and what was made is found
// by the journal and can be removed.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineId } from '../../../src/machines/machine.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { Journal, leftBy } from '../../../src/ui/plan/journal.ts';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import { makeBox } from './makeBox.ts';

const never = new AbortController().signal;
const asking = 'list|showvminfo|showmediuminfo|--version|-V|-v|guestproperty|getextradata|metrics';

describe.skipIf(virtualBoxMissing())('apply, killed', () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let text: string;
  let wrapper: string;
  beforeAll(async () => {
    box = await privateVirtualBox();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-kill-'));
    text = JSON.stringify({ name: 'web', provider: 'virtualbox', config: {
      box: 'gaia/tiny', box_url: await makeBox(box, folder), cpus: 2, memory: 512, start: true,
      networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18090 }], provider_config: { 'vm-execution-engine': 'interpreter' },
    } });
    // The n-th changing call kills who made it, and goes on itself.
    wrapper = path.join(folder, 'VBoxManage');
    fs.writeFileSync(wrapper, `#!/bin/sh
case "$1" in ${asking}) ;; *)
  echo "$1" >> "${folder}/calls"
  if [ "$(wc -l < "${folder}/calls")" = "$KILL_AT" ]; then echo "$@" > "${folder}/killed"; kill -9 $PPID; fi ;;
esac
exec "${box.vboxmanage}" "$@"
`, { mode: 0o755 });
    await build({ entryPoints: [path.join(import.meta.dirname, 'applyChild.ts')], outfile: path.join(folder, 'apply.mjs'), bundle: true, platform: 'node', format: 'esm', target: 'node20', mainFields: ['module', 'main'], logLevel: 'error', banner: { js: "import { createRequire as gaiaRequire } from 'node:module'; const require = gaiaRequire(import.meta.url);" } });
    await box.createVm({ name: 'mine', diskMiB: 16 });
    Object.assign(process.env, box.variables);
  });
  afterAll(async () => {
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const apply = (killAt: number) => spawnSync(process.execPath, [path.join(folder, 'apply.mjs'), folder, wrapper, text], { env: { ...box.env, LC_ALL: 'C.UTF-8', KILL_AT: String(killAt) }, encoding: 'utf8', timeout: 120_000 });
  const bound = (): MachineId | undefined => (fs.existsSync(path.join(folder, 'bindings.json')) ? (JSON.parse(fs.readFileSync(path.join(folder, 'bindings.json'), 'utf8')) as Record<string, MachineId>)['web'] : undefined);
  const reset = (): void => { for (const name of ['calls', 'killed', 'bindings.json']) fs.rmSync(path.join(folder, name), { force: true }); };
  const settled = async (): Promise<void> => {
    await sleep(300);
    for (let n = 0; n < 60 && box.processes().some(one => one.program === 'VBoxManage'); n++) await sleep(100);
  };

  it('leaves nothing that is not found again and removable, and touches nothing else', async () => {
    const provider = createVirtualBoxProvider({ settings: () => ({ executable: box.vboxmanage }), record: () => undefined });
    // The file itself: what VirtualBox says of it also depends on whether its service was started anew in between.
    const settingsFile = /^CfgFile="(.*)"/m.exec(await box.run(['showvminfo', 'mine', '--machinereadable']))?.[1] ?? '';
    const mine = fs.readFileSync(settingsFile, 'utf8');
    const untouched = (await box.run(['list', 'hdds'])).match(/^Location:.*/gm);
    const killedAt: string[] = [];
    for (let killAt = 1; ; killAt++) {
      reset();
      const child = apply(killAt);
      await settled();
      const killed = fs.existsSync(path.join(folder, 'killed')) ? fs.readFileSync(path.join(folder, 'killed'), 'utf8').trim() : undefined;
      if (killed === undefined) expect(child.stdout, child.stderr).toContain('"done"');
      else killedAt.push(killed.split(' ')[0] ?? '');
      const [entry] = await new Journal(path.join(folder, 'making')).interrupted();
      const owner = bound();
      const machines = await provider.list(never);
      const made = entry ? leftBy(entry, machines, id => id === owner).map(one => one.machine.id) : [];
      // Every machine but the one that was there is known: by the journal, or because it belongs to the file already.
      expect(machines.filter(one => one.name !== 'mine').map(one => one.id).sort(), `killed at ${killed ?? 'no call'}`).toEqual([...made, ...owner === undefined ? [] : [owner]].sort());
      for (const id of [...made, ...owner === undefined ? [] : [owner]]) {
        if (machines.find(one => one.id === id)?.state === 'running') await provider.power.powerOff(id, { signal: never, progress: () => undefined, output: () => undefined });
        await provider.lifecycle?.delete(id, { disks: 'delete' }, { signal: never, progress: () => undefined, output: () => undefined });
      }
      if (entry) await new Journal(path.join(folder, 'making')).end(entry);
      expect(fs.readFileSync(settingsFile, 'utf8')).toBe(mine);
      expect((await box.run(['list', 'hdds'])).match(/^Location:.*/gm), `disks left after ${killed ?? 'no call'}`).toEqual(untouched);
      if (killed === undefined) break;
    }
    console.log(`killed at ${String(killedAt.length)} calls: ${killedAt.join(', ')}`);
    expect(killedAt).toContain('import');
    expect(killedAt).toContain('startvm');
  }, 500_000);
});
