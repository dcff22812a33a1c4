// A guest's life on the stand-in: create, change, snapshot, back up, move, hand to HA, destroy, each as a real cluster does it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addGuest } from '../../proxmox/seed.ts';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { call, finish, type Reply } from './client.ts';

let server: ProxmoxServer;
beforeAll(async () => {
  server = await startProxmox({ nodes: ['pve', 'pve2'], speed: 300, guests: [{ vmid: 9000, name: 'template', template: true }] });
});
afterAll(() => {
  expect(server.violations).toEqual([]);
  return server.dispose();
});

const post = (path: string, parameters: Record<string, unknown> = {}): Promise<Reply> => call(server, 'POST', path, parameters);
const get = async (path: string, parameters: Record<string, unknown> = {}): Promise<Record<string, unknown>> => (await call(server, 'GET', path, parameters)).body?.data as Record<string, unknown>;
const rows = async (path: string, parameters: Record<string, unknown> = {}): Promise<Record<string, unknown>[]> => (await call(server, 'GET', path, parameters)).body?.data as Record<string, unknown>[];
const done = async (reply: Reply): Promise<string> => (reply.status === 200 ? finish(server, reply.body?.data) : reply.reason);

test('a VM with UEFI, TPM, cloud-init, two NICs and an ISO is made, and all of it stands in its configuration', async () => {
  const made = await post('/nodes/pve/qemu', {
    vmid: 100, name: 'full', cores: 4, memory: 8192, ostype: 'l26', bios: 'ovmf', machine: 'q35', cpu: 'host', scsihw: 'virtio-scsi-single', agent: 'enabled=1',
    scsi0: 'local-lvm:64,ssd=1,discard=on', efidisk0: 'local-lvm:1,efitype=4m,pre-enrolled-keys=1', tpmstate0: 'local-lvm:1,version=v2.0', ide2: 'local:iso/debian-13.1.0-amd64-netinst.iso,media=cdrom', ide0: 'local-lvm:cloudinit',
    net0: 'virtio,bridge=vmbr0,firewall=1', net1: 'e1000=BC:24:11:00:00:01,bridge=vmbr1,tag=40', ciuser: 'ann', sshkeys: encodeURIComponent('ssh-ed25519 AAAA ann'), ipconfig0: 'ip=dhcp', tags: 'b a,b', onboot: 1,
  });
  expect(await done(made)).toBe('OK');
  const config = await get('/nodes/pve/qemu/100/config');
  expect(config).toMatchObject({ scsi0: 'local-lvm:vm-100-disk-0,ssd=1,discard=on,size=64G', efidisk0: 'local-lvm:vm-100-disk-1,efitype=4m,pre-enrolled-keys=1,size=4M', tpmstate0: 'local-lvm:vm-100-disk-2,version=v2.0,size=4M', ide0: 'local-lvm:vm-100-cloudinit,media=cdrom', net1: 'e1000=BC:24:11:00:00:01,bridge=vmbr1,tag=40', boot: 'order=scsi0;ide2;net0', tags: 'b;a', memory: '8192', cores: 4 });
  expect(config['net0']).toMatch(/^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0,firewall=1$/);
});

test('an import, and a create that fails takes its own volumes with it', async () => {
  expect(await done(await post('/nodes/pve/qemu', { vmid: 101, name: 'imported', scsi0: 'local-lvm:0,import-from=local:import/debian-13-generic-amd64.qcow2' }))).toBe('OK');
  expect((await get('/nodes/pve/qemu/101/config'))['scsi0']).toBe('local-lvm:vm-101-disk-0,size=3G');
  const before = server.state.volumes.length;
  server.faults.taskFails('qmcreate', 'unable to create image: got lock timeout');
  expect(await done(await post('/nodes/pve/qemu', { vmid: 102, scsi0: 'local-lvm:8' }))).toBe('unable to create image: got lock timeout');
  expect(server.state.guests.has(102)).toBe(false);
  expect(server.state.volumes.length).toBe(before);
  expect((await post('/nodes/pve/qemu', { vmid: 102, scsi0: 'local:iso/none.iso,media=cdrom' })).reason).toBe("volume 'local:iso/none.iso' does not exist");
});

