// Which node is asked: the preferred one, another of the same cluster when it is down, each with the certificate it must show.
import { GaiaError } from '../../machines/errors.ts';
import type { Clock } from '../../machines/clock.ts';
import type { PinnedCertificate, SeenCertificate, TlsTrust } from '../../system/tls.ts';
import { sameFingerprint } from '../../system/tls.ts';
import { endpointOf } from './connection.ts';
import type { Peer, ProxmoxConnection } from './connection.ts';

export interface RouteDeps {
  readonly connection: ProxmoxConnection;
  /** A bare handshake that sends nothing (system/tls.ts). */
  readonly readCertificate: (host: string, port: number, signal: AbortSignal) => Promise<SeenCertificate>;
  readonly clock: Clock;
  /** A peer's certificate was seen and matched: worth keeping in the settings. */
  readonly learned?: (address: string, certificate: PinnedCertificate) => void;
}

export interface Hop {
  readonly host: string;
  readonly port: number;
  readonly trust: TlsTrust;
}

const restMs = 30_000;

export class Route {
  readonly #deps: RouteDeps;
  readonly #pins = new Map<string, PinnedCertificate>();
  readonly #downUntil = new Map<string, number>();
  #peers: readonly Peer[] = [];

  constructor(deps: RouteDeps) {
    this.#deps = deps;
    this.#peers = deps.connection.peers ?? [];
    for (const [address, pin] of Object.entries(deps.connection.certificates ?? {})) this.#pins.set(address, pin);
  }

  get peers(): readonly Peer[] {
    return this.#peers;
  }

  setPeers(peers: readonly Peer[]): void {
    this.#peers = peers;
  }

  /** Hosts to try, in order: those not known to be down first, in the order of preference. */
  hosts(): readonly string[] {
    const all = [...new Set([...this.#deps.connection.hosts, ...this.#peers.map(peer => peer.host)])];
    const now = this.#deps.clock.now();
    const up = all.filter(host => (this.#downUntil.get(host) ?? 0) <= now);
    return [...up, ...all.filter(host => !up.includes(host))];
  }

  down(host: string): void {
    this.#downUntil.set(host, this.#deps.clock.now() + restMs);
  }
  up(host: string): void {
    this.#downUntil.delete(host);
  }

  /** Whom to expect at `host`. A peer's certificate is looked at first and must be the one the cluster named; nothing is sent before. */
  async hop(host: string, signal: AbortSignal): Promise<Hop> {
    const { host: name, port } = endpointOf(host, this.#deps.connection.port);
    return this.#hopTo(host, name, port, signal);
  }

  async #hopTo(entry: string, host: string, port: number, signal: AbortSignal): Promise<Hop> {
    const pin = this.#pins.get(`${host}:${port}`);
    if (pin) return { host, port, trust: { kind: 'pinned', certificate: pin } };
    const peer = this.#peers.find(candidate => candidate.host === entry);
    if (!peer || this.#deps.connection.hosts.includes(entry)) return { host, port, trust: { kind: 'system' } };
    const seen = await this.#deps.readCertificate(host, port, signal);
    if (!sameFingerprint(seen.fingerprint, peer.fingerprint)) {
      throw new GaiaError('untrusted', { message: '{0} shows the certificate {2}, but {1} is the one its cluster names.', values: [`${host}:${port}`, peer.fingerprint, seen.fingerprint], hint: 'Nothing was sent to it.' });
    }
    const learned = { pem: seen.pem, fingerprint: seen.fingerprint };
    this.#pins.set(`${host}:${port}`, learned);
    this.#deps.learned?.(`${host}:${port}`, learned);
    return { host, port, trust: { kind: 'pinned', certificate: learned } };
  }
}
