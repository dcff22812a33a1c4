// Connections that another window adds, changes or removes: this window follows what is saved.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import type { ProxmoxConnection } from '../../../src/providers/proxmox/connection.ts';
import { Connections } from '../../../src/ui/connections/connections.ts';
import { SavedConnections } from '../../../src/ui/connections/saved.ts';

vi.mock('vscode', () => ({ window: { state: { focused: true }, onDidChangeWindowState: () => ({ dispose: () => undefined }) } }));

const connection = (id: string, more: Partial<ProxmoxConnection> = {}): ProxmoxConnection => ({ id, label: id, hosts: ['192.0.2.1'], port: 8006, auth: { kind: 'token', user: 'root@pam', token: 'gaia' }, ...more });

describe('connections', () => {
  let state: Map<string, unknown>;
  let told: ((event: { readonly key: string }) => void)[];
  let registry: ProviderRegistry;
  let refreshed: string[];
  let connections: Connections;
  let elsewhere: SavedConnections;

  beforeEach(() => {
    vi.useFakeTimers();
    [state, told, refreshed, registry] = [new Map(), [], [], new ProviderRegistry()];
    const memento = { get: (key: string, otherwise: unknown) => state.get(key) ?? otherwise, update: (key: string, value: unknown) => Promise.resolve(void state.set(key, value)), keys: () => [...state.keys()], setKeysForSync: () => undefined };
    const secrets = { get: () => Promise.resolve(undefined), store: (key: string) => Promise.resolve(told.forEach(tell => { tell({ key }); })), delete: () => Promise.resolve() };
    const context = { globalState: memento, secrets: { onDidChange: (listener: (typeof told)[number]) => { told.push(listener); return { dispose: () => void told.splice(told.indexOf(listener), 1) }; } } };
    const parts = { context, secrets, registry, fleet: { refresh: ({ providers }: { providers: readonly { connection: { label: string } }[] }) => { refreshed.push(...providers.map(one => one.connection.label)); return Promise.resolve(); } }, log: { record: () => undefined, error: () => undefined }, view: { placesChanged: () => undefined } };
    connections = new Connections(parts as never);
    elsewhere = new SavedConnections(memento as never, secrets as never);
  });
  afterEach(() => {
    connections.dispose();
    vi.useRealTimers();
  });

  const shown = (): string[] => registry.all().map(provider => provider.connection.label);
  const open = async (...saved: readonly ProxmoxConnection[]): Promise<void> => {
    for (const one of saved) await elsewhere.put(one);
    connections.open();
  };

  it('shows one that another window has added, as soon as its secret is told of', async () => {
    await open(connection('home'));
    await elsewhere.putSecrets('work', { tokenSecret: 'x' });
    await elsewhere.put(connection('work'));
    await vi.advanceTimersByTimeAsync(400);
    expect(shown()).toEqual(['home', 'work']);
    expect(refreshed).toEqual(['work']);
  });

  it('follows a new name, a certificate trusted anew and a removal within seconds, without being told', async () => {
    const pinned = { '192.0.2.1:8006': { pem: 'old', fingerprint: 'AA' } };
    await open(connection('home', { certificates: pinned }), connection('work'));
    await elsewhere.put(connection('home', { label: 'cellar', certificates: pinned }));
    await elsewhere.remove('work');
    await vi.advanceTimersByTimeAsync(3100);
    expect(shown()).toEqual(['cellar']);
    await elsewhere.put(connection('home', { label: 'cellar', certificates: { '192.0.2.1:8006': { pem: 'new', fingerprint: 'BB' } } }));
    await vi.advanceTimersByTimeAsync(3100);
    expect(refreshed).toEqual(['cellar', 'cellar']);
  });

  it('goes on with what is open when only something was learned', async () => {
    await open(connection('home'));
    const provider = registry.all()[0];
    await elsewhere.put(connection('home', { peers: [{ node: 'pve2', host: '192.0.2.2', fingerprint: 'CC' }], certificates: { '192.0.2.2:8006': { pem: 'x', fingerprint: 'CC' } } }));
    await vi.advanceTimersByTimeAsync(3100);
    expect(registry.all()[0]).toBe(provider);
    expect(refreshed).toEqual([]);
  });

  it('looks no more when it is closed', async () => {
    await open(connection('home'));
    connections.dispose();
    await elsewhere.put(connection('work'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shown()).toEqual([]);
    expect(told).toEqual([]);
  });
});
