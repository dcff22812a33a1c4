// The recorded exchanges with a real 9.2.11 API layer, asked again of the stand-in: same status, same reason, same shape of body.
// Where the stand-in differs, the difference is named here with its reason; an unnamed one fails, and so does a name that no longer differs.
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { expect, test } from 'vitest';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { call, finish, type Reply } from './client.ts';

interface Recorded {
  readonly t?: string;
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>> | null;
  readonly as: 'root' | 'ticket' | 'none';
  readonly status: number;
  readonly reason: string;
  readonly ctype?: string | null;
  readonly body: unknown;
}

const recorded = (file: string): Recorded[] => JSON.parse(readFileSync(new URL(`../../truth/proxmox/${file}.json`, import.meta.url), 'utf8')) as Recorded[];

/** What differs in the shape: every key the real one gave must be there with the same type; more keys are fine. */
function shapeDifference(real: unknown, ours: unknown, path = ''): string | undefined {
  if (Array.isArray(real)) {
    if (!Array.isArray(ours)) return `${path} is no list`;
    if (real.length > 0 && ours.length === 0) return `${path} is empty`;
    for (const row of real) {
      const partner = ours.find(one => key(one) === key(row)) ?? (real.length === ours.length ? ours[real.indexOf(row)] : undefined);
      if (partner === undefined && key(row) !== undefined) return `${path} lacks ${String(key(row))}`;
      const wrong = partner === undefined ? undefined : shapeDifference(row, partner, `${path}[${String(key(row) ?? '')}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  if (real === null || typeof real !== 'object') return ours === real || typeof ours === typeof real ? undefined : `${path} is ${typeof ours}, not ${real === null ? 'null' : typeof real}`;
  if (typeof ours !== 'object' || ours === null) return `${path} is no object`;
  for (const [name, value] of Object.entries(real)) {
    if (artefacts.has(name)) continue;
    if (!Object.hasOwn(ours, name)) return `${path}.${name} is missing`;
    const wrong = shapeDifference(value, (ours as Record<string, unknown>)[name], `${path}.${name}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const key = (row: unknown): unknown => {
  const r = row as Record<string, unknown> | null;
  return typeof r === 'object' && r !== null ? (r['id'] !== undefined && r['upid'] === undefined ? r['id'] : (r['key'] ?? r['name'] ?? r['sid'] ?? r['storage'] ?? r['volid'])) : undefined;
};

/** Of the recording's set-up (its README), or of 9.2, which the stand-in does not play; `saved` is 1 or "1" from row to row. */
const artefacts = new Set(['host-arch', 'running-nets-host-mtu', 'saved']);

const settle = (text: string): string => text.replaceAll(/UPID:[^"\s]+/g, 'UPID').trim();

async function replay(server: ProxmoxServer, file: string, before: Readonly<Record<number, () => void | Promise<void>>>): Promise<Record<string, string>> {
  const differences: Record<string, string> = {};
  const upids = new Map<string, string>();
  let tokenHeader = server.root.authorization;
  let ticket: { ticket: string; csrf: string } | undefined;
  for (const [index, real] of recorded(file).entries()) {
    await before[index]?.();
    // Nobody recorded as fast as this asks: pvestatd had spoken in between.
    server.cluster.broadcast();
    const given = /tasks\/([^/]+)\//.exec(real.path)?.[1];
    const known = given === undefined ? undefined : upids.get(decodeURIComponent(given));
    const path = given !== undefined && known !== undefined ? real.path.replace(given, encodeURIComponent(known)) : real.path;
    const isEnd = /tasks\/UPID.*\/status$/.test(real.path) && (real.body as { data?: { status?: string } }).data?.status === 'stopped';
    if (isEnd && known !== undefined) await finish(server, known, agent);
    if (/tasks\/UPID/.test(real.path) && !isEnd && real.path.endsWith('/status')) continue;
    tokenHeader = real.status === 401 && real.reason === 'Authentication failed!' ? `${server.root.authorization}x` : server.root.authorization;
    const json = (real.t ?? '').includes('json body');
    const reply: Reply = await call(server, real.method, path, json ? {} : (real.params ?? {}), {
      agent,
      authorization: real.as === 'root' ? tokenHeader : null,
      ...(json ? { rawBody: JSON.stringify(real.params) } : {}),
      headers: { ...(json ? { 'Content-Type': 'application/json' } : {}), ...(real.as === 'ticket' && ticket ? { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket.ticket)}`, CSRFPreventionToken: ticket.csrf } : {}) },
    });
    const data = reply.body?.data;
    const realData = (real.body as { data?: unknown } | null)?.data;
    if (typeof realData === 'string' && realData.startsWith('UPID:') && typeof data === 'string') upids.set(realData, data);
    if (real.path === '/access/ticket' && real.status === 200) ticket = { ticket: (data as Record<string, string>)['ticket'] as string, csrf: (data as Record<string, string>)['CSRFPreventionToken'] as string };
    const name = `${file} ${String(index)}`;
    if (reply.status !== real.status) differences[name] = `status ${String(reply.status)} ${reply.reason}, not ${String(real.status)} ${real.reason}`;
    else if (settle(reply.reason) !== settle(real.reason)) differences[name] = `reason "${reply.reason}", not "${real.reason}"`;
    else if ((real.ctype == null) !== (reply.headers['content-type'] === undefined)) differences[name] = `content type ${String(reply.headers['content-type'])}`;
    else if (isEnd) {
      const [ours, theirs] = [(data as Record<string, unknown>)['exitstatus'], (realData as Record<string, unknown>)['exitstatus']];
      if (ours !== theirs) differences[name] = `exit status "${String(ours)}", not "${String(theirs)}"`;
    } else if (real.path.endsWith('/log')) {
      const last = (rows: unknown): string => (rows as { t: string }[]).at(-1)?.t ?? '';
      if (last(data) !== last(realData)) differences[name] = `log ends "${last(data)}", not "${last(realData)}"`;
    } else if (real.body !== null && real.body !== '') {
      const errors = (real.body as { errors?: Record<string, string> }).errors;
      if (errors !== undefined && JSON.stringify(sorted(errors)) !== JSON.stringify(sorted(reply.body?.errors ?? {}))) differences[name] = `errors ${JSON.stringify(reply.body?.errors)}, not ${JSON.stringify(errors)}`;
      else {
        const wrong = shapeDifference(real.body, reply.body);
        if (wrong !== undefined) differences[name] = wrong;
      }
    }
  }
  return differences;
}

const agent = new Agent({ keepAlive: true });
const sorted = (record: Readonly<Record<string, string>>): [string, string][] => Object.entries(record).sort(([a], [b]) => a.localeCompare(b));

/** Known differences: what, and why they are right. */
const explained: Readonly<Record<string, string>> = {
  'basics 25': "the recording's set-up lacked the file of machine versions and failed; a real server answers",
};

const bridge = { iface: 'vmbr0', type: 'bridge' as const, active: 1 as const };

test('the recordings come back the same', async () => {
  const server = await startProxmox({
    version: '9.1',
    nodes: ['pve1'],
    speed: 400,
    authDelayMs: 1,
    users: [{ userid: 'tester@pve', password: 'Secret123' }],
    acl: [{ path: '/', who: 'tester@pve', role: 'Administrator' }],
    storages: [
      { storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['import', 'iso', 'vztmpl', 'backup', 'snippets', 'rootdir', 'images'] },
      { storage: 'second', type: 'dir', path: '/var/lib/vz/second', content: ['images'] },
    ],
  });
  try {
    const node = server.cluster.nodeNamed('pve1');
    const { faults, state } = server;
    const demo = () => state.guests.get(100)!;
    node.interfaces = [];
    const differences = await replay(server, 'basics', {});
    const zeroInit = (task: string, from: string, to: string) => `${task} failed: copy failed: command '/usr/bin/qemu-img convert -p -n ${from} zeroinit:${to}' failed: exit code 1`;
    Object.assign(
      differences,
      await replay(server, 'locks-and-errors', {
        0: () => {
          node.interfaces = [bridge];
          Object.assign(demo(), { status: 'running', qmpstatus: 'running', startedAt: Date.now(), pid: 24488, answersShutdown: false });
        },
        28: () => faults.taskFails('qmsnapshot', "VM 100 qmp command 'query-savevm' failed - The command query-savevm has not been found"),
        32: () => {
          demo().snapshots.push({ name: 'live1', description: 'live without ram', snaptime: 1795465202, vmstate: false, snapstate: 'prepare', config: {} });
          demo().config['lock'] = 'snapshot';
        },
      }),
      await replay(server, 'lifecycle', {
        0: () => {
          delete demo().config['lock'];
          Object.assign(demo(), { status: 'stopped', qmpstatus: 'stopped', snapshots: [] });
        },
        38: () => faults.taskFails('qmsnapshot', "VM 100 qmp command 'blockdev-snapshot-internal-sync' failed - Block format 'qcow2' used by device 'drive-scsi0' does not support internal snapshots "),
        120: () => faults.taskFails('qmmove', zeroInit('storage migration', '-f raw -O raw /var/lib/vz/images/100/vm-100-disk-1.raw', '/var/lib/vz/second/images/100/vm-100-disk-0.raw')),
        133: () => faults.taskFails('qmclone', zeroInit('clone', '-f qcow2 -O qcow2 /var/lib/vz/images/100/vm-100-disk-0.qcow2', '/var/lib/vz/images/101/vm-101-disk-0.qcow2'), { times: 2 }),
      }),
      await replay(server, 'console-and-ha', {
        // The recorded cluster had no manager running: requests stayed requests.
        0: () => void (server.cluster.ha.acts = false),
        // The recorded list is of consoles that had ended.
        29: async () => void (await Promise.all(server.cluster.tasks.all.filter(task => task.type === 'vncproxy').map(task => task.done))),
      }),
    );
    expect(Object.fromEntries(Object.entries(differences).filter(([name]) => explained[name] === undefined))).toEqual({});
    expect(Object.keys(explained).filter(name => differences[name] === undefined)).toEqual([]);
  } finally {
    agent.destroy();
    await server.dispose();
  }
});

/** Of the guest that was recorded, not of every guest: its balloon device, its shares, its display. */
const ofThatGuest = new Set(['balloon_min', 'shares', 'spice', 'tags', 'template']);
const keysOf = (row: unknown): string[] => Object.keys(row as object).filter(name => !ofThatGuest.has(name));

test.each([
  ['7', '7.4', ['/cluster/resources', '/nodes', '/cluster/status', '/nodes/node1/status', '/nodes/node1/qemu/101/status/current', '/nodes/node1/storage', '/nodes/node1/network', '/nodes/node1/lxc']],
  ['8', '8.4', ['/cluster/resources', '/nodes', '/cluster/status', '/nodes/node1/qemu/101/status/current', '/nodes/node1/storage']],
] as const)('what is known of %s.x has every key in the stand-in too', async (pve, version, paths) => {
  const mocks = JSON.parse(readFileSync(new URL('../../truth/proxmox/pve7-8-9-mocks.json', import.meta.url), 'utf8')) as { pve: string; method: string; path: string; body: { data: unknown } }[];
  const server = await startProxmox({ version, nodes: ['node1', 'node2'], speed: 400, guests: [{ vmid: 101, status: 'running', agent: true }, { kind: 'lxc', vmid: 102, status: 'running' }] });
  try {
    for (const path of paths) {
      const ours = (await call(server, 'GET', path)).body?.data;
      for (const mock of mocks.filter(m => m.pve === pve && m.method === 'GET' && m.path === path)) {
        const rows = Array.isArray(mock.body.data) ? (mock.body.data as Record<string, unknown>[]) : [mock.body.data as Record<string, unknown>];
        for (const row of rows) {
          const same = (Array.isArray(ours) ? (ours as Record<string, unknown>[]) : [ours as Record<string, unknown>]).filter(one => one['type'] === row['type'] && (one['status'] === row['status'] || row['status'] !== 'running'));
          const have = new Set(same.flatMap(one => Object.keys(one)));
          expect(keysOf(row).filter(name => !have.has(name)), `${path} ${String(row['type'])} ${String(row['status'])}`).toEqual([]);
        }
      }
    }
  } finally {
    await server.dispose();
  }
});
