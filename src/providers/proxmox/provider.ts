// The Proxmox VE provider: one per connection. Puts the parts together; the parts are in the files beside it.
import type { Action } from '../../machines/actions.ts';
import { systemClock } from '../../machines/clock.ts';
import type { Clock } from '../../machines/clock.ts';
import type { CommandText, Provider, RequestRecord } from '../../machines/provider.ts';
import { sendHttp } from '../../system/http.ts';
import type { SendHttp } from '../../system/http.ts';
import { readCertificate } from '../../system/tls.ts';
import type { PinnedCertificate, SeenCertificate } from '../../system/tls.ts';
import { openWebSocket } from '../../system/webSocket.ts';
import type { OpenWebSocket } from '../../system/webSocket.ts';
import { DryCalls, LiveCalls } from './calls.ts';
import type { Calls } from './calls.ts';
import { Client } from './client.ts';
import { describeConnection } from './connection.ts';
import type { ProxmoxConnection, ProxmoxSecrets, SecondFactor, SecondFactorChallenge } from './connection.ts';
import { describeMachine } from './describe.ts';
import { diagnose } from './diagnose.ts';
import { Directory } from './locate.ts';
import { createPower } from './power.ts';
import type { PartDeps } from './power.ts';
import { Route } from './route.ts';
import { Session } from './session.ts';
import { Tasks } from './tasks.ts';

export interface ProxmoxProviderDeps {
  readonly connection: ProxmoxConnection;
  /** From SecretStorage; asked for at each login and each token request, so a changed secret counts at once. */
  readonly secrets: () => Promise<ProxmoxSecrets>;
  /** Asked when the server wants a second factor; undefined = the person gave up. */
  readonly secondFactor?: (challenge: SecondFactorChallenge) => Promise<SecondFactor | undefined>;
  /** The certificate of another node of the trusted cluster was seen and is the one the cluster names: keep it in the settings, as `certificates[address]` (`host:port`). */
  readonly learned?: (address: string, certificate: PinnedCertificate) => void;
  readonly record?: (record: RequestRecord) => void;
  /** An environment variable: for `cloud_init.password_env`. */
  readonly environment?: (name: string) => string | undefined;
  readonly clock?: Clock;
  readonly http?: SendHttp;
  readonly webSocket?: OpenWebSocket;
  readonly readCertificate?: (host: string, port: number, signal: AbortSignal) => Promise<SeenCertificate>;
}

export function createProxmoxProvider(deps: ProxmoxProviderDeps): Provider {
  const { connection } = deps;
  const clock = deps.clock ?? systemClock;
  const route = new Route({ connection, clock, readCertificate: deps.readCertificate ?? readCertificate, ...(deps.learned ? { learned: deps.learned } : {}) });
  const session: Session = new Session({
    auth: connection.auth,
    secrets: deps.secrets,
    clock,
    exchange: (request, signal) => client.anonymous(request, signal),
    ...(deps.secondFactor ? { secondFactor: deps.secondFactor } : {}),
  });
  const client = new Client({ route, session, clock, http: deps.http ?? sendHttp, ...(deps.record ? { record: deps.record } : {}) });
  const tasks = new Tasks(client);
  const directory = new Directory(connection.id, clock);
  const live = new LiveCalls(client, tasks);
  const webSocket = deps.webSocket ?? openWebSocket;
  void webSocket;

  function partsWith(calls: Calls): Pick<Provider, 'power'> {
    const parts: PartDeps = { calls, directory, now: () => clock.now() };
    return { power: createPower(parts) };
  }

  const provider: Provider = {
    id: 'proxmox',
    label: 'Proxmox VE',
    connection: { id: connection.id, label: connection.label, detail: describeConnection(connection) },
    diagnose: signal => diagnose(live, connection, signal),
    list: async signal => (await directory.refresh(live, signal)).machines,
    describe: (id, signal) => describeMachine({ calls: live, directory, now: () => clock.now() }, id, signal),
    commands: async (action, signal) => commands(action, signal),
    ...partsWith(live),
  };

  async function commands(action: Action, signal: AbortSignal): Promise<readonly CommandText[]> {
    const { perform } = await import('../../machines/perform.ts');
    const dry = new DryCalls(client);
    await perform({ ...provider, ...partsWith(dry) }, action, { signal, progress: () => undefined, output: () => undefined });
    return dry.commands;
  }

  return provider;
}
