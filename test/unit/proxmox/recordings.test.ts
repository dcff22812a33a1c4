// Answers that real servers gave (test/truth/proxmox), read into the domain. Expectations were written by reading the answers, not by running the parser.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GaiaError } from '../../../src/machines/errors.ts';
import { parseHaStatus } from '../../../src/providers/proxmox/availability.ts';
import { parseGroups, parseRules } from '../../../src/providers/proxmox/haRules.ts';
import { parseClusterSummary, parseNodeStatus, parseNodes, parsePools, parseTasks } from '../../../src/providers/proxmox/clusterInfo.ts';
import { parsePermissions } from '../../../src/providers/proxmox/diagnose.ts';
import { parseGuestInfo } from '../../../src/providers/proxmox/guestInfo.ts';
import { parseMigrationCheck } from '../../../src/providers/proxmox/migrate.ts';
import { parseNetworks } from '../../../src/providers/proxmox/networkAdmin.ts';
import { parseAdapters, parseDisks, parsePending, parseSettings, parseStatus, parseUsage } from '../../../src/providers/proxmox/parse.ts';
import { guestOf, parseResources } from '../../../src/providers/proxmox/resources.ts';
import { brokenSnapshots, parseSnapshots } from '../../../src/providers/proxmox/snapshotTree.ts';
import { isLockTimeout, problemOf, problemOfAnswer } from '../../../src/providers/proxmox/problems.ts';
import { formatUpid, parseUpid } from '../../../src/providers/proxmox/upid.ts';
import { parseVersion } from '../../../src/providers/proxmox/version.ts';
import { parseContent, parseNodeStorages } from '../../../src/providers/proxmox/volumes.ts';

interface Row {
  readonly pve?: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reason?: string;
  readonly body: { readonly data?: unknown; readonly message?: string; readonly errors?: Record<string, string> } | string;
}
const load = (name: string): Row[] => JSON.parse(readFileSync(new URL(`../../truth/proxmox/${name}.json`, import.meta.url), 'utf8')) as Row[];
const files = ['basics', 'locks-and-errors', 'lifecycle', 'console-and-ha'] as const;
const recorded = Object.fromEntries(files.map(name => [name, load(name)])) as Record<(typeof files)[number], Row[]>;
const mocks = load('pve7-8-9-mocks');
const all = [...files.flatMap(name => recorded[name]), ...mocks];
const dataOf = (row: Row): unknown => (typeof row.body === 'object' ? row.body.data : undefined);
const at = (file: (typeof files)[number], index: number): unknown => dataOf(recorded[file][index]!);
const mock = (pve: number, path: string, which = 0): unknown => dataOf(mocks.filter(row => Number.parseInt(String(row.pve).replace(/\D/g, ''), 10) === pve && row.path === path && row.method === 'GET')[which]!);

describe('lists', () => {
  it('reads a node, two storages and an SDN zone of 9.2', () => {
    const view = parseResources(at('basics', 1), 'lab', 0);
    expect(view.machines).toEqual([]);
    expect(view.nodes).toEqual([{ name: 'pve1', online: true, status: 'online', cpuFraction: 0.575550891920252, cpus: 2, memoryUsedBytes: 1758908416, memoryTotalBytes: 25276063744, diskUsedBytes: 27677093888, diskTotalBytes: 270553174016, uptimeSeconds: 5425 }]);
    expect(view.storages).toEqual([
      { id: 'local', node: 'pve1', type: 'dir', status: 'available', shared: false, content: ['backup', 'images', 'import', 'iso', 'rootdir', 'snippets', 'vztmpl'], usedBytes: 27677192192, totalBytes: 270553174016 },
      { id: 'second', node: 'pve1', type: 'dir', status: 'unknown', shared: false, content: ['images'] },
    ]);
    expect(view.networks).toEqual([{ id: 'network/pve1/zone/localnetwork', node: 'pve1', name: 'localnetwork', kind: 'zone', status: 'ok' }]);
  });

  it('reads a running machine with its tags', () => {
    const view = parseResources(at('locks-and-errors', 0), 'lab', 1000);
    expect(view.machines).toMatchObject([{ id: 'proxmox:lab:qemu/100', name: 'demo1', kind: 'vm', state: 'running', providerState: 'running', path: ['pve1'], cpus: 1, memoryMiB: 256, diskBytes: 1073741824, tags: ['a', 'b'] }]);
    expect(guestOf(view.machines[0]!)).toEqual({ kind: 'qemu', vmid: 100, node: 'pve1' });
    expect(view.loads.get('qemu/100')?.cpuFraction).toBeGreaterThan(0);
  });

  it('tells a hibernated machine by its lock, whatever the late status says', () => {
    const row = recorded.lifecycle.findIndex(candidate => candidate.path === '/cluster/resources' && JSON.stringify(candidate.body).includes('"suspended"'));
    expect(parseResources(at('lifecycle', row), 'lab', 0).machines).toMatchObject([{ state: 'suspended', lock: 'suspended', providerState: 'running' }]);
  });

  it('reads the cluster of four nodes that 7 answered: templates, a missing name, tags with +', () => {
    const view = parseResources(mock(7, '/cluster/resources', 1), 'lab', 0);
    const raw = mock(7, '/cluster/resources', 1) as { type: string; vmid?: number }[];
    const guests = raw.filter(row => row.type === 'qemu' || row.type === 'lxc');
    expect(view.machines.length).toBe(guests.length);
    expect(view.machines.map(machine => machine.extra?.['vmid']).sort()).toEqual(guests.map(row => row.vmid).sort());
    expect(view.nodes.length).toBe(raw.filter(row => row.type === 'node').length);
    expect(view.storages.length).toBe(raw.filter(row => row.type === 'storage').length);
    expect(view.machines.find(machine => machine.name === 'leap154')).toMatchObject({ template: true, state: 'stopped', memoryMiB: 16000 });
    expect(view.machines.find(machine => machine.name === 'machine-test')?.tags).toEqual(['go-proxmox+cloud-init']);
  });

  it('reads a list with next to nothing in it', () => {
    expect(parseResources(mock(7, '/cluster/resources', 0), 'lab', 0).nodes).toEqual([{ name: 'node1', online: false, status: 'unknown' }]);
  });
});

