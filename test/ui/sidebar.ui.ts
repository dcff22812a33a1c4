// What a person does with machines in the sidebar, on a real VirtualBox: every step is asked of VBoxManage independently.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import type { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const odd = `we"b 'ü' <1>`;

describe.skipIf(virtualBoxMissing())('the sidebar on a real VirtualBox', () => {
  let box: PrivateVirtualBox;
  let workbench: Workbench;
  let tree: TreeView;
  const id: Record<'odd' | 'lab' | 'prod', string> = { odd: '', lab: '', prod: '' };

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    id.odd = await box.createVm({ name: odd, cpus: 2, memoryMiB: 64, diskMiB: 16 });
    id.lab = await box.createVm({ name: 'node', group: '/lab', memoryMiB: 64 });
    id.prod = await box.createVm({ name: 'node', group: '/prod', memoryMiB: 128 });
    workbench = await openWorkbench({ virtualBox: box, settings: { 'gaia.refreshInterval': 2, 'gaia.shutdownTimeout': 2 } });
    tree = await workbench.openView();
  });

  afterAll(async () => {
    await workbench.close();
    await box.dispose();
  });

  const says = async (name: string, text: string | RegExp, nth = 0): Promise<void> => {
    await expect.poll(() => tree.description(tree.row(name).nth(nth)), { timeout: 30_000, interval: 150 }).toMatch(text);
  };
  const is = async (vm: string, state: string): Promise<void> => {
    await expect.poll(() => box.state(vm), { timeout: 30_000, interval: 300 }).toBe(state);
  };

  it('shows every machine once, the two of one name in their groups', async () => {
    await tree.row(odd).waitFor({ timeout: 30_000 });
    await says(odd, 'stopped · 2 CPU · 64 MB');
    const texts = await tree.texts();
    expect(texts).toEqual(['VirtualBox', 'lab1', 'nodestopped · 1 CPU · 64 MB', 'prod1', 'nodestopped · 1 CPU · 128 MB', `${odd}stopped · 2 CPU · 64 MB`]);
    await workbench.screenshot('sidebar-dark');
  });

  it('offers only what can be done now', async () => {
    const entries = await tree.openMenu(tree.row(odd));
    await workbench.screenshot('sidebar-menu');
    expect(entries).toContain('Start');
    expect(entries).toContain('Delete…');
    for (const impossible of ['Pause', 'Resume', 'Stop (Shut Down)', 'Open Console']) expect(entries).not.toContain(impossible);
    await tree.closeMenu();
  });

  it('starts by right-click', async () => {
    await tree.menu(tree.row(odd), 'Start');
    await says(odd, /^running · 2 CPU · 64 MB/);
    expect(await box.state(id.odd)).toBe('running');
  });

  it('pauses and resumes', async () => {
    await tree.menu(tree.row(odd), 'Pause');
    await says(odd, /^paused/);
    expect(await box.state(id.odd)).toBe('paused');
    await tree.menu(tree.row(odd), 'Resume');
    await says(odd, /^running/);
    expect(await box.state(id.odd)).toBe('running');
  });

  it('takes a snapshot, and shows it below the machine', async () => {
    await tree.menu(tree.row(odd), 'Take Snapshot…');
    await workbench.quickInput.enter('clean "1"');
    await workbench.quickInput.enter('as installed');
    await expect.poll(async () => (await box.call(['snapshot', id.odd, 'list', '--machinereadable'])).stdout, { timeout: 40_000 }).toContain('SnapshotName="clean "1""');
    await expect.poll(() => tree.row(odd).getAttribute('aria-expanded')).toBe('false');
    await tree.expand(tree.row(odd));
    await tree.row('clean "1"').waitFor();
    await says('clean "1"', /^current/);
    await workbench.screenshot('sidebar-snapshot');
  });

  it('suspends to disk and starts from there', async () => {
    await tree.menu(tree.row(odd), 'Power', 'Suspend to Disk');
    await says(odd, /^suspended/);
    expect(await box.state(id.odd)).toBe('saved');
    await tree.inline(tree.row(odd), 'Start');
    await says(odd, /^running/);
    expect(await box.state(id.odd)).toBe('running');
  });

  it('offers to power off what does not shut down in time', async () => {
    await tree.inline(tree.row(odd), 'Stop');
    await workbench.notifications.press(/has not shut down within 2 seconds/, 'Power Off');
    await says(odd, /^stopped/);
    expect(await box.state(id.odd)).toBe('poweroff');
  });

  it('asks before a power off', async () => {
    await tree.inline(tree.row(odd), 'Start');
    await says(odd, /^running/);
    await tree.menu(tree.row(odd), 'Power', 'Power Off');
    expect(await workbench.dialog.text()).toContain(`Power off “${odd}”?`);
    await workbench.dialog.press('Cancel');
    expect(await box.state(id.odd)).toBe('running');
    await tree.menu(tree.row(odd), 'Power', 'Power Off');
    await workbench.dialog.press('Power Off');
    await says(odd, /^stopped/);
    await is(id.odd, 'poweroff');
  });

  it('clones linked, and deletes the clone with its disks, naming them', async () => {
    await tree.menu(tree.row(odd), 'Clone…');
    await workbench.quickInput.enter('twin');
    await workbench.quickInput.choose('Linked');
    await workbench.quickInput.choose('clean');
    await tree.row('twin').waitFor({ timeout: 30_000 });
    const before = (await box.run(['list', 'hdds'])).match(/^UUID:/gm)?.length ?? 0;
    await tree.select(tree.row('twin'));
    await workbench.page.keyboard.press('Delete');
    expect(await workbench.dialog.text()).toMatch(/Delete “twin”\?[^]*These disks would be deleted for good/);
    await workbench.screenshot('sidebar-delete');
    await workbench.dialog.press('Delete with Disks');
    await tree.row('twin').waitFor({ state: 'detached', timeout: 30_000 });
    expect(await box.run(['list', 'vms'])).not.toContain('twin');
    expect((await box.run(['list', 'hdds'])).match(/^UUID:/gm)?.length ?? 0).toBeLessThan(before);
    // What the clone was made from is untouched.
    expect(await box.state(id.odd)).toBe('poweroff');
  });

  it('shows within one poll what was started outside', async () => {
    await box.run(['startvm', id.lab, '--type', 'headless']);
    await expect.poll(() => tree.description(tree.row('node').first()), { timeout: 6000, interval: 100 }).toMatch(/^running/);
    await says('node', /^stopped/, 1);
  });

  it('acts on several machines side by side', async () => {
    await tree.select(tree.row('node').nth(1), tree.row(odd));
    await tree.menu(tree.row(odd), 'Start');
    await says('node', /^running/, 1);
    await says(odd, /^running/);
    await is(id.prod, 'running');
    await is(id.odd, 'running');
    await tree.select(tree.row('node').nth(0), tree.row('node').nth(1), tree.row(odd));
    await tree.menu(tree.row(odd), 'Power', 'Power Off');
    expect(await workbench.dialog.text()).toContain('Power off');
    await workbench.dialog.press('Power Off');
    for (const vm of Object.values(id)) await is(vm, 'poweroff');
  });

  it('renames with F2', async () => {
    await says('node', /^stopped/, 1);
    await tree.select(tree.row('node').nth(1));
    await workbench.page.keyboard.press('F2');
    await workbench.quickInput.enter('web <b>2');
    await tree.row('web <b>2').waitFor();
    expect(await box.run(['list', 'vms'])).toContain(`"web <b>2" {${id.prod}}`);
  });

  it('groups by state and filters, and remembers both', async () => {
    await workbench.run('Gaia: Group Machines By…');
    await workbench.quickInput.choose('State');
    await tree.row('Stopped').waitFor();
    await workbench.run('Gaia: Filter Machines…');
    await workbench.quickInput.enter('node');
    await expect.poll(() => tree.texts()).toEqual(['Stopped1', expect.stringContaining('nodestopped')]);
    // VS Code in a browser writes its state down only every few seconds; a reload by hand would wait for it.
    await workbench.page.waitForTimeout(8000);
    await workbench.reload();
    tree = await workbench.openView();
    await expect.poll(() => tree.texts(), { timeout: 40_000 }).toEqual(['Stopped1', expect.stringContaining('nodestopped')]);
    await workbench.run('Gaia: Clear Filter');
    await tree.row(odd).waitFor();
    await workbench.run('Gaia: Group Machines By…');
    await workbench.quickInput.choose('Provider');
    await tree.row('lab').waitFor();
  });

  it('is legible in every theme', async () => {
    await box.run(['startvm', id.lab, '--type', 'headless']);
    await says('node', /^running/);
    await tree.menu(tree.row('node').first(), 'Pause');
    await says('node', /^paused/);
    await box.run(['startvm', id.odd, '--type', 'headless']);
    await says(odd, /^running/);
    await tree.tooltip(tree.row(odd));
    await workbench.inThemes('sidebar', async () => {
      await tree.row(odd).hover();
      await workbench.page.waitForTimeout(1500);
    }, ['dark', 'light', 'highContrast', 'highContrastLight']);
  });
});