test('a running VM takes some changes at once, keeps others pending, and has them after its next start', async () => {
  expect(await done(await post('/nodes/pve/qemu/101/status/start'))).toBe('OK');
  await call(server, 'PUT', '/nodes/pve/qemu/101/config', { cores: 8, description: 'now', scsi1: 'local-lvm:2' });
  const pending = await rows('/nodes/pve/qemu/101/pending');
  expect(pending.find(r => r['key'] === 'cores')).toEqual({ key: 'cores', pending: 8 });
  expect(pending.find(r => r['key'] === 'description')).toEqual({ key: 'description', value: 'now' });
  expect((await get('/nodes/pve/qemu/101/config'))['cores']).toBe(8);
  expect((await get('/nodes/pve/qemu/101/config', { current: 1 }))['cores']).toBeUndefined();
  const boot = await call(server, 'PUT', '/nodes/pve/qemu/101/config', { delete: 'scsi0' });
  expect([boot.status, boot.body?.errors]).toEqual([400, { scsi0: "hotplug problem - can't unplug bootdisk" }]);
  expect((await rows('/nodes/pve/qemu/101/pending')).find(r => r['key'] === 'scsi0')).toMatchObject({ delete: 1 });
  await call(server, 'PUT', '/nodes/pve/qemu/101/config', { revert: 'scsi0' });
  await call(server, 'PUT', '/nodes/pve/qemu/101/config', { delete: 'scsi1' });
  expect((await get('/nodes/pve/qemu/101/config'))['unused0']).toBe('local-lvm:vm-101-disk-1');
  await call(server, 'PUT', '/nodes/pve/qemu/101/config', { delete: 'unused0' });
  expect(server.state.volumes.some(v => v.volid === 'local-lvm:vm-101-disk-1')).toBe(false);
  expect(await done(await post('/nodes/pve/qemu/101/status/reboot'))).toBe('OK');
  expect((await get('/nodes/pve/qemu/101/config', { current: 1 }))['cores']).toBe(8);
});

test('clones: full with progress, linked from a template only, to another node from shared storage only', async () => {
  const full = await post('/nodes/pve/qemu/9000/clone', { newid: 110, name: 'copy', full: 1, storage: 'local' });
  expect((await get('/nodes/pve/qemu/110/status/current'))['lock']).toBe('clone');
  expect(await done(full)).toBe('OK');
  expect((await get('/nodes/pve/qemu/110/config'))['scsi0']).toBe('local:110/vm-110-disk-0.raw,size=8G');
  expect(await done(await post('/nodes/pve/qemu/9000/clone', { newid: 111 }))).toBe('OK');
  expect(server.state.volumes.find(v => v.volid === 'local-lvm:vm-111-disk-0')?.parent).toBe('base-9000-disk-0');
  expect((await post('/nodes/pve/qemu/110/clone', { newid: 112, full: 0 })).reason).toBe("Linked clone feature is not supported for 'local:110/vm-110-disk-0.raw' (scsi0)");
  expect((await post('/nodes/pve/qemu/110/clone', { newid: 112, target: 'pve2' })).reason).toBe("can't clone VM to node 'pve2' (VM uses local storage)");
  expect(await done(await call(server, 'DELETE', '/nodes/pve/qemu/9000'))).toBe("base volume 'local-lvm:base-9000-disk-0' is still in use by linked cloned");
  expect(await done(await post('/nodes/pve/qemu/9000/status/start'))).toBe("you can't start a vm if it's a template");
});

test('snapshots make a tree, keep RAM, come back and go; raw on a directory has none', async () => {
  expect(await done(await post('/nodes/pve/qemu/101/snapshot', { snapname: 'one', description: 'first' }))).toBe('OK');
  expect(await done(await post('/nodes/pve/qemu/101/snapshot', { snapname: 'two', vmstate: 1 }))).toBe('OK');
  let list = await rows('/nodes/pve/qemu/101/snapshot');
  expect(list.map(s => [s['name'], s['parent'], s['vmstate']])).toEqual([['one', undefined, 0], ['two', 'one', 1], ['current', 'two', undefined]]);
  await call(server, 'PUT', '/nodes/pve/qemu/101/config', { description: 'later' });
  const generation = (await get('/nodes/pve/qemu/101/config'))['vmgenid'];
  expect(await done(await post('/nodes/pve/qemu/101/snapshot/one/rollback'))).toBe('OK');
  expect(await get('/nodes/pve/qemu/101/status/current')).toMatchObject({ status: 'stopped' });
  expect((await get('/nodes/pve/qemu/101/config'))['vmgenid']).not.toBe(generation);
  expect(await done(await post('/nodes/pve/qemu/101/snapshot/two/rollback'))).toBe('OK');
  expect(await get('/nodes/pve/qemu/101/status/current')).toMatchObject({ status: 'running' });
  expect(await done(await call(server, 'DELETE', '/nodes/pve/qemu/101/snapshot/one'))).toBe('OK');
  list = await rows('/nodes/pve/qemu/101/snapshot');
  expect(list.map(s => [s['name'], s['parent']])).toEqual([['two', undefined], ['current', 'two']]);
  expect(await get('/nodes/pve/qemu/110/feature', { feature: 'snapshot' })).toMatchObject({ hasFeature: 0 });
  expect(await done(await post('/nodes/pve/qemu/110/snapshot', { snapname: 'no' }))).toBe('snapshot feature is not available');
});

