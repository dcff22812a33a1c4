// Usable? And if not, or not quite: what is wrong and what to do. A connection that works but may see nothing is the commonest surprise (P1).
import { GaiaError, asGaiaError } from '../../machines/errors.ts';
import type { Diagnosis, Problem } from '../../machines/provider.ts';
import type { Calls } from './calls.ts';
import type { ProxmoxConnection } from './connection.ts';
import { userName } from './connection.ts';
import { flag, record, rows, text } from './fields.ts';
import { requests } from './requests.ts';
import { oldestMajor } from './version.ts';

export type Permissions = ReadonlyMap<string, ReadonlySet<string>>;

/** Path → privileges. The key's presence is the privilege; its value only says whether it is passed on. */
export function parsePermissions(data: unknown): Permissions {
  return new Map(Object.entries(record(data)).map(([path, privileges]) => [path, new Set(Object.keys(record(privileges)))]));
}

/** What a daily user needs, and what is missing without it. */
const wanted: readonly { readonly privilege: string; readonly path: string; readonly without: string }[] = [
  { privilege: 'VM.PowerMgmt', path: '/vms', without: 'start and stop machines' },
  { privilege: 'VM.Console', path: '/vms', without: 'open consoles' },
  { privilege: 'VM.Snapshot', path: '/vms', without: 'take snapshots' },
  { privilege: 'VM.Allocate', path: '/vms', without: 'create and delete machines' },
  { privilege: 'VM.Config.Disk', path: '/vms', without: 'change disks' },
  { privilege: 'VM.Migrate', path: '/vms', without: 'move machines between nodes' },
  { privilege: 'Datastore.AllocateSpace', path: '/storage', without: 'make disks' },
  { privilege: 'Datastore.Audit', path: '/storage', without: 'see storages' },
  { privilege: 'Sys.Audit', path: '/nodes', without: 'see nodes and their load' },
];

const codes: Readonly<Partial<Record<GaiaError['code'], string>>> = { untrusted: 'proxmox.untrusted', unauthenticated: 'proxmox.unauthenticated', didNotAnswer: 'proxmox.unreachable', noPermission: 'proxmox.noPermission' };

export async function diagnose(calls: Calls, connection: ProxmoxConnection, signal: AbortSignal): Promise<Diagnosis> {
  let version;
  try {
    version = await calls.version(signal);
    if (version.major < oldestMajor) {
      return { usable: false, version: version.text, problems: [{ severity: 'error', code: 'proxmox.tooOld', message: 'Proxmox VE {0} is too old: Gaia needs 7.0 or newer.', values: [version.text] }] };
    }
    const permissions = parsePermissions((await calls.get(requests.permissions(), signal)).data);
    const problems = [...judgePermissions(permissions, connection), ...(await judgeCluster(calls, signal))];
    return { usable: true, version: version.text, problems };
  } catch (error) {
    const problem = asGaiaError(error);
    if (problem.code === 'cancelled') throw problem;
    return { usable: false, ...(version ? { version: version.text } : {}), problems: [problemOfError(problem, connection)] };
  }
}

export function problemOfError(error: GaiaError, connection: ProxmoxConnection): Problem {
  const { message, values, hint, raw } = error.detail;
  // What the error itself offers is nearer than a look at the whole connection.
  const actions = error.detail.actions ?? (error.code === 'untrusted' || error.code === 'unauthenticated' || error.code === 'didNotAnswer' ? [{ title: error.code === 'untrusted' ? 'Review Certificate…' : 'Edit Connection…', command: 'gaia.connection.edit', args: [connection.id] }] : undefined);
  return {
    severity: 'error',
    code: codes[error.code] ?? `proxmox.${error.code}`,
    message,
    ...(values ? { values } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(actions ? { actions } : {}),
    ...(raw === undefined ? {} : { raw }),
  };
}

/** Nothing to see at all, or what is missing for daily work, with path and privilege named. */
export function judgePermissions(permissions: Permissions, connection: ProxmoxConnection): Problem[] {
  const who = userName(connection.auth);
  const token = connection.auth.kind === 'token';
  const everything = new Set([...permissions.values()].flatMap(privileges => [...privileges]));
  if (everything.size === 0) {
    return [
      {
        severity: 'warning',
        code: 'proxmox.seesNothing',
        message: 'Connected, but {0} may see nothing.',
        values: [who, '/', connection.auth.user],
        hint: token
          ? 'A token with privilege separation has no rights of its own until it gets some: give {0} a role on {1} under Datacenter → Permissions → Add → API Token Permission, or make the token without privilege separation. It never has more rights than its user {2}.'
          : 'Give the user a role (PVEVMUser to use machines, PVEVMAdmin to make them) on {1} under Datacenter → Permissions.',
      },
    ];
  }
  if (!everything.has('VM.Audit')) {
    return [{ severity: 'warning', code: 'proxmox.noAudit', message: '{0} may see no machines: the privilege {1} on {2} is missing.', values: [who, 'VM.Audit', '/vms'], hint: 'Give it a role with VM.Audit (PVEAuditor, PVEVMUser) on /vms, on a pool, or on single machines.' }];
  }
  const missing = wanted.filter(entry => !everything.has(entry.privilege));
  if (missing.length === 0) return [];
  return [{ severity: 'warning', code: 'proxmox.fewRights', message: '{0} lacks rights for some things: {1}.', values: [who, missing.map(entry => `${entry.without} (${entry.privilege} on ${entry.path})`).join(', ')] }];
}

async function judgeCluster(calls: Calls, signal: AbortSignal): Promise<Problem[]> {
  let data: unknown;
  try {
    data = (await calls.get(requests.clusterStatus(), signal)).data;
  } catch (error) {
    // Sys.Audit on / is needed for this; without it there is just nothing to say.
    if (GaiaError.is(error, 'noPermission')) return [];
    throw error;
  }
  const all = rows(data);
  const cluster = all.find(row => row['type'] === 'cluster');
  const down = all.filter(row => row['type'] === 'node' && !flag(row['online'])).map(row => text(row['name']) ?? '');
  return [
    ...(cluster && !flag(cluster['quorate']) ? [{ severity: 'warning' as const, code: 'proxmox.noQuorum', message: 'The cluster {0} has no quorum: nothing can be changed.', values: [text(cluster['name']) ?? ''] }] : []),
    ...(down.length > 0 ? [{ severity: 'warning' as const, code: 'proxmox.nodesDown', message: 'Nodes that are down: {0}.', values: [down.join(', ')] }] : []),
  ];
}
