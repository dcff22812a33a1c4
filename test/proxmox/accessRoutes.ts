// /version and /access: tickets, permissions, users, tokens, roles and the ACL.
import { randomBytes } from 'node:crypto';
import { badParameters, die, forbidden } from './apiError.ts';
import type { Call, Handler, Routes } from './call.ts';
import { flag, list, needed, number, text } from './call.ts';
import type { TokenState } from './model.ts';
import type { Identity } from './rights.ts';

const login: Handler = call => {
  const { cluster } = call;
  const realm = text(call, 'realm');
  const otp = text(call, 'otp');
  const challenge = text(call, 'tfa-challenge');
  const result = cluster.auth.login({ username: needed(call, 'username'), password: needed(call, 'password'), ...(realm === undefined ? {} : { realm }), ...(otp === undefined ? {} : { otp }), ...(challenge === undefined ? {} : { challenge }) });
  const base = { username: result.username, ticket: result.ticket, CSRFPreventionToken: result.csrf };
  if (result.needTfa) return { ...base, NeedTFA: 1 };
  return { ...base, cap: capabilities(call, { userid: result.username }), ...(cluster.state.name === undefined ? {} : { clustername: cluster.state.name }) };
};

const areas: Readonly<Record<string, readonly [string, RegExp]>> = {
  vms: ['/vms', /^(?:VM\.|Permissions\.)/],
  storage: ['/storage', /^(?:Datastore\.|Permissions\.)/],
  nodes: ['/nodes', /^(?:Sys\.|Permissions\.)/],
  access: ['/access', /^(?:User\.|Group\.|Permissions\.)/],
  dc: ['/', /^(?:Sys\.(?:Audit|Modify)|SDN\.)/],
  sdn: ['/sdn', /^(?:SDN\.|Permissions\.)/],
  mapping: ['/mapping', /^(?:Mapping\.|Permissions\.)/],
};

/** The `cap` map of a login: what the user may do anywhere in an area. */
function capabilities({ cluster }: Call, who: Identity): Record<string, Record<string, number>> {
  const result: Record<string, Record<string, number>> = {};
  for (const [area, [root, pattern]] of Object.entries(areas)) {
    if (area === 'mapping' && !cluster.atLeast(8)) continue;
    const paths = new Set([root, ...cluster.state.acl.map(a => a.path).filter(path => path.startsWith(`${root}/`) || (area === 'vms' && path.startsWith('/pool/')))]);
    result[area] = Object.fromEntries([...paths].flatMap(path => [...cluster.rights.of(who, path).keys()]).filter(p => pattern.test(p)).map(p => [p, 1]));
  }
  return result;
}

const permissions: Handler = call => {
  const { cluster } = call;
  const userid = text(call, 'userid');
  const who: Identity = userid === undefined ? call.who : userid.includes('!') ? { userid: userid.split('!')[0] as string, tokenid: userid } : { userid };
  if (userid !== undefined && userid !== (call.who.tokenid ?? call.who.userid)) cluster.rights.need(call.who, '/access', 'Sys.Audit');
  const path = text(call, 'path');
  const standard = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms', ...(cluster.atLeast(8) ? ['/mapping'] : [])];
  const pools = [...cluster.state.pools.values()].flatMap(pool => [...pool.vms.map(id => `/vms/${String(id)}`), ...pool.storages.map(id => `/storage/${id}`)]);
  const paths = path === undefined ? new Set([...standard, ...cluster.state.acl.map(a => a.path), ...pools]) : [path];
  const result: Record<string, Record<string, number>> = {};
  for (const one of paths) {
    const granted = cluster.rights.of(who, one);
    if (granted.size > 0) result[one] = Object.fromEntries(granted);
  }
  return result;
};

const checkSelf = (call: Call, userid: string): void => {
  if (call.who.userid !== userid && !call.cluster.rights.has(call.who, '/access/groups', 'User.Modify')) forbidden(`/access/groups, User.Modify`);
};

const tokenInfo = (token: TokenState): Record<string, unknown> => ({ tokenid: token.id.split('!')[1], privsep: token.privsep ? 1 : 0, expire: token.expire, ...(token.comment === undefined ? {} : { comment: token.comment }) });

function tokenOf(call: Call): TokenState {
  const id = `${needed(call, 'userid')}!${needed(call, 'tokenid')}`;
  return call.cluster.state.tokens.get(id) ?? die(`no such token '${needed(call, 'tokenid')}' for user '${needed(call, 'userid')}'`);
}

