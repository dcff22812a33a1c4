// Guests of a cluster that were there before their file: adopted, what of their cards and disks the file says otherwise as rows, old and new,
// and brought to it while they run. And their pools in the tree. On a stand-in Proxmox VE.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuest } from '../proxmox/seed.ts';
import { startProxmox } from '../proxmox/server.ts';
import type { ProxmoxServer } from '../proxmox/server.ts';
import { Explorer } from './pages/explorer.ts';
import { addFromEnv, envOf } from './pages/proxmoxWizard.ts';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const lab = {
  machines: [
    { name: 'proxy', provider: 'proxmox', config: { networks: [{ type: 'public_network', bridge: 'vmbr0', ip: '10.0.0.9' }] } },
    { name: 'web', provider: 'proxmox', config: { disk_size: '8G', networks: [{ type: 'public_network', bridge: 'vmbr0', vlan: 20 }], disks: [{ size: '2G', storage: 'local', format: 'raw' }] } },
  ],
};

describe('guests of a cluster, adopted', () => {
  let server: ProxmoxServer;
  let workbench: Workbench;
  let plan: TreeView;
  let tree: TreeView;

  beforeAll(async () => {
    server = await startProxmox({
      version: '9.1', nodes: ['pve1'], speed: 50,
      storages: [{ storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['iso', 'images', 'rootdir'] }, { storage: 'local-lvm', type: 'lvmthin', content: ['images', 'rootdir'] }],
    });
    addGuest(server.state, { vmid: 100, name: 'proxy', kind: 'lxc', status: 'running', pool: 'lab/edge', config: { net0: 'name=eth0,bridge=vmbr0,ip=10.0.0.5/24,gw=10.0.0.1,hwaddr=BC:24:11:00:01:00,type=veth' } });
    addGuest(server.state, { vmid: 101, name: 'web', status: 'running', pool: 'lab', config: { net0: 'virtio=BC:24:11:00:01:01,bridge=vmbr0', net1: 'virtio=BC:24:11:00:01:02,bridge=vmbr1,tag=9' } });
    addGuest(server.state, { vmid: 102, name: 'alone', status: 'stopped' });
    server.cluster.broadcast();
    workbench = await openWorkbench({
      settings: { 'gaia.refreshInterval': 1 },
      workspace: { '.env': envOf(server), 'lab.gaia.json': JSON.stringify(lab, null, 2) },
    });
    plan = new TreeView(workbench.page, 'Plan');
    tree = await workbench.openView();
    await addFromEnv(workbench);
    await tree.row('web').waitFor({ timeout: 30_000 });
  });
  afterAll(async () => {
    await workbench.close();
    await server.dispose();
  });

  const groupBy = async (what: string): Promise<void> => {
    await workbench.run('Gaia: Group Machines By…');
    await workbench.quickInput.choose(what);
  };
  const card = (vmid: number, key: string): string => String(server.state.guests.get(vmid)?.config[key]);

  it('stand in their pools, one in another', async () => {
    await groupBy('Group or Pool');
    await expect.poll(async () => (await tree.texts()).slice(-5), { timeout: 20_000 }).toEqual([expect.stringMatching(/^lab/), expect.stringMatching(/^edge/), expect.stringMatching(/^proxy/), expect.stringMatching(/^web/), expect.stringMatching(/^alone/)]);
    await workbench.inThemes('plan-cluster-pools');
    await groupBy('Provider');
  });

  it('show each card and disk that the file says otherwise, and each card that it does not have', async () => {
    await new Explorer(workbench.page).menu('lab.gaia.json', 'Plan');
    for (const name of ['proxy', 'web']) {
      await plan.inline(plan.row(name), 'Adopt a Machine');
      await workbench.quickInput.choose(name);
      await expect.poll(() => plan.description(plan.row(name)), { timeout: 30_000 }).not.toBe('is in the way');
    }
    await expect.poll(() => plan.texts(), { timeout: 30_000 }).toEqual(expect.arrayContaining([
      expect.stringMatching(/^adapter 0.*10\.0\.0\.5\/24 via 10\.0\.0\.1 → 10\.0\.0\.9\/24 via 10\.0\.0\.1/),
      expect.stringMatching(/^adapter 0.*untagged → VLAN 20/),
      expect.stringMatching(/^adapter 1.*vmbr1, VLAN 9, BC:24:11:00:01:02/),
      expect.stringMatching(/^disk 2.*2 GiB, local, raw/),
    ]));
    await workbench.inThemes('plan-cluster');
  });

  it('are brought to it while they run', async () => {
    await workbench.notifications.clear();
    await plan.viewAction('Apply This Plan');
    await workbench.notifications.waitFor(/Done: “proxy” and “web”\./, 60_000);
    expect(card(100, 'net0').split(',')).toEqual(expect.arrayContaining(['ip=10.0.0.9/24', 'gw=10.0.0.1', 'hwaddr=BC:24:11:00:01:00']));
    expect(card(101, 'net0')).toBe('virtio=BC:24:11:00:01:01,bridge=vmbr0,tag=20');
    expect(server.state.guests.get(101)?.config).not.toHaveProperty('net1');
    expect(card(101, 'scsi1')).toMatch(/^local:101\/vm-101-disk-\d+\.raw,size=2G/);
    expect([100, 101].map(vmid => server.state.guests.get(vmid)?.status)).toEqual(['running', 'running']);
    await workbench.notifications.clear();
    await new Explorer(workbench.page).menu('lab.gaia.json', 'Plan');
    for (const name of ['proxy', 'web']) await expect.poll(() => plan.description(plan.row(name)), { timeout: 30_000 }).toBe('is as the file says');
  });
});
