// The connections to Proxmox VE clusters that are open in this window: one provider each, made anew when its connection is changed.
import * as vscode from 'vscode';
import { GaiaError } from '../../machines/errors.ts';
import type { Disposable } from '../../machines/provider.ts';
import type { ProxmoxConnection, ProxmoxSecrets } from '../../providers/proxmox/connection.ts';
import { createProxmoxProvider } from '../../providers/proxmox/provider.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import type { PinnedCertificate } from '../../system/tls.ts';
import type { Parts } from '../parts.ts';
import { placesKey, withPlaces } from './places.ts';
import { isSecretKey, SavedConnections } from './saved.ts';
import { SecondFactorQuestion } from './secondFactor.ts';

interface Live {
  readonly connection: ProxmoxConnection;
  readonly provider: ProxmoxProvider;
  readonly registration: Disposable;
  readonly question: SecondFactorQuestion;
}

export class Connections implements Disposable {
  readonly saved: SavedConnections;
  readonly #parts: Parts;
  readonly #live = new Map<string, Live>();
  /** What was learned is written one after the other: each write reads what is there. */
  #writing: Promise<unknown> = Promise.resolve();
  #open = false;
  /** The last trial, for the login that it may have made. */
  #tried: { readonly facts: string; readonly provider: ProxmoxProvider } | undefined;
  readonly #following: Disposable[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.saved = new SavedConnections(parts.context.globalState, parts.secrets);
  }

  /** Registers a provider for each saved connection. */
  open(): Disposable {
    this.#open = true;
    for (const connection of this.saved.all()) this.#register(connection);
    // Another window may add, change or remove one. Its secret is told of at once, the rest is seen when a person comes back to this window.
    this.#following.push(
      this.#parts.context.secrets.onDidChange(({ key }) => {
        if (!isSecretKey(key)) return;
        // The other window writes the secret first, and its list right after.
        for (const waitMs of [300, 2000]) setTimeout(() => void this.sync(), waitMs);
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => { if (focused) void this.sync(); }),
      // Where neither is told (a browser), the list is looked at now and then: it is in memory.
      everySoOften(() => { if (vscode.window.state.focused) void this.sync(); }),
    );
    return this;
  }

  /** Makes what is shown what is saved: for changes made in another window. */
  async sync(): Promise<void> {
    await this.#write(() => {
      if (!this.#open) return Promise.resolve();
      const saved = this.saved.all();
      for (const id of [...this.#live.keys()]) if (!saved.some(one => one.id === id)) this.#unregister(id);
      for (const connection of saved) {
        const live = this.#live.get(connection.id);
        if (live && sameConnection(live.connection, connection)) continue;
        this.#unregister(connection.id);
        const provider = this.#register(connection);
        void this.#parts.fleet.refresh({ fresh: true, providers: [provider] });
      }
      return Promise.resolve();
    });
  }

  dispose(): void {
    this.#open = false;
    for (const one of this.#following.splice(0)) one.dispose();
    for (const id of [...this.#live.keys()]) this.#unregister(id);
  }

  provider(id: string): ProxmoxProvider | undefined {
    return this.#live.get(id)?.provider;
  }

  providers(): readonly ProxmoxProvider[] {
    return [...this.#live.values()].map(live => live.provider);
  }

  /** Keeps it and shows it at once. Resolves when its machines were read, or could not be. */
  async save(connection: ProxmoxConnection, secrets: ProxmoxSecrets): Promise<void> {
    await this.saved.putSecrets(connection.id, secrets);
    const provider = await this.#write(async () => {
      await this.saved.put(connection);
      this.#unregister(connection.id);
      // What the test has logged in for need not be asked for again.
      const ticket = this.#tried?.facts === loginOf(connection, secrets) ? this.#tried.provider.ticket() : undefined;
      this.#tried = undefined;
      return this.#open ? this.#register(connection, ticket) : undefined;
    });
    if (provider) await this.#parts.fleet.refresh({ fresh: true, providers: [provider] });
  }

  async remove(id: string): Promise<void> {
    await this.#write(async () => {
      this.#unregister(id);
      await this.saved.remove(id);
    });
  }

  /** Forgets that a secret was refused or a code not given, asks again, and reads the machines. A person waits for it. */
  async reconnect(id: string, signal: AbortSignal): Promise<void> {
    const live = this.#live.get(id);
    if (!live) return;
    await this.attended(id, () => live.provider.reconnect(signal));
    await this.#parts.fleet.refresh({ fresh: true, providers: [live.provider] });
  }

  /** What was refused may be tried again at the next look. */
  async forgive(id: string, signal: AbortSignal): Promise<void> {
    const provider = this.#live.get(id)?.provider;
    provider?.forgive();
    await provider?.diagnose(signal);
  }

  /** Somebody waits for `work`: a code that it needs is asked for at once. */
  attended<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#live.get(id)?.question.during(work) ?? work();
  }

  /** A provider that is not shown: for the wizard's test. */
  trial(connection: ProxmoxConnection, secrets: ProxmoxSecrets): ProxmoxProvider {
    const provider = createProxmoxProvider({ connection, secrets: () => Promise.resolve(secrets), secondFactor: challenge => new SecondFactorQuestion(connection.label, true).ask(challenge), record: this.#parts.log.record });
    this.#tried = { facts: loginOf(connection, secrets), provider };
    return provider;
  }

  #register(connection: ProxmoxConnection, ticket?: ReturnType<ProxmoxProvider['ticket']>): ProxmoxProvider {
    const question = new SecondFactorQuestion(connection.label, false, () => {
      if (this.#live.get(connection.id)?.provider === provider && !provider.ticket()) void vscode.commands.executeCommand('gaia.connection.reconnect', connection.id);
    });
    const provider: ProxmoxProvider = withPlaces(createProxmoxProvider({
      connection,
      secrets: () => this.#secretsOf(connection),
      secondFactor: challenge => question.ask(challenge),
      answered: () => { if (this.#live.get(connection.id)?.provider === provider) void this.#parts.fleet.refresh({ fresh: true, providers: [provider] }); },
      learned: (address, certificate) => { this.#learn(connection.id, address, certificate); },
      learnedPeers: peers => { void this.#update(connection.id, saved => ({ ...saved, peers })); },
      record: this.#parts.log.record,
      environment: name => process.env[name],
      ...ticket ? { ticket } : {},
    }), (shown, before) => {
      // The list itself says what of the machines changed; the load of nodes is no machine.
      if (placesKey(shown.places()) !== before) setTimeout(() => { this.#parts.view.placesChanged(); }, 0);
    });
    this.#live.set(connection.id, { connection, provider, registration: this.#parts.registry.register(provider), question });
    return provider;
  }

  #unregister(id: string): void {
    const live = this.#live.get(id);
    this.#live.delete(id);
    live?.registration.dispose();
    live?.question.dispose();
  }

  async #secretsOf(connection: ProxmoxConnection): Promise<ProxmoxSecrets> {
    const secrets = await this.saved.secretsOf(connection);
    if (secrets.tokenSecret !== undefined || secrets.password !== undefined) return secrets;
    const token = connection.auth.kind === 'token';
    throw new GaiaError('unauthenticated', {
      message: token ? 'The secret of the API token is not stored.' : 'The password is not stored.',
      hint: 'Edit the connection and enter it again.',
      actions: [{ title: 'Edit Connection…', command: 'gaia.connection.edit', args: [connection.id] }],
    });
  }

  #learn(id: string, address: string, certificate: PinnedCertificate): void {
    void this.#update(id, saved => ({ ...saved, certificates: { ...saved.certificates, [address]: certificate } }));
  }

  /** Public facts learned from the trusted cluster. The open provider knows them already, so it goes on. */
  async #update(id: string, change: (saved: ProxmoxConnection) => ProxmoxConnection): Promise<void> {
    await this.#write(async () => {
      const saved = this.saved.get(id);
      if (!saved) return;
      const next = change(saved);
      if (JSON.stringify(next) !== JSON.stringify(saved)) await this.saved.put(next);
    }).catch((error: unknown) => { this.#parts.log.error(error); });
  }

  #write<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#writing.then(work);
    this.#writing = next.catch(() => undefined);
    return next;
  }
}

function loginOf({ hosts, port, auth }: ProxmoxConnection, secrets: ProxmoxSecrets): string {
  return JSON.stringify([hosts[0], port, auth, secrets]);
}

/** The same to a provider that is open: what it has learned itself since then does not count, a certificate trusted anew does. */
function sameConnection(open: ProxmoxConnection, saved: ProxmoxConnection): boolean {
  const facts = ({ label, hosts, port, auth }: ProxmoxConnection): string => JSON.stringify([label, hosts, port, auth]);
  const pins = open.certificates ?? {};
  return facts(open) === facts(saved) && Object.entries(pins).every(([address, pin]) => saved.certificates?.[address]?.fingerprint === pin.fingerprint);
}

const lookEveryMs = 3000;

function everySoOften(look: () => void): Disposable {
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return { dispose: () => { clearInterval(timer); } };
}

const made = new WeakMap<vscode.ExtensionContext, Connections>();

export function connectionsOf(parts: Parts): Connections {
  const present = made.get(parts.context);
  if (present) return present;
  const connections = new Connections(parts);
  made.set(parts.context, connections);
  return connections;
}