describe('one machine', () => {
  it('reads the state from qmpstatus', () => {
    expect(parseStatus(at('basics', 35), 0)).toMatchObject({ name: 'demo1', state: 'stopped', providerState: 'stopped', running: false, agent: true, cpus: 1, memoryBytes: 268435456, diskBytes: 1073741824, tags: ['a', 'b'], ha: { managed: false } });
    expect(parseStatus(at('locks-and-errors', 8), 0)).toMatchObject({ state: 'paused', providerState: 'paused', running: true, uptimeSeconds: 64 });
    expect(parseStatus(at('lifecycle', 53), 0)).toMatchObject({ state: 'suspended', lock: 'suspended', running: false });
    expect(parseStatus(at('console-and-ha', 23), 0)).toMatchObject({ state: 'running', cpus: 2, ha: { managed: true } });
    expect(parseStatus(mock(7, '/nodes/node1/lxc/101/status/current'), 0)).toMatchObject({ name: 'test-container', state: 'stopped', template: true, tags: ['tag1', 'tag2'] });
    expect(parseStatus(mock(7, '/nodes/node1/qemu/101/status/current'), 0)).toMatchObject({ cpus: 8, agent: true, memoryBytes: 2097152000 });
  });

  it('reads disks and adapters of a configuration, and keeps every key', () => {
    const config = at('basics', 34) as Record<string, unknown>;
    const settings = parseSettings(config);
    expect(Object.keys(settings).sort()).toEqual(Object.keys(config).sort());
    expect(settings).toMatchObject({ memory: '256', kvm: '0', cores: '1', description: 'hello\nworld' });
    expect(parseDisks(settings)).toMatchObject([{ slot: 'scsi0', kind: 'disk', location: 'local:100/vm-100-disk-0.qcow2', storage: 'local', format: 'qcow2', capacityBytes: 2 ** 30 }]);
    expect(parseAdapters(settings)).toMatchObject([{ index: 0, mode: 'bridge', network: 'vmbr0', model: 'virtio', macAddress: 'BC:24:11:1A:7C:6C', connected: true }]);
  });

  it('reads every kind of drive of 9', () => {
    const disks = parseDisks(parseSettings(mock(9, '/nodes/node1/qemu/101/config')));
    expect(disks.map(disk => [disk.slot, disk.kind, disk.storage, disk.capacityBytes])).toEqual([
      ['ide0', 'disk', 'local', undefined],
      ['ide2', 'cdrom', 'local', undefined],
      ['sata0', 'disk', 'local-lvm', 32 * 2 ** 30],
      ['scsi0', 'disk', 'local-lvm', 32 * 2 ** 30],
      ['unused0', 'disk', 'local-lvm', undefined],
      ['virtio0', 'disk', 'local-lvm', 64 * 2 ** 30],
    ]);
    expect(parseAdapters(parseSettings(mock(9, '/nodes/node1/qemu/102/config'))).map(adapter => [adapter.index, adapter.network])).toEqual([[0, 'vmbr0'], [15, 'vmbr15'], [31, 'vmbr31']]);
  });

  it('reads sizes in any unit', () => {
    const row = recorded.lifecycle.findIndex(candidate => candidate.path === '/nodes/pve1/qemu/100/config' && candidate.method === 'GET' && JSON.stringify(candidate.body).includes('size=1124M'));
    const disks = parseDisks(parseSettings(at('lifecycle', row)));
    expect(disks.find(disk => disk.slot === 'scsi0')?.capacityBytes).toBe(1124 * 2 ** 20);
    expect(disks.find(disk => disk.slot === 'scsi1')?.capacityBytes).toBe(104858 * 1024);
  });

  it('reads pending changes', () => {
    expect(parsePending(mock(9, '/nodes/node1/qemu/101/pending'))).toEqual({ cores: '4' });
    expect(parsePending(at('lifecycle', 111))).toEqual({});
    expect(parsePending([{ key: 'tags', value: 'a', delete: 1 }])).toEqual({ tags: '' });
  });

  it('reads snapshots as a tree without the pseudo entry', () => {
    expect(parseSnapshots(at('lifecycle', 85))).toEqual([
      { id: 'live1', name: 'live1', description: 'live without ram', createdAt: new Date(1795465296000).toISOString(), children: [{ id: 'off1', name: 'off1', createdAt: new Date(1795465304000).toISOString(), current: true, children: [] }] },
    ]);
    expect(brokenSnapshots(at('locks-and-errors', 32))).toEqual(['live1']);
    expect(parseSnapshots(mock(8, '/nodes/node1/qemu/100/snapshot'))).toMatchObject([{ name: 'snap1', withMemory: true, children: [{ name: 'snap2', children: [] }] }]);
  });

  it('reads what the agent says', () => {
    const { info, byMac } = parseGuestInfo({ interfaces: mock(9, '/nodes/node1/qemu/101/agent/network-get-interfaces'), os: mock(9, '/nodes/node1/qemu/101/agent/get-osinfo'), host: mock(9, '/nodes/node1/qemu/101/agent/get-host-name'), agent: true });
    expect(info).toMatchObject({ addresses: ['10.0.0.10'], osName: 'Debian GNU/Linux 12 (bookworm)', agentRunning: true });
    expect(byMac.get('BC:24:11:2E:C5:4A')).toEqual(['10.0.0.10']);
  });

  it('reads usage, and leaves out what was not measured', () => {
    const usage = parseUsage(mock(7, '/nodes/node1/qemu/101/rrddata'));
    expect(usage[0]).toEqual({ at: 1693110660000, memoryTotalBytes: 16777216000 });
    expect(parseUsage(at('basics', 16))[0]).toEqual({ at: 1795461480000 });
  });

  it('reads where it can move, from 9.2, 9.1 and with reasons', () => {
    const recordedCheck = parseMigrationCheck(at('lifecycle', 165));
    expect(recordedCheck).toMatchObject({ running: false, allowed: [] });
    expect(recordedCheck.localDisks).toContainEqual({ volid: 'local:100/vm-100-disk-1.raw', sizeBytes: 107374592 });
    expect(recordedCheck.refused.size).toBe(0);
    const check = parseMigrationCheck(mock(9, '/nodes/node1/qemu/101/migrate'));
    expect(check).toMatchObject({ running: true, allowed: ['node2', 'node3'], localDisks: [{ volid: 'local-lvm:vm-101-disk-0', sizeBytes: 34359738368 }], localResources: [] });
    expect(check.refused.get('node4')).toContain('local-lvm');
    expect(check.refused.get('node4')).toContain('vm:101');
  });
});

