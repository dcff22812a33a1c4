// From file to machine as a person does it: right-click → Plan → Apply, in the real workbench, on a real VirtualBox that is asked independently.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { Explorer } from './pages/explorer.ts';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

interface Written { readonly name: string; readonly provider: string; readonly config: Readonly<Record<string, unknown>> }
/** An empty machine that really starts on the rig. */
const machine = (name: string, config: Record<string, unknown> = {}): Written => ({
  name, provider: 'virtualbox', config: { cpus: 1, memory: 512, disk_size: '16M', networks: [], provider_config: { 'vm-execution-engine': 'interpreter' }, ...config },
});
const file = (...machines: Written[]): string => `${JSON.stringify({ machines }, null, 2)}\n`;
const forward = (hostPort: number): unknown => ({ type: 'forwarded_port', guest_port: 80, host_port: hostPort });
const web = machine('web', { networks: [forward(18180)] });
const db = machine('db', { cpus: 2, start: false });
const stranger = machine('stranger');

describe.skipIf(virtualBoxMissing())('plan and apply in the workbench', () => {
  let box: PrivateVirtualBox;
  let workbench: Workbench;
  let tree: TreeView;
  let plan: TreeView;
  let explorer: Explorer;

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    await box.createVm({ name: 'stranger', memoryMiB: 64 });
    await box.createVm({ name: 'bystander', memoryMiB: 64 });
    workbench = await openWorkbench({
      virtualBox: box, viewport: { width: 1280, height: 1000 }, settings: { 'gaia.refreshInterval': 2, 'gaia.shutdownTimeout': 2 },
      workspace: { 'lab.gaia.json': file(web, db, stranger), 'other.gaia.json': file(machine('unrelated')) },
    });
    explorer = new Explorer(workbench.page);
    tree = new TreeView(workbench.page, 'Machines');
    plan = new TreeView(workbench.page, 'Plan');
  });
  afterAll(async () => {
    await workbench.close();
    await box.dispose();
  });

  const write = (...machines: Written[]): void => { fs.writeFileSync(path.join(workbench.folder, 'lab.gaia.json'), file(...machines)); };
  const settings = async (vm: string): Promise<Map<string, string>> => new Map((await box.run(['showvminfo', vm, '--machinereadable'])).split('\n')
    .map(line => line.split('=') as [string, string | undefined]).map(([key, value]) => [key, (value ?? '').trim().replaceAll('"', '')]));
  const says = async (row: string, text: string | RegExp, timeoutMs = 60_000): Promise<void> => {
    await expect.poll(() => plan.description(plan.row(row)), { timeout: timeoutMs, interval: 150 }).toMatch(text);
  };
  const machineSays = async (row: string, text: string | RegExp): Promise<void> => {
    await expect.poll(() => tree.description(tree.row(row)), { timeout: 30_000, interval: 150 }).toMatch(text);
  };
  const planAgain = async (): Promise<void> => {
    await workbench.notifications.clear();
    await explorer.menu('lab.gaia.json', 'Plan');
  };

  it('plans by right-click: what would be made, what is in the way', async () => {
    await explorer.menu('lab.gaia.json', 'Plan');
    await says('web', 'will be created');
    await says('db', 'will be created');
    await says('stranger', 'is in the way');
    // Several that are new: closed, so that all of them are seen.
    await plan.expand(plan.row('web'));
    await expect.poll(() => plan.texts()).toEqual(expect.arrayContaining(['memory512 MiB', 'forward 1818018180 → 80/tcp']));
    expect(await plan.element.locator('.tree-view-message, .message').allInnerTexts().then(texts => texts.join(' '))).toContain('Plan: 2 to create, 1 not possible.');
    // Nothing was done.
    expect(await box.run(['list', 'vms'])).not.toContain('"web"');
  });

  it('says by a screen reader what the icons and arrows say', async () => {
    expect(await plan.row('web').getAttribute('aria-label')).toMatch(/^web, will be created, \d settings/);
    expect(await plan.row('memory').first().getAttribute('aria-label')).toContain('memory: 512 MiB');
  });

  it('shows the place in the file at a click on a row, and the exact commands below the machine', async () => {
    await plan.row('memory').first().click();
    await workbench.editor.tab('lab.gaia.json').waitFor();
    await expect.poll(() => workbench.page.locator('.editor-status-selection, #status\\.editor\\.selection').first().innerText()).toMatch(/Ln 8/);
    await plan.row('source').first().click();
    await plan.expand(plan.row('Commands').first());
    await expect.poll(async () => (await plan.texts()).some(text => text.startsWith('VBoxManage createvm') && text.includes('web')), { timeout: 40_000 }).toBe(true);
    await workbench.inThemes('plan-create', async () => {
      await plan.row('web').hover();
      await workbench.page.waitForTimeout(1200);
    }, ['dark', 'light', 'highContrast', 'highContrastLight']);
  });

  it('shows the plan as text, with the commands', async () => {
    await plan.viewAction('Show Plan as Text');
    await expect.poll(() => workbench.editor.text(), { timeout: 40_000 }).toMatch(/\+ web \(virtualbox\) will be created[^]*commands:[^]*VBoxManage createvm/);
    await workbench.screenshot('plan-text');
    // Read-only: nobody is asked whether to save it.
    await workbench.run('View: Close Editor');
    await workbench.editor.tab('(Plan).diff').waitFor({ state: 'detached' });
  });

  it('adopts what is in the way, which then is planned as the file\'s own: old → new', async () => {
    await plan.viewAction('Collapse All');
    await plan.inline(plan.row('stranger'), 'Adopt a Machine');
    await workbench.quickInput.choose('stranger');
    await says('stranger', 'will be changed');
    await expect.poll(() => plan.texts()).toContain('memory64 MiB → 512 MiB');
    await machineSays('stranger', /≠ lab\.gaia\.json/);
    await workbench.screenshot('plan-adopted');
  });

  it('applies it: each machine says how far it is, and VBoxManage says that it is so', async () => {
    // Another file in front must not be taken for the one that is planned.
    await workbench.editor.open('other.gaia.json');
    await plan.viewAction('Apply This Plan');
    await workbench.notifications.waitFor('Applying lab.gaia.json');
    await workbench.screenshot('plan-applying');
    await workbench.notifications.waitFor(/Done: “web”, “db” and “stranger”\./, 90_000);
    for (const name of ['web', 'db', 'stranger']) await says(name, 'done');
    await workbench.screenshot('plan-applied');
    const made = await settings('web');
    expect(made.get('VMState')).toBe('running');
    expect(made.get('memory')).toBe('512');
    expect(made.get('cpus')).toBe('1');
    expect([...made].filter(([key]) => key.startsWith('Forwarding')).map(([, rule]) => rule)).toEqual([expect.stringContaining(',18180,,80')]);
    const second = await settings('db');
    expect(second.get('VMState')).toBe('poweroff');
    expect(second.get('cpus')).toBe('2');
    expect((await settings('stranger')).get('memory')).toBe('512');
    expect(await box.run(['list', 'vms'])).not.toContain('unrelated');
  });

  it('marks in the tree whose each machine is', async () => {
    await machineSays('web', /^running · lab\.gaia\.json · 1 CPU · 512 MB$/);
    await machineSays('db', /^stopped · lab\.gaia\.json · /);
    await machineSays('bystander', /^stopped · 1 CPU · 64 MB$/);
  });

  it('has nothing to do the second time', async () => {
    const before = await box.run(['list', '--long', 'vms']);
    await workbench.notifications.clear();
    await explorer.menu('lab.gaia.json', 'Apply');
    await workbench.notifications.waitFor('Everything is as the file says.');
    await says('web', 'is as the file says');
    await workbench.screenshot('plan-nothing');
    const settled = (text: string): string => text.replace(/^(State|Video mode|Memory balloon).*$/gm, '');
    expect(settled(await box.run(['list', '--long', 'vms']))).toBe(settled(before));
  });

  it('marks what was changed outside, without a plan, within a poll', async () => {
    await box.run(['modifyvm', 'db', '--memory', '600']);
    await machineSays('db', /≠ lab\.gaia\.json · .*600 MB$/);
    await tree.tooltip(tree.row('db'), 'memory: 600 MiB → 512 MiB');
    await workbench.screenshot('plan-drift');
    await box.run(['modifyvm', 'db', '--memory', '512']);
    await machineSays('db', / · lab\.gaia\.json · .*512 MB$/);
  });

  it('says that more memory needs a stop, asks, and offers to power off what does not shut down', async () => {
    write(machine('web', { networks: [forward(18180)], memory: 640 }), db, stranger);
    await planAgain();
    await says('web', 'will be stopped for its change');
    await expect.poll(() => plan.texts()).toContain('memory512 MiB → 640 MiB');
    expect(await plan.row('memory').first().getAttribute('aria-label')).toContain('memory: from 512 MiB to 640 MiB, needs a stop');
    await workbench.inThemes('plan-stop');
    await plan.viewAction('Apply This Plan');
    expect(await workbench.dialog.text()).toMatch(/“web” must be stopped for the change, and will be started again\.\s+• web: memory 512 MiB → 640 MiB/);
    await workbench.screenshot('plan-stop-question');
    await workbench.dialog.press('Stop and Change');
    await expect.poll(() => workbench.dialog.text(), { timeout: 30_000 }).toContain('“web” has not shut down within 2 seconds');
    await workbench.screenshot('plan-stop-power-off');
    await workbench.dialog.press('Power Off');
    await workbench.notifications.waitFor(/Done: “web”\./, 90_000);
    const changed = await settings('web');
    expect(changed.get('memory')).toBe('640');
    expect(changed.get('VMState')).toBe('running');
  });

  it('does not apply another plan than the one that was looked at', async () => {
    write(machine('web', { networks: [forward(18181)], memory: 640 }), db, stranger);
    await planAgain();
    await says('web', 'will be changed');
    write(machine('web', { networks: [forward(18182)], memory: 640 }), db, stranger);
    await expect.poll(() => plan.element.innerText()).toContain('The file has changed since this plan was made.');
    await workbench.screenshot('plan-outdated');
    await plan.viewAction('Apply This Plan');
    expect(await workbench.dialog.text()).toContain('no longer the plan that you looked at');
    await workbench.dialog.press('Cancel');
    expect((await settings('web')).get('Forwarding(0)')).toContain(',18180,,80');
    await plan.viewAction('Apply This Plan');
    await workbench.notifications.waitFor(/Done: “web”\./);
    // Live: it was never off.
    expect((await settings('web')).get('Forwarding(0)')).toContain(',18182,,80');
    expect((await settings('web')).get('VMState')).toBe('running');
  });

  it('plans anew when the machines have moved since, and asks', async () => {
    write(machine('web', { networks: [forward(18182)], memory: 640 }), machine('db', { cpus: 1, start: false }), stranger);
    await planAgain();
    await says('db', 'will be changed');
    await box.run(['modifyvm', 'db', '--memory', '700']);
    await plan.viewAction('Apply This Plan');
    expect(await workbench.dialog.text()).toMatch(/no longer the plan that you looked at[^]*• db: cpus 2 → 1[^]*• db: memory 700 MiB → 512 MiB/);
    await workbench.screenshot('plan-moved');
    await workbench.dialog.press('Apply the New Plan');
    await workbench.notifications.waitFor(/Done: “db”\./);
    expect([(await settings('db')).get('cpus'), (await settings('db')).get('memory')]).toEqual(['1', '512']);
  });

  it('makes one apply of a double click', async () => {
    write(machine('web', { networks: [forward(18183)], memory: 640 }), machine('db', { cpus: 3, start: false }), stranger);
    await planAgain();
    await says('db', 'will be changed');
    const apply = plan.viewButton('Apply This Plan');
    await plan.element.hover();
    await apply.dblclick();
    await workbench.notifications.waitFor(/Done: “web” and “db”\./);
    expect((await settings('db')).get('cpus')).toBe('3');
  });

  it('keeps a machine that left the file, and says so', async () => {
    write(machine('web', { networks: [forward(18183)], memory: 640 }), machine('db', { cpus: 3, start: false }));
    await planAgain();
    await says('stranger', 'is no longer in the file; it is left alone');
    await machineSays('stranger', /≠ lab\.gaia\.json/);
  });

  it('destroys what the file made, by name, and nothing else', async () => {
    await box.run(['modifyvm', 'stranger', '--name', 'renamed outside']);
    await workbench.notifications.clear();
    await explorer.menu('lab.gaia.json', 'Destroy the Machines of This File…');
    const question = await workbench.dialog.text();
    expect(question).toMatch(/Delete (“\w+”, “\w+” and “\w+”) with all disks\?/);
    expect(question).toContain('• web: running');
    expect(question).toContain('• renamed outside (stranger): stopped');
    await workbench.screenshot('plan-destroy');
    await workbench.dialog.press('Delete');
    await expect.poll(() => box.run(['list', 'vms']), { timeout: 60_000 }).toMatch(/^"bystander" \{[^}]+\}\s*$/);
    // VirtualBox takes a machine off its list a moment before its folder.
    await expect.poll(() => fs.existsSync(path.join(box.machineFolder, 'web')), { timeout: 40_000 }).toBe(false);
    // The plan that was shown is made anew.
    await workbench.openView('Plan');
    await says('web', 'will be created');
  });
});