test('hibernation locks until the start that resumes', async () => {
  expect(await done(await post('/nodes/pve/qemu/101/status/suspend', { todisk: 1 }))).toBe('OK');
  expect(await get('/nodes/pve/qemu/101/status/current')).toMatchObject({ status: 'stopped', lock: 'suspended' });
  expect((await call(server, 'PUT', '/nodes/pve/qemu/101/config', { cores: 1 })).reason).toBe('VM is locked (suspended)');
  expect(await done(await post('/nodes/pve/qemu/101/status/start'))).toBe('OK');
  expect(await get('/nodes/pve/qemu/101/config')).not.toHaveProperty('vmstate');
});

test('news are late: /cluster/resources shows the state of the last broadcast', async () => {
  const slow = await startProxmox({ guests: [{ vmid: 100, status: 'running' }] });
  try {
    const upid = (await call(slow, 'POST', '/nodes/pve/qemu/100/status/suspend')).body?.data;
    await finish(slow, upid);
    const status = async () => ((await call(slow, 'GET', '/cluster/resources', { type: 'vm' })).body?.data as { status: string }[])[0]?.status;
    expect(await status()).toBe('running');
    slow.cluster.broadcast();
    expect(await status()).toBe('paused');
  } finally {
    await slow.dispose();
  }
});

test('disks grow, move and do not shrink', async () => {
  expect(await done(await call(server, 'PUT', '/nodes/pve/qemu/110/resize', { disk: 'scsi0', size: '+2G' }))).toBe('OK');
  expect(await done(await call(server, 'PUT', '/nodes/pve/qemu/110/resize', { disk: 'scsi0', size: '1G' }))).toBe('shrinking disks is not supported');
  expect(await done(await post('/nodes/pve/qemu/110/move_disk', { disk: 'scsi0', storage: 'shared', format: 'qcow2', delete: 1 }))).toBe('OK');
  expect((await get('/nodes/pve/qemu/110/config'))['scsi0']).toBe('shared:110/vm-110-disk-0.qcow2,size=10G');
});

test('a backup and what it brings back', async () => {
  expect(await done(await post('/nodes/pve/vzdump', { vmid: 110, storage: 'shared', mode: 'snapshot', compress: 'zstd', 'notes-template': '{{guestname}}' }))).toBe('OK');
  const [backup] = await rows('/nodes/pve2/storage/shared/content', { content: 'backup' });
  expect(backup).toMatchObject({ vmid: 110, notes: 'copy', format: 'vma.zst' });
  expect((await post('/nodes/pve/qemu', { vmid: 110, archive: backup?.['volid'] })).reason).toBe("unable to restore VM 110 - VM 110 already exists on node 'pve'");
  expect(await done(await post('/nodes/pve2/qemu', { vmid: 120, archive: backup?.['volid'], storage: 'local-lvm', unique: 1 }))).toBe('OK');
  expect((await get('/nodes/pve2/qemu/120/config'))['scsi0']).toBe('local-lvm:vm-120-disk-0,size=10G');
});

test('migration: what stands against it, and the move with local disks', async () => {
  const before = await get('/nodes/pve/qemu/101/migrate');
  expect(before).toMatchObject({ running: 1, allowed_nodes: ['pve2'] });
  expect((before['local_disks'] as unknown[]).length).toBeGreaterThan(0);
  expect((await post('/nodes/pve/qemu/101/migrate', { target: 'pve2' })).reason).toBe("can't migrate running VM without --online");
  expect(await done(await post('/nodes/pve/qemu/101/migrate', { target: 'pve2', online: 1 }))).toBe('migration aborted');
  expect(server.state.guests.get(101)?.node).toBe('pve');
  expect(await done(await post('/nodes/pve/qemu/101/migrate', { target: 'pve2', online: 1, 'with-local-disks': 1 }))).toBe('OK');
  expect(await get('/nodes/pve2/qemu/101/status/current')).toMatchObject({ status: 'running' });
});

