// gaia.connection.*: add, edit, remove, test, reconnect.
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import { describeConnection, parseAddress, parseToken, parseUser } from '../../providers/proxmox/connection.ts';
import type { ProxmoxAuth, ProxmoxConnection, ProxmoxSecrets } from '../../providers/proxmox/connection.ts';
import { readCertificate, sameFingerprint } from '../../system/tls.ts';
import { ask } from '../confirm.ts';
import { choose } from '../commands/inputs.ts';
import { isNode } from '../commands/targets.ts';
import type { Arguments } from '../commands/targets.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { connectionsOf } from './connections.ts';
import { askTrustChanged, changedCertificates } from './trust.ts';
import { testConnection } from './verdict.ts';
import { draftOf, runWizard } from './wizard.ts';
import type { Wizard } from './wizard.ts';

/** Within this one has found one's phone. */
const personPatienceMs = 10 * 60_000;

/** For another extension, a script or a test: no question is asked. The certificate must be one that the system trusts, or have this fingerprint. */
export interface UnattendedConnection {
  readonly address: string;
  /** `user@realm!name`, or `user@realm` with a password. */
  readonly user: string;
  readonly secret: string;
  readonly label?: string;
  /** SHA-256 of the certificate, as Proxmox VE shows it. */
  readonly fingerprint?: string;
}

export async function add(parts: Parts, [given]: Arguments): Promise<void> {
  await parts.ensureProviders();
  const made = isUnattended(given) ? await unattended(given) : await runWizard(t('Add Proxmox VE'), draftOf(), wizard => judge(parts, wizard));
  if (made) await save(parts, made);
}

export async function edit(parts: Parts, [of]: Arguments): Promise<void> {
  const connection = await connectionFor(parts, of, t('Edit Which Connection?'));
  if (!connection) return;
  const connections = connectionsOf(parts);
  const secrets = await connections.saved.secretsOf(connection);
  const [changed] = await changedCertificates(connection);
  if (changed) {
    if (!(await askTrustChanged(changed.address, changed.trusted, changed.seen))) return;
    const { pem, fingerprint } = changed.seen;
    await save(parts, { connection: { ...connection, certificates: { ...connection.certificates, [changed.address]: { pem, fingerprint } } }, secrets });
    return;
  }
  const made = await runWizard(t('Edit “{0}”', connection.label), draftOf(connection, secrets), wizard => judge(parts, wizard));
  if (made) await save(parts, made);
}

export async function remove(parts: Parts, [of]: Arguments): Promise<void> {
  const connection = await connectionFor(parts, of, t('Remove Which Connection?'));
  if (!connection) return;
  const sure = await ask(t('Remove the connection “{0}”?', connection.label), t('{0}. Its secret is forgotten. Nothing on the cluster changes.', describeConnection(connection)), [{ title: t('Remove'), value: true }]);
  if (sure) await connectionsOf(parts).remove(connection.id);
}

export async function test(parts: Parts, [of]: Arguments): Promise<void> {
  const connection = await connectionFor(parts, of, t('Test Which Connection?'));
  const provider = connection && connectionsOf(parts).provider(connection.id);
  if (!provider) return;
  const verdict = await connectionsOf(parts).attended(connection.id, () => testConnection(provider));
  void parts.fleet.refresh({ fresh: true, providers: [provider] });
  if (verdict.usable && verdict.problems.length === 0) {
    void vscode.window.showInformationMessage(verdict.text);
    return;
  }
  const change = t('Edit Connection…');
  void vscode.window.showWarningMessage([verdict.text, ...verdict.problems].join(' '), change).then(chosen => {
    if (chosen === change) void vscode.commands.executeCommand('gaia.connection.edit', connection.id);
  });
}

