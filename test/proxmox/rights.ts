// Who may do what: roles, the ACL with its inheritance, tokens with privilege separation, and the checks written in the API description.
import { forbidden } from './apiError.ts';
import type { ClusterState } from './model.ts';
import type { PermissionCheck, PveVersion } from './schema.ts';

const everywhere = [
  'VM.Allocate', 'VM.Audit', 'VM.Backup', 'VM.Clone', 'VM.Config.CDROM', 'VM.Config.CPU', 'VM.Config.Cloudinit', 'VM.Config.Disk', 'VM.Config.HWType', 'VM.Config.Memory',
  'VM.Config.Network', 'VM.Config.Options', 'VM.Console', 'VM.Migrate', 'VM.PowerMgmt', 'VM.Snapshot', 'VM.Snapshot.Rollback', 'Sys.Audit', 'Sys.Console', 'Sys.Modify', 'Sys.PowerMgmt',
  'Sys.Syslog', 'Sys.Incoming', 'Datastore.Allocate', 'Datastore.AllocateSpace', 'Datastore.AllocateTemplate', 'Datastore.Audit', 'Pool.Allocate', 'Pool.Audit', 'SDN.Allocate', 'SDN.Audit',
  'User.Modify', 'Group.Allocate', 'Realm.Allocate', 'Realm.AllocateUser', 'Permissions.Modify',
];
const since8 = ['SDN.Use', 'Sys.AccessNetwork', 'Mapping.Audit', 'Mapping.Modify', 'Mapping.Use'];
const since9 = ['VM.GuestAgent.Audit', 'VM.GuestAgent.FileRead', 'VM.GuestAgent.FileWrite', 'VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.Unrestricted', 'VM.Replicate'];

/** Every privilege a version knows. `VM.Monitor` ended with 9.0, which split it. */
export function privilegesOf(version: PveVersion): readonly string[] {
  if (version === '7.4') return [...everywhere, 'VM.Monitor'];
  return version === '8.4' ? [...everywhere, ...since8, 'VM.Monitor'] : [...everywhere, ...since8, ...since9];
}

/** The built-in roles. */
export function builtInRoles(version: PveVersion): Map<string, readonly string[]> {
  const all = privilegesOf(version);
  const some = (...tests: readonly (string | RegExp)[]): string[] => all.filter(p => tests.some(t => (typeof t === 'string' ? t === p : t.test(p))));
  const vmUser = ['VM.Audit', 'VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt', 'VM.GuestAgent.Audit'];
  return new Map<string, readonly string[]>([
    ['Administrator', all],
    ['NoAccess', []],
    ['PVEAdmin', all.filter(p => !['Permissions.Modify', 'Sys.PowerMgmt', 'Sys.Modify', 'Realm.Allocate', 'Sys.Incoming', 'Sys.AccessNetwork', 'Mapping.Modify', 'SDN.Allocate'].includes(p))],
    ['PVEAuditor', some(/\.Audit$/)],
    ['PVEVMAdmin', some(/^VM\./)],
    ['PVEVMUser', some(...vmUser)],
    ['PVETemplateUser', some('VM.Audit', 'VM.Clone')],
    ['PVEDatastoreAdmin', some(/^Datastore\./)],
    ['PVEDatastoreUser', some('Datastore.AllocateSpace', 'Datastore.Audit')],
    ['PVEPoolAdmin', some(/^Pool\./)],
    ['PVEPoolUser', some('Pool.Audit')],
    ['PVESysAdmin', some('Permissions.Modify', 'Sys.Audit', 'Sys.Console', 'Sys.Syslog')],
    ['PVESDNAdmin', some(/^SDN\./)],
    ['PVESDNUser', some('SDN.Audit', 'SDN.Use')],
    ['PVEUserAdmin', some('Group.Allocate', 'Realm.AllocateUser', 'User.Modify')],
  ]);
}

export interface Identity {
  readonly userid: string;
  /** `user@realm!id`, when an API token was used. */
  readonly tokenid?: string;
}

/** What is logged and shown as the one who did it. */
export const nameOf = (who: Identity): string => who.tokenid ?? who.userid;

type Granted = Map<string, 0 | 1>;

export class Rights {
  private readonly state: ClusterState;
  private readonly everything: Granted;

  constructor(state: ClusterState) {
    this.state = state;
    this.everything = new Map(privilegesOf(state.version).map(p => [p, 1]));
  }

  /** The privileges on `path`: name → does it propagate below? Presence is the right; 0 is no denial. */
  of(who: Identity, path: string): Granted {
    const user = this.ofUser(who.userid, path);
    const token = who.tokenid === undefined ? undefined : this.state.tokens.get(who.tokenid);
    if (token === undefined || !token.privsep) return user;
    const own = this.withPools(token.id, [token.id], path);
    return new Map([...own].filter(([name]) => user.has(name)));
  }