test('HA: a request is done later, by a task of the manager', async () => {
  await call(server, 'PUT', '/nodes/pve2/qemu/101/config', { delete: 'ide2' });
  server.cluster.ha.acts = false;
  expect((await post('/cluster/ha/resources', { sid: 'vm:120', state: 'stopped' })).body).toEqual({ data: null });
  expect(await get('/nodes/pve2/qemu/120/status/current')).toMatchObject({ ha: { managed: 1, state: null } });
  server.cluster.ha.acts = true;
  const asked = await post('/nodes/pve2/qemu/120/status/start');
  expect(String(asked.body?.data)).toContain(':hastart:120:');
  expect(await done(asked)).toBe('OK');
  await expect.poll(async () => (await get('/nodes/pve2/qemu/120/status/current'))['status'], { timeout: 5000 }).toBe('running');
  expect((await call(server, 'DELETE', '/nodes/pve2/qemu/120')).reason).toBe('unable to remove VM 120 - used in HA resources and purge parameter not set.');
  expect((await post('/cluster/ha/rules', { rule: 'here', type: 'node-affinity', resources: 'vm:120', nodes: 'pve2' })).status).toBe(200);
  expect((await rows('/cluster/ha/rules'))[0]).toMatchObject({ rule: 'here', order: 1, strict: 0 });
});

test('storage: upload with checksum, download by URL, delete', async () => {
  const body = Buffer.from(['--XX', 'Content-Disposition: form-data; name="content"', '', 'iso', '--XX', 'Content-Disposition: form-data; name="checksum-algorithm"', '', 'md5', '--XX', 'Content-Disposition: form-data; name="checksum"', '', '5d41402abc4b2a76b9719d911017c592', '--XX', 'Content-Disposition: form-data; name="filename"; filename="small.iso"', 'Content-Type: application/octet-stream', '', 'hello', '--XX--', ''].join('\r\n'));
  const sent = await call(server, 'POST', '/nodes/pve/storage/local/upload', {}, { rawBody: body, headers: { 'Content-Type': 'multipart/form-data; boundary=XX' } });
  expect(await done(sent)).toBe('OK');
  expect((await rows('/nodes/pve/storage/local/content', { content: 'iso' })).find(v => v['volid'] === 'local:iso/small.iso')).toMatchObject({ size: 5 });
  server.state.web.set('https://example.org/a.iso', { size: 1_000_000 });
  expect(await done(await post('/nodes/pve/storage/local/download-url', { content: 'iso', filename: 'a.iso', url: 'https://example.org/a.iso' }))).toBe('OK');
  expect(await done(await post('/nodes/pve/storage/local/download-url', { content: 'iso', filename: 'b.iso', url: 'https://example.org/none' }))).toMatch(/^download failed: 500 Can't connect/);
  expect(await done(await call(server, 'DELETE', `/nodes/pve/storage/local/content/${encodeURIComponent('local:iso/a.iso')}`))).toBe('OK');
});

test('containers: from a template, started, listed, stopped', async () => {
  expect(await done(await post('/nodes/pve/lxc', { vmid: 200, hostname: 'box', ostemplate: 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst', storage: 'local-lvm', rootfs: 'local-lvm:4', net0: 'name=eth0,bridge=vmbr0,ip=dhcp', unprivileged: 1 }))).toBe('OK');
  expect(await done(await post('/nodes/pve/lxc/200/status/start'))).toBe('OK');
  expect((await post('/nodes/pve/lxc/200/status/start')).reason).toBe('CT 200 already running');
  expect((await rows('/nodes/pve/lxc/200/interfaces')).map(i => i['name'])).toEqual(['lo', 'eth0']);
  expect(await done(await post('/nodes/pve/lxc/200/status/shutdown'))).toBe('OK');
  expect(await done(await call(server, 'DELETE', '/nodes/pve/lxc/200'))).toBe('OK');
});

test('the agent: off, not running, answering', async () => {
  addGuest(server.state, { vmid: 600, status: 'running' });
  addGuest(server.state, { vmid: 601, status: 'running', agent: true, addresses: ['192.0.2.60', '2001:db8::60'] });
  const ask = (id: number) => call(server, 'GET', `/nodes/pve/qemu/${String(id)}/agent/network-get-interfaces`);
  expect((await ask(600)).reason).toBe('No QEMU guest agent configured');
  const result = ((await ask(601)).body?.data as { result: { name: string; 'ip-addresses': { 'ip-address': string }[] }[] }).result;
  expect(result[1]?.['ip-addresses'].map(a => a['ip-address'])).toEqual(['192.0.2.60', '2001:db8::60']);
});

test('deleting keeps what is another guest’s, and takes the rest of its id only when asked', async () => {
  server.state.volumes.push({ volid: 'local-lvm:vm-111-disk-9', storage: 'local-lvm', node: 'pve', content: 'images', format: 'raw', size: 1, vmid: 111, ctime: 0 });
  expect(await done(await call(server, 'DELETE', '/nodes/pve/qemu/111', { purge: 1 }))).toBe('OK');
  expect(server.state.volumes.filter(v => v.vmid === 111).map(v => v.volid)).toEqual(['local-lvm:vm-111-disk-9']);
});
