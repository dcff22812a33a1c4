// The questions that make or change a connection to a Proxmox VE cluster: address, certificate, login, name; then a test that says precisely what is wrong.
import { randomUUID } from 'node:crypto';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import { bracket, defaultPort, parseAddress, parseToken, parseUser } from '../../providers/proxmox/connection.ts';
import type { ProxmoxAuth, ProxmoxConnection, ProxmoxSecrets } from '../../providers/proxmox/connection.ts';
import type { PinnedCertificate } from '../../system/tls.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import { errorText } from '../words.ts';
import { offeredConnections } from './offered.ts';
import type { Offer } from './offered.ts';
import { realmDetail, realmsOf } from './realms.ts';
import { askPick, askText } from './steps.ts';
import type { Answer, StepTitle } from './steps.ts';
import { explainTokens } from './tokenHelp.ts';
import { askTrust, askTrustChanged, lookAt } from './trust.ts';

export interface Wizard {
  readonly connection: ProxmoxConnection;
  readonly secrets: ProxmoxSecrets;
}

/** What was answered so far. */
export interface Draft {
  id: string;
  label: string;
  host: string;
  port: number;
  otherHosts: readonly string[];
  certificates: Readonly<Record<string, PinnedCertificate>>;
  peers?: ProxmoxConnection['peers'];
  way: 'token' | 'password';
  user: string;
  realm: string;
  token: string;
  secrets: ProxmoxSecrets;
}

type Outcome = 'next' | 'back' | 'cancel' | 'skip';
type Step = (draft: Draft, at: StepTitle) => Promise<Outcome>;

export function draftOf(connection?: ProxmoxConnection, secrets: ProxmoxSecrets = {}): Draft {
  if (!connection) return { id: randomUUID(), label: '', host: '', port: defaultPort, otherHosts: [], certificates: {}, way: 'token', user: '', realm: 'pam', token: '', secrets };
  const { auth } = connection;
  const [first = '', ...otherHosts] = connection.hosts;
  return {
    id: connection.id, label: connection.label, host: first, port: connection.port, otherHosts, certificates: connection.certificates ?? {}, ...(connection.peers ? { peers: connection.peers } : {}),
    way: auth.kind, user: auth.user, realm: auth.kind === 'password' ? auth.realm : 'pam', token: auth.kind === 'token' ? auth.token : '', secrets,
  };
}

export function connectionOf(draft: Draft): ProxmoxConnection {
  const auth: ProxmoxAuth = draft.way === 'token' ? { kind: 'token', user: draft.user, token: draft.token } : { kind: 'password', user: draft.user, realm: draft.realm };
  return { id: draft.id, label: draft.label, hosts: [draft.host, ...draft.otherHosts], port: draft.port, auth, certificates: draft.certificates, ...(draft.peers ? { peers: draft.peers } : {}) };
}

/** undefined = given up; nothing was saved. `test` says whether to keep it. */
export async function runWizard(title: string, draft: Draft, test: (wizard: Wizard) => Promise<'save' | 'change' | 'cancel'>): Promise<Wizard | undefined> {
  const steps: readonly Step[] = [offer, address, certificate, way, identity, realm, secret, label];
  let index = 0;
  let direction: 1 | -1 = 1;
  for (;;) {
    const step = steps[index];
    if (!step) {
      const made = { connection: connectionOf(draft), secrets: draft.secrets };
      const verdict = await test(made);
      if (verdict === 'save') return made;
      if (verdict === 'cancel') return undefined;
      [index, direction] = [1, 1];
      continue;
    }
    const outcome = await step(draft, { title, step: Math.max(1, index), total: steps.length - 1, first: index <= 1 && !offers.get(draft)?.length });
    if (outcome === 'cancel') return undefined;
    if (outcome !== 'skip') direction = outcome === 'back' ? -1 : 1;
    index += direction;
    if (index < 0) [index, direction] = [1, 1];
  }
}

const offers = new WeakMap<Draft, readonly Offer[]>();

async function offer(draft: Draft, at: StepTitle): Promise<Outcome> {
  if (!offers.has(draft)) offers.set(draft, draft.host === '' ? await offeredConnections(process.env) : []);
  const found = offers.get(draft) ?? [];
  if (found.length === 0) return 'skip';
  const answer = await askPick<Offer | 'other'>({ ...at, first: true }, t('Which cluster?'), [
    ...found.map(one => ({
      label: `$(server-environment) ${bracket(one.host)}:${String(one.port)}`,
      description: one.auth ? nameOf(one.auth) : '',
      detail: one.source === undefined ? t('What PROXMOX_HOST and the variables beside it say in the environment') : t('What PROXMOX_HOST and the variables beside it say in {0}', one.source),
      value: one,
    })),
    { label: `$(edit) ${t('Enter Another Address…')}`, value: 'other' as const },
  ]);
  if (answer.kind !== 'value') return 'cancel';
  if (answer.value !== 'other') {
    const { host, port, auth, secrets } = answer.value;
    Object.assign(draft, { host, port, secrets, ...(auth?.kind === 'token' ? { way: 'token', user: auth.user, token: auth.token } : auth ? { way: 'password', user: auth.user, realm: auth.realm } : {}) });
  }
  return 'next';
}

async function address(draft: Draft, at: StepTitle): Promise<Outcome> {
  const answer = await askText(at, {
    prompt: t('Address of one node of the cluster, with the port if it is not 8006. The other nodes are found by themselves.'), placeholder: 'pve.lan, 192.168.1.10, https://pve.example.org:8006',
    value: draft.host === '' ? '' : draft.port === defaultPort ? bracket(draft.host) : `${bracket(draft.host)}:${String(draft.port)}`,
    check: typed => problemOf(() => parseAddress(typed)),
  });
  if (answer.kind !== 'value') return answer.kind;
  const { host, port } = parseAddress(answer.value);
  // Another place is another cluster, as far as anybody knows: what was known of the old one is not.
  if (host !== draft.host || port !== draft.port) {
    draft.otherHosts = [];
    delete draft.peers;
  }
  Object.assign(draft, { host, port });
  return 'next';
}

