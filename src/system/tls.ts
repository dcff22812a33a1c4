// Whom to trust over TLS: the system's authorities, or one certificate that a person accepted once (trust on first use).
// Why it looks the way it does: VS Code drops a request's `agent`, so everything stands in the options of the request itself, and
// `rejectUnauthorized: false` with a check of the fingerprint would send the token to an impostor (facts measured in docs/providers/proxmox.md).
import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { GaiaError } from '../machines/errors.ts';

/** A certificate that a person, or a cluster already trusted, vouched for. Public data: it may be stored in settings. */
export interface PinnedCertificate {
  readonly pem: string;
  /** SHA-256 of the leaf as Proxmox VE shows it: `AA:BB:…`, 32 pairs. */
  readonly fingerprint: string;
}

export type TlsTrust = { readonly kind: 'system' } | { readonly kind: 'pinned'; readonly certificate: PinnedCertificate };

export interface SeenCertificate extends PinnedCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly altNames: readonly string[];
  /** The system's authorities vouch for it, for this host name: no pin is needed. */
  readonly trustedBySystem: boolean;
  /** Why not: `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, `ERR_TLS_CERT_ALTNAME_INVALID`. */
  readonly problem?: string;
}

/** Request-level TLS options. Structurally a part of `https.RequestOptions` and `tls.ConnectionOptions`. */
export interface TlsOptions {
  readonly rejectUnauthorized: true;
  readonly servername?: string;
  readonly ca?: string;
  readonly allowPartialTrustChain?: true;
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** The check of a pin refused the peer. `seen` is what it showed instead. */
export class PinMismatch extends Error {
  override readonly name = 'PinMismatch';
  readonly expected: string;
  readonly seen: string;
  constructor(expected: string, seen: string) {
    super('The certificate is not the pinned one.');
    this.expected = expected;
    this.seen = seen;
  }
}

/**
 * The options that make a request go to the trusted peer and nowhere else. With a pin the certificate itself is the only
 * authority (`ca`), which also makes it part of the key under which Node keeps connections and sessions: a changed pin
 * never meets an old connection. Names are not compared then: homelabs are reached by address.
 */
export function tlsOptions(trust: TlsTrust, host: string): TlsOptions {
  const servername = isIpAddress(host) ? {} : { servername: host };
  if (trust.kind === 'system') return { rejectUnauthorized: true, ...servername };
  const { pem, fingerprint } = trust.certificate;
  return {
    rejectUnauthorized: true,
    ...servername,
    ca: pem,
    allowPartialTrustChain: true,
    checkServerIdentity: (_host, certificate) => (sameFingerprint(certificate.fingerprint256, fingerprint) ? undefined : new PinMismatch(fingerprint, certificate.fingerprint256)),
  };
}

/**
 * Looks at a server's certificate by a bare TLS handshake; not one byte of a request is sent. Throws GaiaError `didNotAnswer`
 * (nobody there, or no TLS) or `cancelled`.
 */
export async function readCertificate(host: string, port: number, signal: AbortSignal, timeoutMs = 10_000): Promise<SeenCertificate> {
  if (signal.aborted) throw new GaiaError('cancelled', { message: 'Cancelled.' });
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, rejectUnauthorized: false, ...(isIpAddress(host) ? {} : { servername: host }) });
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      act();
    };
    const onAbort = (): void => { finish(() => { reject(new GaiaError('cancelled', { message: 'Cancelled.' })); }); };
    const timer = setTimeout(() => {
      finish(() => { reject(new GaiaError('didNotAnswer', { message: '{0} did not answer within {1} seconds.', values: [`${host}:${port}`, Math.round(timeoutMs / 1000)] })); });
    }, timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', error => {
      finish(() => { reject(new GaiaError('didNotAnswer', { message: '{0} could not be reached.', values: [`${host}:${port}`], raw: String(error), cause: error })); });
    });
    socket.once('secureConnect', () => {
      const raw = socket.getPeerCertificate(false).raw;
      const problem = socket.authorized ? undefined : errorText(socket.authorizationError);
      finish(() => {
        if (!(raw instanceof Uint8Array)) reject(new GaiaError('didNotAnswer', { message: '{0} showed no certificate.', values: [`${host}:${port}`] }));
        else resolve(describeCertificate(new X509Certificate(raw), problem));
      });
    });
  });
}

/** A PEM text as a pin. Throws GaiaError `invalidInput` when it is no certificate. */
export function pinOf(pem: string): SeenCertificate {
  try {
    return describeCertificate(new X509Certificate(pem), undefined);
  } catch (error) {
    throw new GaiaError('invalidInput', { message: 'This is not a certificate in PEM form.', cause: error });
  }
}

function describeCertificate(certificate: X509Certificate, problem: string | undefined): SeenCertificate {
  return {
    pem: certificate.toString(),
    fingerprint: formatFingerprint(certificate.fingerprint256),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom: certificate.validFrom,
    validTo: certificate.validTo,
    altNames: (certificate.subjectAltName ?? '').split(', ').filter(name => name !== ''),
    trustedBySystem: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Any spelling of a SHA-256 (`aabb…`, `AA BB`, `sha256:…`) as Proxmox VE writes it. Returns what it got when it is no SHA-256. */
export function formatFingerprint(text: string): string {
  const hex = text.replace(/^sha-?256[:=]?/i, '').replace(/[^0-9a-f]/gi, '').toUpperCase();
  return hex.length === 64 ? (hex.match(/../g) as string[]).join(':') : text;
}

export function sameFingerprint(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [left, right] = [formatFingerprint(a), formatFingerprint(b)];
  return /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(left) && left === right;
}

/** A literal IPv4 or IPv6 address: sent as no server name, which TLS forbids. */
export function isIpAddress(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':');
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}

function errorText(error: unknown): string {
  if (error instanceof Error) return (error as NodeJS.ErrnoException).code ?? error.message;
  return typeof error === 'string' ? error : 'not trusted';
}