  has(who: Identity, path: string, ...privileges: readonly string[]): boolean {
    const granted = this.of(who, path);
    return privileges.every(p => granted.has(p));
  }

  hasAny(who: Identity, path: string, privileges: readonly string[]): boolean {
    const granted = this.of(who, path);
    return privileges.some(p => granted.has(p));
  }

  /** Throws the real 403 for the first privilege that is missing. */
  need(who: Identity, path: string, ...privileges: readonly string[]): void {
    const granted = this.of(who, path);
    for (const p of privileges) if (!granted.has(p)) forbidden(`${path}, ${p}`);
  }

  needAny(who: Identity, path: string, privileges: readonly string[]): void {
    if (!this.hasAny(who, path, privileges)) forbidden(`${path}, ${privileges.join('|')}`);
  }

  isRoot(who: Identity): boolean {
    return who.userid === 'root@pam' && who.tokenid === undefined;
  }

  private ofUser(userid: string, path: string): Granted {
    if (userid === 'root@pam') return this.everything;
    const groups = [...this.state.groups].filter(([, members]) => members.includes(userid)).map(([name]) => `@${name}`);
    return this.withPools(userid, [userid, ...groups], path);
  }

  private withPools(self: string, names: readonly string[], path: string): Granted {
    const granted = this.along(self, names, path);
    const vmid = /^\/vms\/(\d+)$/.exec(path)?.[1];
    const storage = /^\/storage\/(.+)$/.exec(path)?.[1];
    for (const pool of this.state.pools.values()) {
      if ((vmid !== undefined && pool.vms.includes(Number(vmid))) || (storage !== undefined && pool.storages.includes(storage))) {
        for (const [name, propagate] of this.along(self, names, `/pool/${pool.poolid}`)) if (!granted.has(name)) granted.set(name, propagate);
      }
    }
    return granted;
  }

  /** Walks down to `path`: an entry nearer replaces those above; at one place an entry of the user itself replaces those of its groups. */
  private along(self: string, names: readonly string[], path: string): Granted {
    const parts = path.split('/').filter(Boolean);
    let roles: { role: string; propagate: boolean }[] = [];
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const here = `/${parts.slice(0, depth).join('/')}`;
      const entries = this.state.acl.filter(e => e.path === here && names.includes(e.who) && (e.propagate || depth === parts.length));
      const own = entries.filter(e => e.who === self);
      const chosen = own.length > 0 ? own : entries;
      if (chosen.length > 0) roles = chosen.some(e => e.role === 'NoAccess') ? [] : chosen;
    }
    const granted: Granted = new Map();
    for (const { role, propagate } of roles) {
      for (const p of this.state.roles.get(role) ?? []) granted.set(p, granted.get(p) === 1 || propagate ? 1 : 0);
    }
    return granted;
  }

  /** Evaluates the `permissions` of an endpoint; throws the 403. Run before the parameters are checked, as the real server does. */
  checkEndpoint(who: Identity, check: PermissionCheck, parameters: Readonly<Record<string, unknown>>): void {
    const [kind, ...rest] = check;
    if (kind === 'and') {
      for (const one of rest) this.checkEndpoint(who, one as PermissionCheck, parameters);
      return;
    }
    if (kind === 'or') {
      for (const one of rest) if (this.passes(who, one as PermissionCheck, parameters)) return;
      forbidden();
    }
    if (kind === 'perm') {
      const [template, privileges, ...options] = rest as [string, string[], ...unknown[]];
      const required = options[options.indexOf('require_param') + 1];
      if (options.includes('require_param') && parameters[required as string] === undefined) forbidden();
      const path = template.replace(/\{(.+?)\}/g, (_, name: string) => String(parameters[name] ?? ''));
      if (options.includes('any')) this.needAny(who, path, privileges);
      else this.need(who, path, ...privileges);
      return;
    }
    if (kind === 'userid-param') {
      const [what] = rest as [string];
      const userid = parameters['userid'];
      if (what === 'self') {
        if (who.userid !== userid) forbidden(`user != '${String(userid)}'`);
      } else if (!this.has(who, `/access/realm/${String(userid).split('@')[1] ?? ''}`, what)) forbidden();
      return;
    }
    if (kind === 'userid-group') {
      const [privileges] = rest as [string[]];
      if (!this.hasAny(who, '/access/groups', privileges)) forbidden(`/access/groups, ${privileges.join(', ')}`);
      return;
    }
    if (kind === 'perm-modify') {
      const path = String(parameters['path'] ?? '/');
      if (!this.has(who, path, 'Permissions.Modify')) forbidden(`${path}, Permissions.Modify`);
      return;
    }
    throw new Error(`unknown permission test ${String(kind)}`);
  }

  private passes(who: Identity, check: PermissionCheck, parameters: Readonly<Record<string, unknown>>): boolean {
    try {
      this.checkEndpoint(who, check, parameters);
      return true;
    } catch {
      return false;
    }
  }
}
