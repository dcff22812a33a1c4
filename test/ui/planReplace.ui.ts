// A machine that can only be made anew: nothing of it is deleted before its name was typed. On a stand-in Proxmox VE, where a disk cannot shrink.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuest } from '../proxmox/seed.ts';
import { startProxmox } from '../proxmox/server.ts';
import type { ProxmoxServer } from '../proxmox/server.ts';
import { Explorer } from './pages/explorer.ts';
import { TreeView } from './pages/treeView.ts';
import { addFromEnv, envOf } from './pages/proxmoxWizard.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe('a machine that can only be made anew', () => {
  let server: ProxmoxServer;
  let workbench: Workbench;
  let plan: TreeView;

  beforeAll(async () => {
    server = await startProxmox({ version: '9.1', nodes: ['pve1'], speed: 50 });
    addGuest(server.state, { vmid: 100, name: 'web', node: 'pve1', status: 'stopped', diskGiB: 32 });
    server.cluster.broadcast();
    workbench = await openWorkbench({
      settings: { 'gaia.refreshInterval': 1 },
      workspace: { '.env': envOf(server), 'web.gaia.json': JSON.stringify({ name: 'web', provider: 'proxmox', config: { cpus: 1, memory: 512, disk_size: '8G', start: false } }, null, 2) },
    });
    plan = new TreeView(workbench.page, 'Plan');
    const tree = await workbench.openView();
    await addFromEnv(workbench);
    await tree.row('web').waitFor({ timeout: 30_000 });
  });
  afterAll(async () => {
    await workbench.close();
    await server.dispose();
  });

  const vmids = (): number[] => [...server.state.guests.keys()].map(Number).sort((a, b) => a - b);
  const apply = async (): Promise<void> => {
    await workbench.notifications.clear();
    await plan.viewAction('Apply This Plan');
    expect(await workbench.dialog.text()).toMatch(/“web” can only be deleted, with all its data, and made anew\.\s+• disk: 32 GiB → 8 GiB/);
  };

  it('is said in the plan, with what would be lost', async () => {
    await new Explorer(workbench.page).menu('web.gaia.json', 'Plan');
    await plan.inline(plan.row('web'), 'Adopt a Machine');
    await workbench.quickInput.choose('web');
    await expect.poll(() => plan.description(plan.row('web')), { timeout: 30_000 }).toBe('can only be made anew: its data would be lost');
    await workbench.inThemes('plan-replace');
  });

  it('is left as it is unless somebody says otherwise; Enter does not delete', async () => {
    await apply();
    await workbench.screenshot('plan-replace-question');
    await workbench.page.keyboard.press('Enter');
    await workbench.notifications.waitFor(/Not done: “web”\. It would have to be replaced, which was not confirmed\./);
    expect(vmids()).toEqual([100]);
  });

  it('is not deleted for a wrong name', async () => {
    await apply();
    await workbench.dialog.press('Delete and Make Anew…');
    await workbench.quickInput.enter('wep');
    await expect.poll(() => workbench.quickInput.message()).toContain('This is not the name “web”.');
    await workbench.screenshot('plan-replace-name');
    await workbench.quickInput.dismiss();
    await workbench.page.waitForTimeout(1000);
    expect(vmids()).toEqual([100]);
    expect(server.requests.filter(request => request.method === 'DELETE')).toEqual([]);
  });

  it('is made anew once its name was typed', async () => {
    await apply();
    await workbench.dialog.press('Delete and Make Anew…');
    await workbench.quickInput.enter('web');
    await workbench.notifications.waitFor('Done: “web”.', 60_000);
    expect(server.requests.filter(request => request.method === 'DELETE')).toHaveLength(1);
    expect(vmids()).toHaveLength(1);
    await workbench.notifications.clear();
    await new Explorer(workbench.page).menu('web.gaia.json', 'Plan');
    await expect.poll(() => plan.description(plan.row('web')), { timeout: 30_000 }).toBe('is as the file says');
  });
});