describe('cluster', () => {
  it('reads versions of 7, 8 and 9', () => {
    expect(parseVersion(at('basics', 0))).toEqual({ major: 9, minor: 2, text: '9.2.11' });
    expect(parseVersion(mock(7, '/nodes/node1/version'))).toMatchObject({ major: 7 });
  });
  it('reads nodes, their fingerprints and state', () => {
    expect(parseNodes(mock(7, '/nodes')).map(node => node.name)).toEqual(['node1', 'node2', 'node3', 'node4']);
    const summary = parseClusterSummary(mock(7, '/cluster/status'), mock(7, '/nodes'));
    expect(summary).toMatchObject({ name: 'clustername', quorate: true });
    expect(summary.nodes.find(node => node.name === 'node2')).toEqual({ name: 'node2', online: true, address: '192.168.1.2', fingerprint: '17:F1:B6:52:8B:0C:22:4A:97:1F:B2:F2:90:3D:29:0A:D0:DF:BE:0E:76:5A:B5:EC:F6:2E:6E:8F:60:E6:C5:C0' });
    expect(parseClusterSummary(at('basics', 10), at('basics', 3)).nodes).toMatchObject([{ name: 'pve1', online: true, address: '10.99.0.11', fingerprint: expect.stringMatching(/^5D:6E:68/) as string }]);
    const status = parseNodeStatus(parseNodes(at('basics', 3))[0]!, at('basics', 4));
    expect(status).toMatchObject({ name: 'pve1', loadAverage: [2.41, 1.54, 0.8], version: 'pve-manager/9.2.11/14a22df3', sockets: 1, memoryTotalBytes: 25276063744, diskTotalBytes: 270553174016, swapTotalBytes: 0 });
    expect(parseNodeStatus({ name: 'node1', online: true, status: 'online' }, mock(7, '/nodes/node1/status'))).toMatchObject({ cpuModel: 'Intel(R) Core(TM) i7-6700 CPU @ 3.40GHz', version: 'pve-manager/7.4-16/0f39f621' });
  });
  it('reads storages and their content', () => {
    expect(parseNodeStorages(at('basics', 5))[0]).toMatchObject({ id: 'local', type: 'dir', active: true, availableBytes: 80812060672, totalBytes: 270553174016 });
    expect(parseContent(mock(9, '/nodes/node1/storage/local/content', 1)).map(row => [row.kind, row.name, row.vmid])).toEqual([
      ['iso', 'debian-12.0.0-amd64-netinst.iso', undefined],
      ['vztmpl', 'debian-12-standard_12.0-1_amd64.tar.zst', undefined],
      ['backup', 'vzdump-qemu-100-2023_08_28-12_00_00.vma.zst', 100],
    ]);
  });
  it('reads networks', () => {
    expect(parseNetworks(mock(7, '/nodes/node2/network'), 'node2')).toEqual([
      { name: 'vmbr2', kind: 'bridge', node: 'node2', detail: '192.168.1.10/24 · fd66:5ac3:eeaf:3200::10/64 · enp8s0 · VLAN aware · comment' },
      { name: 'vmbr0.2', kind: 'vlan', node: 'node2', detail: '192.168.0.10/24 · fd66:5ac3:eeaf::10/64 · VLAN 2 · comment' },
    ]);
  });
  it('reads HA groups of 8, rules of 9 and states', () => {
    expect(parseGroups(mock(8, '/cluster/ha/groups'))).toEqual([{ name: 'test-group', type: 'group', resources: [], nodes: ['node1', 'node2'], strict: false, disabled: false, comment: 'test' }]);
    expect(parseRules(mock(9, '/cluster/ha/rules'))).toMatchObject([{ name: 'rule-1', type: 'node-affinity', resources: ['vm:100'], nodes: ['node1'], strict: true }]);
    expect(parseHaStatus(mock(8, '/cluster/ha/status/current')).find(row => row.sid === 'vm:100')).toMatchObject({ node: 'node1', requested: 'started', reported: 'started' });
    expect(parseHaStatus(at('basics', 22))).toMatchObject([{ id: 'quorum', status: 'OK' }, { id: 'fencing', status: 'standby (CRM watchdog standby)' }]);
  });
  it('reads tasks, running and ended', () => {
    expect(parseTasks(mock(9, '/cluster/tasks')).map(task => [task.type, task.state, task.exitStatus])).toEqual([['qmstart', 'running', undefined], ['vzdump', 'ok', 'OK']]);
    const tasks = parseTasks(at('console-and-ha', 29));
    expect(tasks.length).toBe(4);
    expect(tasks.find(task => task.exitStatus === 'connection timed out')).toMatchObject({ state: 'failed', type: 'vncproxy', id: '103' });
  });
  it('reads permissions: the key is the privilege, whatever its value', () => {
    expect(parsePermissions({ '/vms/103': { 'VM.Audit': 0 } }).get('/vms/103')).toEqual(new Set(['VM.Audit']));
    expect(parsePermissions(at('basics', 19)).get('/sdn')?.has('SDN.Use')).toBe(true);
    expect(parsePools(mock(7, '/pools'))).toEqual([{ name: 'test-pool', comment: 'Test pool' }]);
  });
});

