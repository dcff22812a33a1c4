// Where connections are kept between sessions: public data in globalState, secrets in SecretStorage, never in settings.
import type * as vscode from 'vscode';
import type { ProxmoxConnection, ProxmoxSecrets } from '../../providers/proxmox/connection.ts';
import type { Secrets } from '../secrets.ts';

const key = 'gaia.proxmoxConnections';
const secretPrefix = 'gaia.proxmox.';
const secretKey = (id: string): string => `${secretPrefix}${id}`;

/** Is this the secret of a connection? */
export const isSecretKey = (name: string): boolean => name.startsWith(secretPrefix);

export class SavedConnections {
  readonly #state: vscode.Memento;
  readonly #secrets: Secrets;

  constructor(state: vscode.Memento, secrets: Secrets) {
    this.#state = state;
    this.#secrets = secrets;
  }

  /** In the order in which they were added. What is damaged is left out, not thrown. */
  all(): readonly ProxmoxConnection[] {
    return this.#state.get<readonly ProxmoxConnection[]>(key, []).filter(isConnection);
  }

  get(id: string): ProxmoxConnection | undefined {
    return this.all().find(connection => connection.id === id);
  }

  /** Adds it, or takes the place of the one with its id. */
  async put(connection: ProxmoxConnection): Promise<void> {
    const all = this.all();
    const present = all.some(candidate => candidate.id === connection.id);
    await this.#state.update(key, present ? all.map(candidate => (candidate.id === connection.id ? connection : candidate)) : [...all, connection]);
  }

  async remove(id: string): Promise<void> {
    await this.#state.update(key, this.all().filter(connection => connection.id !== id));
    await this.#secrets.delete(secretKey(id));
  }

  async secretsOf(connection: ProxmoxConnection): Promise<ProxmoxSecrets> {
    const secret = await this.#secrets.get(secretKey(connection.id));
    if (secret === undefined) return {};
    return connection.auth.kind === 'token' ? { tokenSecret: secret } : { password: secret };
  }

  async putSecrets(id: string, secrets: ProxmoxSecrets): Promise<void> {
    const secret = secrets.tokenSecret ?? secrets.password;
    if (secret !== undefined) await this.#secrets.store(secretKey(id), secret);
  }
}

function isConnection(value: unknown): value is ProxmoxConnection {
  const connection = value as Partial<ProxmoxConnection> | null;
  return typeof connection === 'object' && connection !== null && typeof connection.id === 'string' && typeof connection.label === 'string'
    && typeof connection.port === 'number' && Array.isArray(connection.hosts) && connection.hosts.length > 0 && typeof connection.auth === 'object';
}
