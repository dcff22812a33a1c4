// The realms of a server, for the wizard. Anybody may ask for them; nothing of a login is sent.
import { createProxmoxProvider } from '../../providers/proxmox/provider.ts';
import type { ProxmoxConnection, Realm } from '../../providers/proxmox/connection.ts';
import { t } from '../l10n.ts';

const patienceMs = 8000;

/** What every server has, for when it does not tell. */
const always: readonly Realm[] = [{ name: 'pam', type: 'pam', standard: true }, { name: 'pve', type: 'pve', standard: false }];

/** The standard one first. A realm whose login takes a browser is left out. */
export async function realmsOf(connection: ProxmoxConnection): Promise<readonly Realm[]> {
  try {
    const found = await createProxmoxProvider({ connection, secrets: () => Promise.resolve({}) }).realms(AbortSignal.timeout(patienceMs));
    const usable = found.filter(realm => realm.type !== 'openid');
    return usable.length === 0 ? always : [...usable].sort((a, b) => Number(b.standard) - Number(a.standard));
  } catch {
    // The test at the end of the wizard says what is wrong with the server.
    return always;
  }
}

export function realmDetail(realm: Realm): string {
  const kinds: Readonly<Record<string, string>> = { pam: t('A user of the node’s Linux'), pve: t('A user of Proxmox VE'), ldap: t('A directory (LDAP)'), ad: t('Active Directory') };
  return [realm.comment ?? '', kinds[realm.type] ?? realm.type].filter(text => text !== '').join(' · ');
}