describe('tasks', () => {
  it('reads every UPID that was ever answered, and writes it back byte for byte', () => {
    const upids = new Set(files.flatMap(name => JSON.stringify(recorded[name]).match(/UPID:[^"\\ %/]+:/g) ?? []));
    expect(upids.size).toBeGreaterThan(50);
    for (const text of upids) {
      const upid = parseUpid(text);
      expect(upid, text).toBeDefined();
      expect(formatUpid(upid!)).toBe(text);
    }
  });
});

describe('problems', () => {
  const failed = files.flatMap(name => recorded[name]).filter(row => row.status >= 400);
  const about = (row: Row): GaiaError => {
    const body = typeof row.body === 'object' ? row.body : {};
    return problemOfAnswer({ status: row.status, reason: row.reason ?? '', ...(body.message === undefined ? {} : { message: body.message }), ...(body.errors ? { errors: body.errors } : {}) });
  };
  /** The few that have no better name than what the server says. */
  const unnamed = [/could not load supported machine versions/];

  it('gives every recorded refusal a code, a sentence and its raw text', () => {
    expect(failed.length).toBeGreaterThan(40);
    for (const row of failed) {
      const problem = about(row);
      expect(problem.detail.raw, row.path).toBeTruthy();
      if (!unnamed.some(pattern => pattern.test(row.reason ?? ''))) expect(problem.code, `${row.status} ${row.reason ?? ''} ${JSON.stringify(row.body)}`).not.toBe('unexpected');
      expect(problem.message).not.toMatch(/\{\d\}/);
    }
  });

  it('says the same when only the reason phrase came, as before 8.4', () => {
    for (const row of failed.filter(candidate => typeof candidate.body === 'object' && !candidate.body.errors)) {
      expect(problemOfAnswer({ status: row.status, reason: row.reason ?? '' }).message).toBe(about(row).message);
    }
  });

  it('gives every recorded end of a task a code, but for those that only a log explains', () => {
    const ends = new Set(all.flatMap(row => (row.path.endsWith('/status') && row.path.includes('UPID') ? [String((dataOf(row) as { exitstatus?: string } | undefined)?.exitstatus ?? '')] : [])).filter(text => text !== '' && text !== 'OK'));
    expect(ends.size).toBeGreaterThan(10);
    const codes = Object.fromEntries([...ends].map(text => [text.slice(0, 60), problemOf(text).code]));
    expect(codes).toMatchObject({
      "bridge 'vmbr0' does not exist": 'notFound',
      'VM 100 already running': 'wrongState',
      'VM quit/powerdown failed - got timeout': 'didNotAnswer',
      'VM is locked (snapshot)': 'locked',
      'VM is locked (suspended)': 'locked',
      "snapshot 'nope' does not exist": 'notFound',
      "snapshot name 'off1' already used": 'alreadyExists',
      'shrinking disks is not supported': 'invalidInput',
    });
  });

  it.each([
    [401, 'No ticket', 'unauthenticated'],
    [401, 'Authentication failed!', 'unauthenticated'],
    [401, 'authentication failure', 'unauthenticated'],
    [401, 'Permission denied - invalid csrf token', 'unauthenticated'],
    [403, 'Permission check failed (/vms/100, VM.Audit)', 'noPermission'],
    [403, 'Permission check failed', 'noPermission'],
    [403, 'ACL is not available with API token, need proper ticket.', 'noPermission'],
    [595, 'No route to host', 'didNotAnswer'],
    [596, 'tls_process_server_certificate: certificate verify failed', 'didNotAnswer'],
    [500, "can't remove VM 110 - protection mode enabled", 'protected'],
    [500, 'unable to remove VM 103 - used in HA resources and purge parameter not set.', 'protected'],
    [500, 'VM 103 is running - destroy failed', 'wrongState'],
    [500, "base volume 'local:101/base-101-disk-0.qcow2' is still in use by linked cloned", 'protected'],
    [500, "you can't start a vm if it's a template", 'wrongState'],
    [500, 'checksum mismatch (file change by other user?)', 'conflict'],
    [500, "Linked clone feature is not supported for 'local:100/vm-100-disk-0.qcow2' (scsi0)", 'notSupported'],
  ] as const)('%i %s → %s', (status, reason, code) => {
    expect(problemOfAnswer({ status, reason }).code).toBe(code);
  });

  it('names path and privilege that are missing', () => {
    expect(problemOf('Permission check failed (/storage/x, Datastore.AllocateSpace|Datastore.Allocate)').message).toBe('This needs the privilege Datastore.AllocateSpace|Datastore.Allocate on /storage/x.');
  });

  it('repeats only what failed to get a lock', () => {
    expect(isLockTimeout(problemOf("can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"))).toBe(true);
    expect(isLockTimeout(problemOf('VM is locked (backup)'))).toBe(false);
  });
});