const createToken: Handler = call => {
  const { state } = call.cluster;
  const userid = needed(call, 'userid');
  checkSelf(call, userid);
  const id = `${userid}!${needed(call, 'tokenid')}`;
  if (!state.users.has(userid)) die(`user '${userid}' does not exist`);
  if (state.tokens.has(id)) badParameters({ tokenid: 'Token already exists.' });
  const h = randomBytes(16).toString('hex');
  const secret = `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
  const comment = text(call, 'comment');
  const token: TokenState = { id, secret, privsep: flag(call, 'privsep', true), expire: number(call, 'expire') ?? 0, ...(comment === undefined ? {} : { comment }) };
  state.tokens.set(id, token);
  const { tokenid: _tokenid, ...info } = tokenInfo(token);
  return { 'full-tokenid': id, value: secret, info };
};

const changeAcl: Handler = call => {
  const { state } = call.cluster;
  const path = needed(call, 'path').replace(/\/+$/, '') || '/';
  if (!/^\/(?:|access(?:\/.+)?|mapping(?:\/.+)?|nodes(?:\/[^/]+)?|pool(?:\/.+)?|sdn(?:\/.+)?|storage(?:\/[^/]+)?|vms(?:\/\d{3,})?)$/.test(path)) badParameters({ path: `invalid ACL path '${path}'` });
  const names = [...list(call.p['users']), ...list(call.p['tokens']), ...list(call.p['groups']).map(g => `@${g}`)];
  for (const role of list(call.p['roles'])) {
    if (!state.roles.has(role)) die(`role '${role}' does not exist`);
    for (const who of names) {
      state.acl = state.acl.filter(e => !(e.path === path && e.who === who && e.role === role));
      if (!flag(call, 'delete')) state.acl.push({ path, who, role, propagate: flag(call, 'propagate', true) });
    }
  }
  return null;
};

export const accessRoutes: Routes = {
  'GET /version': ({ cluster: { state } }) => ({ release: state.release, version: state.versionText, repoid: 'a1b2c3d4e5f60718' }),
  'GET /access/ticket': () => null,
  'POST /access/ticket': login,
  'GET /access/domains': () => [
    { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
    { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server', default: 1 },
  ],
  'GET /access/permissions': permissions,
  'GET /access/roles': ({ cluster: { state } }) => [...state.roles].map(([roleid, privileges]) => ({ roleid, privs: privileges.join(','), special: 1 })),
  'POST /access/roles': call => {
    const id = needed(call, 'roleid');
    if (call.cluster.state.roles.has(id)) die(`role '${id}' already exists`);
    call.cluster.state.roles.set(id, list(call.p['privs']));
    return null;
  },
  'GET /access/users': call => {
    const { state, rights } = call.cluster;
    const all = rights.hasAny(call.who, '/access/groups', ['User.Modify', 'Sys.Audit']);
    return [...state.users.values()].filter(u => all || u.userid === call.who.userid).map(u => ({ userid: u.userid, enable: u.enable ? 1 : 0, expire: u.expire, 'realm-type': u.userid.split('@')[1] }));
  },
  'POST /access/users': call => {
    const { state } = call.cluster;
    const userid = needed(call, 'userid');
    if (state.users.has(userid)) die(`create user failed: user '${userid}' already exists`);
    state.users.set(userid, { userid, password: text(call, 'password') ?? randomBytes(9).toString('hex'), enable: flag(call, 'enable', true), expire: number(call, 'expire') ?? 0, groups: list(call.p['groups']) });
    return null;
  },
  'GET /access/users/{userid}/token': call => {
    const userid = needed(call, 'userid');
    checkSelf(call, userid);
    return [...call.cluster.state.tokens.values()].filter(t => t.id.startsWith(`${userid}!`)).map(tokenInfo);
  },
  'GET /access/users/{userid}/token/{tokenid}': call => {
    const { tokenid: _tokenid, ...info } = tokenInfo(tokenOf(call));
    return info;
  },
  'POST /access/users/{userid}/token/{tokenid}': createToken,
  'PUT /access/users/{userid}/token/{tokenid}': call => {
    const token = tokenOf(call);
    token.privsep = flag(call, 'privsep', token.privsep);
    token.expire = number(call, 'expire') ?? token.expire;
    const { tokenid: _tokenid, ...info } = tokenInfo(token);
    return info;
  },
  'DELETE /access/users/{userid}/token/{tokenid}': call => {
    const token = tokenOf(call);
    call.cluster.state.tokens.delete(token.id);
    call.cluster.state.acl = call.cluster.state.acl.filter(e => e.who !== token.id);
    return null;
  },
  'GET /access/acl': call => {
    const { state, rights } = call.cluster;
    return state.acl
      .filter(e => rights.has(call.who, e.path, 'Permissions.Modify') || rights.has(call.who, '/access', 'Sys.Audit'))
      .map(e => ({ path: e.path, roleid: e.role, propagate: e.propagate ? 1 : 0, ugid: e.who.replace(/^@/, ''), type: e.who.startsWith('@') ? 'group' : e.who.includes('!') ? 'token' : 'user' }));
  },
  'PUT /access/acl': changeAcl,
};