/** Looks at the certificate before anything is sent. A refusal goes back to the address. */
async function certificate(draft: Draft): Promise<Outcome> {
  const place = `${draft.host}:${String(draft.port)}`;
  try {
    const seen = await lookAt(draft.host, draft.port);
    const trusted = draft.certificates[place];
    if (trusted?.fingerprint === seen.fingerprint) return 'skip';
    if (seen.trustedBySystem) {
      draft.certificates = Object.fromEntries(Object.entries(draft.certificates).filter(([key]) => key !== place));
      return 'skip';
    }
    if (!(trusted ? await askTrustChanged(place, trusted, seen) : await askTrust(place, seen))) return 'back';
    draft.certificates = { ...draft.certificates, [place]: { pem: seen.pem, fingerprint: seen.fingerprint } };
    return 'skip';
  } catch (thrown) {
    const error = asGaiaError(thrown);
    if (error.code !== 'cancelled') await ask(errorText(error), error.detail.raw ?? '', [{ title: t('Change the Address'), value: true }]);
    return 'back';
  }
}

async function way(draft: Draft, at: StepTitle): Promise<Outcome> {
  const answer = await askPick<'token' | 'password'>(at, t('How to log in?'), [
    { label: `$(key) ${t('API token')}`, description: t('recommended'), detail: t('Has limited rights, can be revoked, needs no second factor.'), value: 'token' },
    { label: `$(person) ${t('User and password')}`, detail: t('With the code of a second factor, where there is one. The password is kept in the safe place of this computer.'), value: 'password' },
    { label: `$(question) ${t('How do I make a token, and what is privilege separation?')}`, value: 'token', explain: explainTokens },
  ], draft.way);
  if (answer.kind !== 'value') return answer.kind;
  if (draft.way !== answer.value) draft.secrets = {};
  draft.way = answer.value;
  return 'next';
}

async function identity(draft: Draft, at: StepTitle): Promise<Outcome> {
  if (draft.way === 'token') {
    const answer = await askText(at, {
      prompt: t('Id of the token as Proxmox VE shows it. The whole line with the secret can be pasted as well.'), placeholder: 'root@pam!gaia', value: draft.user === '' || draft.token === '' ? '' : `${draft.user}!${draft.token}`,
      check: typed => (parseToken(typed) ? undefined : t('A token id has the form user@realm!name.')),
    });
    if (answer.kind !== 'value') return answer.kind;
    const token = parseToken(answer.value);
    if (!token) return 'back';
    if (token.user !== draft.user || token.token !== draft.token) draft.secrets = {};
    Object.assign(draft, { user: token.user, token: token.token, ...(token.secret === undefined ? {} : { secrets: { tokenSecret: token.secret } }) });
    return 'next';
  }
  const answer = await askText(at, { prompt: t('User name. With its realm, if it is not one of this node: ann@pve'), placeholder: 'root', value: draft.user === '' ? '' : `${draft.user}@${draft.realm}` });
  if (answer.kind !== 'value') return answer.kind;
  if (answer.value.trim() !== `${draft.user}@${draft.realm}`) draft.secrets = {};
  Object.assign(draft, parseUser(answer.value));
  askedRealm.set(draft, !answer.value.includes('@'));
  return 'next';
}

const askedRealm = new WeakMap<Draft, boolean>();

async function realm(draft: Draft, at: StepTitle): Promise<Outcome> {
  if (draft.way === 'token' || !(askedRealm.get(draft) ?? false)) return 'skip';
  const found = await realmsOf(connectionOf(draft));
  const answer = await askPick(at, t('Realm of {0}', draft.user), found.map(one => ({ label: one.name, detail: realmDetail(one), value: one.name })), found[0]?.name);
  if (answer.kind !== 'value') return answer.kind;
  draft.realm = answer.value;
  return 'next';
}

async function secret(draft: Draft, at: StepTitle): Promise<Outcome> {
  const token = draft.way === 'token';
  const present = token ? draft.secrets.tokenSecret : draft.secrets.password;
  // A line with the secret, or variables that hold it, answered this already; when one goes back it can be changed.
  const answer: Answer<string> = await askText(at, {
    prompt: token ? t('Secret of the token, shown once when it is made') : t('Password of {0}', `${draft.user}@${draft.realm}`), password: true,
    ...(present === undefined ? {} : { placeholder: t('Empty: the one that is known') }),
    check: typed => (typed === '' && present === undefined ? t('This cannot be empty.') : undefined),
  });
  if (answer.kind !== 'value') return answer.kind;
  if (answer.value !== '') draft.secrets = token ? { tokenSecret: answer.value.trim() } : { password: answer.value };
  return 'next';
}

async function label(draft: Draft, at: StepTitle): Promise<Outcome> {
  const answer = await askText(at, { prompt: t('Name of the connection in Gaia'), value: draft.label === '' ? draft.host : draft.label });
  if (answer.kind !== 'value') return answer.kind;
  draft.label = answer.value.trim();
  return 'next';
}

function nameOf(auth: ProxmoxAuth): string {
  return auth.kind === 'token' ? `${auth.user}!${auth.token}` : `${auth.user}@${auth.realm}`;
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return GaiaError.is(error) ? errorText(error) : String(error);
  }
}