export async function reconnect(parts: Parts, [of]: Arguments): Promise<void> {
  const connection = await connectionFor(parts, of, t('Reconnect Which Connection?'));
  if (!connection) return;
  await vscode.window.withProgress({ location: { viewId: 'gaia.machines' } }, () => connectionsOf(parts).reconnect(connection.id, AbortSignal.timeout(personPatienceMs)));
}

async function judge(parts: Parts, { connection, secrets }: Wizard): Promise<'save' | 'change' | 'cancel'> {
  let text: string;
  let problems: readonly string[];
  let usable = false;
  try {
    ({ usable, text, problems } = await testConnection(connectionsOf(parts).trial(connection, secrets)));
  } catch (thrown) {
    const error = asGaiaError(thrown);
    if (error.code === 'cancelled') return 'change';
    [text, problems] = [t('“{0}” does not work.', connection.label), [error.message]];
  }
  if (usable && problems.length === 0) {
    void vscode.window.showInformationMessage(text);
    return 'save';
  }
  const answers = { save: { title: usable ? t('Save') : t('Save Anyway'), value: 'save' as const }, change: { title: t('Change…'), value: 'change' as const } };
  return (await ask(text, problems.join('\n\n'), usable ? [answers.save, answers.change] : [answers.change, answers.save])) ?? 'cancel';
}

async function save(parts: Parts, { connection, secrets }: Wizard): Promise<void> {
  const hidden = parts.settings.hiddenProviders;
  if (hidden.includes('proxmox')) await vscode.workspace.getConfiguration('gaia').update('hiddenProviders', hidden.filter(id => id !== 'proxmox'), vscode.ConfigurationTarget.Global);
  await connectionsOf(parts).save(connection, secrets);
}

async function unattended(given: UnattendedConnection): Promise<Wizard> {
  const { host, port } = parseAddress(given.address);
  const token = parseToken(given.user);
  const auth: ProxmoxAuth = token ? { kind: 'token', user: token.user, token: token.token } : { kind: 'password', ...parseUser(given.user) };
  const seen = await readCertificate(host, port, AbortSignal.timeout(20_000));
  const pinned = given.fingerprint !== undefined;
  if (pinned ? !sameFingerprint(seen.fingerprint, given.fingerprint) : !seen.trustedBySystem) {
    throw new GaiaError('untrusted', { message: 'The certificate of {0} is not trusted: its SHA-256 is {1}.', values: [`${host}:${String(port)}`, seen.fingerprint], hint: 'Nothing was sent to it.' });
  }
  const secrets: ProxmoxSecrets = token ? { tokenSecret: given.secret } : { password: given.secret };
  const certificates = pinned ? { [`${host}:${String(port)}`]: { pem: seen.pem, fingerprint: seen.fingerprint } } : {};
  return { connection: { id: randomUUID(), label: given.label ?? host, hosts: [host], port, auth, certificates }, secrets };
}

function isUnattended(value: unknown): value is UnattendedConnection {
  const given = value as Partial<UnattendedConnection> | undefined;
  return typeof given === 'object' && typeof given.address === 'string' && typeof given.user === 'string' && typeof given.secret === 'string';
}

/** The connection a row, an id or a pick names. */
async function connectionFor(parts: Parts, of: unknown, title: string): Promise<ProxmoxConnection | undefined> {
  await parts.ensureProviders();
  const { saved } = connectionsOf(parts);
  const id = typeof of === 'string' ? of : isNode(of) && of.kind === 'connection' ? of.provider.connection.id : undefined;
  const named = id === undefined ? undefined : saved.get(id);
  if (named) return named;
  const all = saved.all();
  if (all.length === 0) {
    const addOne = t('Add Proxmox VE…');
    if ((await vscode.window.showInformationMessage(t('There is no connection yet.'), addOne)) === addOne) await vscode.commands.executeCommand('gaia.connection.add');
    return undefined;
  }
  return all.length === 1 ? all[0] : choose(title, all.map(connection => ({ label: connection.label, detail: describeConnection(connection), value: connection })));
}
