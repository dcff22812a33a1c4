// Whether to trust a server's certificate: the system's authorities say so, or a person who compared the SHA-256 with what Proxmox VE shows.
import * as vscode from 'vscode';
import { GaiaError } from '../../machines/errors.ts';
import { endpointOf } from '../../providers/proxmox/connection.ts';
import type { ProxmoxConnection } from '../../providers/proxmox/connection.ts';
import { readCertificate, sameFingerprint } from '../../system/tls.ts';
import type { PinnedCertificate, SeenCertificate } from '../../system/tls.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';

/** A bare handshake with progress: nothing is sent. Throws GaiaError. */
export async function lookAt(host: string, port: number): Promise<SeenCertificate> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Reading the certificate of {0}', `${host}:${String(port)}`) }, async (_progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => { abort.abort(); });
    return readCertificate(host, port, abort.signal);
  });
}

/** The person's word for a certificate that nobody vouches for. */
export async function askTrust(address: string, seen: SeenCertificate): Promise<boolean> {
  return (await ask(t('Do you trust the certificate of {0}?', address), [
    t('No authority that this computer knows has signed it, as is usual for Proxmox VE. Compare it with what the node shows under System → Certificates (pve-ssl.pem):'),
    t('SHA-256: {0}', seen.fingerprint), aboutCertificate(seen),
    t('From then on this certificate and no other is accepted. Nothing has been sent yet.'),
  ].join('\n\n'), [{ title: t('Trust This Certificate'), value: true }])) ?? false;
}

/** A certificate that is not the trusted one: both fingerprints, and the way to trust the new one. Enter refuses. */
export async function askTrustChanged(address: string, trusted: PinnedCertificate, seen: SeenCertificate): Promise<boolean> {
  return (await ask(t('The certificate of {0} has changed.', address), [
    t('This happens when it was renewed or the node was installed anew. It also happens when somebody stands between you and the node. Compare it with what the node shows under System → Certificates before you trust it.'),
    t('Trusted until now, SHA-256: {0}', trusted.fingerprint), t('Shown now, SHA-256: {0}', seen.fingerprint), aboutCertificate(seen),
    t('Nothing has been sent to it.'),
  ].join('\n\n'), [{ title: t('Keep Refusing It'), value: false }, { title: t('Trust the New Certificate'), value: true }])) ?? false;
}

/** The pinned hosts whose certificate is another one now. Hosts that do not answer are left out. */
export async function changedCertificates(connection: ProxmoxConnection): Promise<readonly { readonly address: string; readonly trusted: PinnedCertificate; readonly seen: SeenCertificate }[]> {
  const entries = connection.hosts.map(entry => endpointOf(entry, connection.port));
  const found = await Promise.all(entries.map(async ({ host, port }) => {
    const address = `${host}:${String(port)}`;
    const trusted = connection.certificates?.[address];
    if (!trusted) return undefined;
    try {
      const seen = await readCertificate(host, port, AbortSignal.timeout(10_000));
      return sameFingerprint(seen.fingerprint, trusted.fingerprint) ? undefined : { address, trusted, seen };
    } catch (error) {
      if (GaiaError.is(error)) return undefined;
      throw error;
    }
  }));
  return found.filter(one => one !== undefined);
}

function aboutCertificate(seen: SeenCertificate): string {
  return [t('For: {0}', seen.subject), t('Issued by: {0}', seen.issuer), t('Valid until: {0}', seen.validTo)].join('\n');
}
