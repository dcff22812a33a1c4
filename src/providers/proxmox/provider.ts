// The Proxmox VE provider: one per connection. Puts the parts together; the parts are in the files beside it.
import { systemClock } from '../../machines/clock.ts';
import type { Clock } from '../../machines/clock.ts';
import { GaiaError, asGaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Diagnosis, OperationContext, Provider, RequestRecord, TerminalTarget } from '../../machines/provider.ts';
import { sendHttp } from '../../system/http.ts';
import type { SendHttp } from '../../system/http.ts';
import { readCertificate } from '../../system/tls.ts';
import type { PinnedCertificate, SeenCertificate } from '../../system/tls.ts';
import { openWebSocket } from '../../system/webSocket.ts';
import type { OpenWebSocket } from '../../system/webSocket.ts';
import { createAvailability } from './availability.ts';
import { createBackups } from './backups.ts';
import type { Backups } from './backups.ts';
import { DryCalls, LiveCalls } from './calls.ts';
import type { Calls } from './calls.ts';
import { Client } from './client.ts';
import { createCloning } from './cloneGuest.ts';
import { createClusterInfo } from './clusterInfo.ts';
import type { ClusterInfo } from './clusterInfo.ts';
import { describeConnection } from './connection.ts';
import type { Peer, ProxmoxConnection, ProxmoxSecrets, Realm, SecondFactor, SecondFactorChallenge } from './connection.ts';
import { createConsole, createTerminal, openNodeTerminal } from './consoles.ts';
import type { ConsoleDeps } from './consoles.ts';
import { createMachine } from './create.ts';
import { describeMachine, readGuestInfo } from './describe.ts';
import { diagnose, problemOfError } from './diagnose.ts';
import { createEditing } from './editing.ts';
import { createExtras } from './extras.ts';
import { createLifecycle, deleteMachine } from './lifecycle.ts';
import type { DeleteChoice } from './lifecycle.ts';
import { Directory } from './locate.ts';
import { createMigration } from './migrate.ts';
import { parseRealms } from './parse.ts';
import { requests } from './requests.ts';
import { createNetworkAdmin } from './networkAdmin.ts';
import { planning } from './planning.ts';
import { createPower, readStatus } from './power.ts';
import type { PartDeps } from './power.ts';
import { Route } from './route.ts';
import { Session } from './session.ts';
import type { Ticket } from './session.ts';
import { createSnapshots } from './snapshots.ts';
import { createStorageAdmin } from './storageAdmin.ts';
import { createSuggestions } from './suggestions.ts';
import { Tasks } from './tasks.ts';
import { createUsage } from './usageSource.ts';

export interface ProxmoxProviderDeps {
  readonly connection: ProxmoxConnection;
  /** From SecretStorage; asked for at each login and each token request, so a changed secret counts at once. */
  readonly secrets: () => Promise<ProxmoxSecrets>;
  /** Asked when the server wants a second factor; undefined = the person gave up. */
  readonly secondFactor?: (challenge: SecondFactorChallenge) => Promise<SecondFactor | undefined>;
  /** The second factor was given and taken. While it was awaited, lists were refused. */
  readonly answered?: () => void;
  /** A login made by another provider of the same connection. */
  readonly ticket?: Ticket;
  /** The certificate of another node of the trusted cluster was seen and is the one the cluster names: keep it in the settings, as `certificates[address]` (`host:port`). */
  readonly learned?: (address: string, certificate: PinnedCertificate) => void;
  /** The nodes of the cluster, as it names them now: keep them as `peers` of the connection. */
  readonly learnedPeers?: (peers: readonly Peer[]) => void;
  readonly record?: (record: RequestRecord) => void;
  /** An environment variable: for `cloud_init.password_env`. */
  readonly environment?: (name: string) => string | undefined;
  readonly clock?: Clock;
  readonly http?: SendHttp;
  readonly webSocket?: OpenWebSocket;
  readonly readCertificate?: (host: string, port: number, signal: AbortSignal) => Promise<SeenCertificate>;
}

/** The provider, and what the UI of Proxmox VE needs beyond the contract. */
export interface ProxmoxProvider extends Provider {
  readonly backups: Backups;
  readonly cluster: ClusterInfo;
  /** Forgets that a secret was refused or a code not given: the next request tries again. */
  forgive(): void;
  /** Forgives, sends and says what is present now: for the wizard's test and the status of a connection. Waits for a person's second factor. */
  reconnect(signal: AbortSignal): Promise<Diagnosis>;
  /** The present login, for another provider of this connection. */
  ticket(): Ticket | undefined;
  /** Who may log in where; asked without a login. */
  realms(signal: AbortSignal): Promise<readonly Realm[]>;
  /** A shell on a node. */
  openNodeTerminal(node: string, signal: AbortSignal): Promise<TerminalTarget>;
  /** With the choices that the contract's delete does not have. */
  deleteMachine(id: MachineId, choice: DeleteChoice, context: OperationContext): Promise<void>;
  /** Several guests onto one node or wherever each fits best, one after the other. Resolves with how each ended; a failure does not end the row. */
  migrateAll(ids: readonly MachineId[], target: string | undefined, context: OperationContext): Promise<readonly { readonly id: MachineId; readonly target?: string; readonly error?: GaiaError }[]>;
}

