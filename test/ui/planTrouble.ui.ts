// What goes wrong with a plan, and what a person is told: a failure with its reason and the way on, a cancel between steps, a window closed in
// mid-apply. On a real VirtualBox behind a VBoxManage that can be told to take its time.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { Explorer } from './pages/explorer.ts';
import { file, machine } from './pages/smallMachine.ts';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe.skipIf(virtualBoxMissing())('a plan that does not go well', () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let workbench: Workbench;
  let tree: TreeView;
  let plan: TreeView;
  let explorer: Explorer;
  /** While this file is there, VBoxManage waits before what its text (a pattern of `case`) names. */
  let slow: string;

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    await box.createVm({ name: 'bystander', memoryMiB: 64 });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-trouble-'));
    slow = path.join(folder, 'slow');
    const wrapper = path.join(folder, 'VBoxManage');
    fs.writeFileSync(wrapper, `#!/bin/bash\nif [ -e '${slow}' ] && [[ "$*" == *"$(cat '${slow}')"* ]]; then echo "$*" >> '${slow}.waiting'; while [ -e '${slow}' ] && [[ "$*" == *"$(cat '${slow}')"* ]]; do sleep 0.1; done; fi\nexec '${box.vboxmanage}' "$@"\n`, { mode: 0o755 });
    const variables = { ...box.variables, PATH: `${folder}${path.delimiter}${box.variables.PATH}` };
    workbench = await openWorkbench({
      virtualBox: { variables }, viewport: { width: 1280, height: 900 }, settings: { 'gaia.refreshInterval': 2 },
      workspace: {
        'chain.gaia.json': file(machine('one'), machine('two', { clone_from: 'one' }), machine('three', { clone_from: 'two' })),
        'box.gaia.json': file(machine('boxed', { box: 'gaia/none', box_url: path.join(folder, 'not-there.box'), disk_size: undefined })),
        'port.gaia.json': file(machine('ported', { networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 18280 }] })),
        'huge.gaia.json': file(machine('huge', { disk_size: '8M', memory: 512, cpus: 128 })),
        'cut.gaia.json': file(machine('cut')),
        'broken.gaia.json': '{ "name": "x", "provider": "virtualbox", "config": { "cpus": 0 } }\n',
      },
    });
    explorer = new Explorer(workbench.page);
    tree = new TreeView(workbench.page, 'Machines');
    plan = new TreeView(workbench.page, 'Plan');
  });
  afterAll(async () => {
    fs.rmSync(slow, { force: true });
    await workbench.close();
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const waiting = async (text: string): Promise<void> => {
    await expect.poll(() => (fs.existsSync(`${slow}.waiting`) ? fs.readFileSync(`${slow}.waiting`, 'utf8') : ''), { timeout: 60_000 }).toContain(text);
  };
  const slowAt = (text: string): void => {
    fs.rmSync(`${slow}.waiting`, { force: true });
    fs.writeFileSync(slow, text);
  };
  const goOn = (): void => { fs.rmSync(slow, { force: true }); };
  const names = async (): Promise<string[]> => [...(await box.run(['list', 'vms'])).matchAll(/^"(.*)" \{/gm)].map(match => match[1] ?? '').sort();

  it('says of a box that is not there which machine, why and what to do, and offers another try', async () => {
    await explorer.menu('box.gaia.json', 'Apply');
    const toast = await workbench.notifications.waitFor(/Failed: “boxed”\. There is no box at /, 60_000);
    const text = await toast.innerText();
    expect(text).toContain('not-there.box');
    for (const button of ['Retry', 'Show Log']) expect(text).toContain(button);
    await expect.poll(() => plan.description(plan.row('boxed'))).toContain('not-there.box');
    await workbench.screenshot('trouble-box');
    expect(await names()).toEqual(['bystander']);
    await workbench.notifications.clear();
  });

  it('does not begin with a file that has an error, and shows where it is', async () => {
    await explorer.menu('broken.gaia.json', 'Apply');
    await workbench.notifications.waitFor(/Line 1: .*Mend the file first/);
    await workbench.screenshot('trouble-file');
    await workbench.notifications.press(/Line 1: .*Mend the file first/, 'Show in the File');
    await workbench.editor.tab('broken.gaia.json').waitFor();
    await expect.poll(() => workbench.page.locator('.editor-status-selection, #status\\.editor\\.selection').first().innerText()).toMatch(/Ln 1, Col 6/);
    await workbench.notifications.clear();
  });

  it('stops between steps when it is cancelled: what is made stays and is the file\'s, the rest is not done', async () => {
    slowAt('clonevm');
    await explorer.menu('chain.gaia.json', 'Apply');
    await expect.poll(() => plan.description(plan.row('one')), { timeout: 60_000 }).toBe('done');
    await waiting('clonevm');
    const toast = await workbench.notifications.waitFor(/Applying chain\.gaia\.json/);
    expect(await toast.innerText()).toMatch(/1 of 3 done/);
    await workbench.screenshot('trouble-chain');
    await workbench.notifications.press(/Applying chain\.gaia\.json/, 'Cancel');
    goOn();
    await workbench.notifications.waitFor(/Done: “one”\. Not done: “two” and “three”\. Cancelled\./, 60_000);
    await workbench.screenshot('trouble-cancelled');
    expect(await names()).toEqual(['bystander', 'one']);
    await expect.poll(() => tree.description(tree.row('one'))).toMatch(/^stopped · chain\.gaia\.json · /);
  });

  it('goes on from there at the next try', async () => {
    await workbench.notifications.press(/Not done: /, 'Retry');
    await workbench.notifications.waitFor(/Done: “two” and “three”\./, 90_000);
    expect(await names()).toEqual(['bystander', 'one', 'three', 'two']);
    await workbench.notifications.clear();
  });

  it('tells of what a window closed in mid-apply has left, and takes it away', async () => {
    slowAt('modifyvm');
    await explorer.menu('cut.gaia.json', 'Apply');
    await waiting('modifyvm');
    expect(await names()).toContain('cut');
    await workbench.reload();
    await workbench.openView();
    const toast = await workbench.notifications.waitFor(/Gaia was interrupted while making “cut”/, 150_000);
    // Not before: the old window lives for some seconds, and would come to its end.
    goOn();
    expect(await toast.innerText()).toContain('Look…');
    await workbench.screenshot('trouble-interrupted');
    await workbench.notifications.press(/Gaia was interrupted while making “cut”/, 'Look…');
    expect(await workbench.dialog.text()).toMatch(/“cut” was left half made \(.*\)\. Remove it\?[^]*Gaia began to make this machine/);
    expect(await workbench.dialog.buttons()).toEqual(expect.arrayContaining(['Remove with Disks', 'Keep for the File', 'Cancel']));
    await workbench.screenshot('trouble-left');
    await workbench.dialog.press('Remove with Disks');
    await expect.poll(names, { timeout: 30_000 }).toEqual(['bystander', 'one', 'three', 'two']);
    expect(fs.existsSync(path.join(box.machineFolder, 'cut'))).toBe(false);
    await workbench.run('Gaia: Remove What an Interruption Left');
    await workbench.notifications.waitFor('Nothing was left by an interruption.');
    await workbench.notifications.clear();
  }, 240_000);

  it('does so for a clone that belongs to no file, with the snapshot that it was made from', async () => {
    const snapshots = async (): Promise<string> => (await box.call(['snapshot', 'bystander', 'list'])).stdout;
    slowAt('clonevm');
    await tree.menu(tree.row('bystander'), 'Clone…');
    await workbench.quickInput.enter('half');
    await workbench.quickInput.choose('Linked');
    await waiting('clonevm');
    expect(await snapshots()).toContain('Base of half');
    // The clone is made, and what asks whether it is there waits.
    fs.writeFileSync(slow, 'showvminfo');
    await waiting('showvminfo');
    expect(await names()).toContain('half');
    await workbench.reload();
    await workbench.openView();
    await workbench.notifications.waitFor(/Gaia was interrupted while making “half”/, 150_000);
    goOn();
    await workbench.notifications.press(/Gaia was interrupted while making “half”/, 'Look…');
    expect(await workbench.dialog.text()).toMatch(/“half” was left half made \(.*\)\. Remove it\?[^]*Keeping leaves it as it is\./);
    expect(await workbench.dialog.buttons()).toEqual(expect.arrayContaining(['Remove with Disks', 'Keep', 'Cancel']));
    await workbench.screenshot('trouble-clone');
    await workbench.dialog.press('Remove with Disks');
    await expect.poll(names, { timeout: 30_000 }).toEqual(['bystander', 'one', 'three', 'two']);
    await expect.poll(snapshots, { timeout: 30_000 }).toContain('does not have any snapshots');
    await workbench.run('Gaia: Remove What an Interruption Left');
    await workbench.notifications.waitFor('Nothing was left by an interruption.');
  }, 240_000);
});
