// Which providers exist: one entry per connection. Order of registration is the order in the tree.
import { Emitter } from './event.ts';
import { parseMachineId } from './machine.ts';
import type { Disposable, Provider } from './provider.ts';

export class ProviderRegistry {
  readonly #providers = new Map<string, Provider>();
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;

  /** Throws RangeError when this provider already has a connection of this id. */
  register(provider: Provider): Disposable {
    const key = providerKey(provider);
    if (this.#providers.has(key)) throw new RangeError(`${provider.label} already has a connection "${provider.connection.id}"`);
    this.#providers.set(key, provider);
    this.#changed.fire();
    return {
      dispose: () => {
        if (this.#providers.get(key) !== provider) return;
        this.#providers.delete(key);
        this.#changed.fire();
      },
    };
  }

  all(): readonly Provider[] {
    return [...this.#providers.values()];
  }

  get(provider: string, connection = 'local'): Provider | undefined {
    return this.#providers.get(`${provider}:${connection}`);
  }

  /** The provider that a machine of a file is meant for: its connection named by id or by label, or the first one. */
  meantBy({ provider, connection }: { readonly provider: string; readonly connection?: string | undefined }): Provider | undefined {
    return this.all().find(one => one.id === provider && (connection === undefined || one.connection.id === connection || one.connection.label === connection));
  }

  /** The provider that a machine belongs to; undefined when its connection was removed or the id is none. */
  of(id: string): Provider | undefined {
    try {
      const parts = parseMachineId(id);
      return this.get(parts.provider, parts.connection);
    } catch {
      return undefined;
    }
  }
}

export function providerKey(provider: Pick<Provider, 'id' | 'connection'>): string {
  return `${provider.id}:${provider.connection.id}`;
}