export function createProxmoxProvider(deps: ProxmoxProviderDeps): ProxmoxProvider {
  const { connection } = deps;
  const clock = deps.clock ?? systemClock;
  const now = (): number => clock.now();
  const route = new Route({ connection, clock, readCertificate: deps.readCertificate ?? readCertificate, ...(deps.learned ? { learned: deps.learned } : {}) });
  const session: Session = new Session({
    connection: connection.id,
    auth: connection.auth,
    secrets: deps.secrets,
    clock,
    exchange: (request, signal) => client.anonymous(request, signal),
    ...(deps.secondFactor ? { secondFactor: deps.secondFactor } : {}),
    ...(deps.answered ? { answered: deps.answered } : {}),
    ...(deps.ticket ? { ticket: deps.ticket } : {}),
  });
  const client = new Client({ route, session, clock, http: deps.http ?? sendHttp, ...(deps.record ? { record: deps.record } : {}) });
  const directory = new Directory(connection.id, clock);
  const live = new LiveCalls(client, new Tasks(client));
  const consoleDeps: ConsoleDeps = { calls: live, directory, now, connection: connection.id, client, openWebSocket: deps.webSocket ?? openWebSocket, hidden: () => session.hidden };

  /** The parts that change something, over live or dry calls. */
  function parts(calls: Calls) {
    const shared: PartDeps = { calls, directory, now, connection: connection.id };
    const creating = { ...shared, environment: deps.environment ?? (() => undefined) };
    const backups = createBackups(shared);
    const cluster = createClusterInfo(shared);
    const migration = createMigration(shared);
    return {
      shared,
      backups,
      cluster,
      contract: {
        power: createPower(shared),
        lifecycle: createLifecycle(shared, (spec, context) => createMachine(creating, spec, context)),
        snapshots: createSnapshots(shared),
        cloning: createCloning(shared),
        migration,
        availability: createAvailability(shared),
        editing: createEditing(creating, (id, options, context) => migration.migrate(id, options, context)),
        storage: createStorageAdmin(shared),
        networks: createNetworkAdmin(shared),
        extras: createExtras(shared, backups, cluster),
      },
    };
  }
  const { shared, backups, cluster, contract } = parts(live);

  const check = async (signal: AbortSignal): Promise<Diagnosis> => {
    const diagnosis = await diagnose(live, connection, signal);
    if (diagnosis.usable) await learnPeers(signal);
    return diagnosis;
  };

  const suggestions = createSuggestions(shared);

  const forgive = (): void => {
    session.reset();
    client.forgetVersion();
    directory.forget();
  };

  const provider: ProxmoxProvider = {
    id: 'proxmox',
    label: 'Proxmox VE',
    connection: { id: connection.id, label: connection.label, detail: describeConnection(connection) },
    diagnose: async signal => {
      try {
        return await session.unlessAsking(signal, check);
      } catch (error) {
        if (!GaiaError.is(error, 'unauthenticated')) throw error;
        return { usable: false, problems: [problemOfError(error, connection)] };
      }
    },
    list: async signal => (await session.unlessAsking(signal, asked => directory.refresh(live, asked))).machines,
    describe: (id, signal) => describeMachine(shared, id, signal),
    commands: async (action, signal) => {
      const { perform } = await import('../../machines/perform.ts');
      const dry = new DryCalls(client);
      await perform({ ...provider, ...parts(dry).contract }, action, { signal, progress: () => undefined, output: () => undefined });
      directory.forget();
      return dry.commands;
    },
    ...contract,
    console: createConsole(consoleDeps),
    terminal: createTerminal(consoleDeps),
    usage: createUsage(shared),
    guest: {
      info: async (id, signal) => {
        const { guest } = await directory.find(live, id, signal);
        const status = await readStatus(shared, guest, signal);
        return status.running ? (await readGuestInfo(shared, guest, status.agent, signal)).info : { addresses: [] };
      },
    },
    planning,
    suggestions: { values: (path, signal) => session.unlessAsking(signal, asked => suggestions.values(path, asked)) },
    backups,
    cluster,
    forgive,
    reconnect: signal => {
      forgive();
      return check(signal);
    },
    ticket: () => session.ticket,
    realms: async signal => parseRealms(await client.anonymous(requests.realms(), signal)),
    openNodeTerminal: (node, signal) => openNodeTerminal(consoleDeps, node, signal),
    deleteMachine: (id, choice, context) => deleteMachine(shared, id, choice, context),
    migrateAll: async (ids, target, context) => {
      const results: { id: MachineId; target?: string; error?: GaiaError }[] = [];
      for (const [index, id] of ids.entries()) {
        context.progress({ message: 'Moving machine {0} of {1}', values: [index + 1, ids.length], fraction: index / ids.length });
        try {
          if (context.signal.aborted) throw new GaiaError('cancelled', { message: 'Cancelled.' });
          // Looked up anew each time: the one before has changed what fits.
          const to = target ?? (await contract.migration.targets(id, context.signal)).find(candidate => candidate.refused === undefined)?.name;
          if (to === undefined) throw new GaiaError('wrongState', { message: 'No other node can take it.' });
          await contract.migration.migrate(id, { target: to }, context);
          results.push({ id, target: to });
        } catch (error) {
          results.push({ id, error: asGaiaError(error) });
        }
      }
      return results;
    },
  };

  /** Where the other nodes are and what they will show: told by the node that is trusted already, so that its death locks nobody out. */
  async function learnPeers(signal: AbortSignal): Promise<void> {
    try {
      const summary = await cluster.summary(signal);
      const peers = summary.nodes.flatMap(node => (node.address === undefined || node.fingerprint === undefined ? [] : [{ node: node.name, host: node.address, fingerprint: node.fingerprint }]));
      if (peers.length < 2) return;
      route.setPeers(peers);
      deps.learnedPeers?.(peers);
    } catch (error) {
      // A convenience for later: without the right to see nodes there is just no other way in.
      if (GaiaError.is(error, 'cancelled')) throw error;
    }
  }

  return provider;
}
