// A provider on a stand-in cluster, for the tests of this folder.
import { createProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import type { ProxmoxProvider, ProxmoxProviderDeps } from '../../../src/providers/proxmox/provider.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { Machine, MachineId } from '../../../src/machines/machine.ts';
import type { OperationContext, RequestRecord } from '../../../src/machines/provider.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { pinOf } from '../../../src/system/tls.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';

export interface Watched extends OperationContext {
  readonly lines: string[];
  readonly steps: { message?: string; fraction?: number }[];
}

export function context(signal: AbortSignal = new AbortController().signal): Watched {
  const lines: string[] = [];
  const steps: { message?: string; fraction?: number }[] = [];
  return { signal, lines, steps, progress: step => { steps.push(step as { message?: string }); }, output: line => { lines.push(line); } };
}

export const signal = (): AbortSignal => new AbortController().signal;

/** Pins each node's certificate; logs in with root's token unless told otherwise. */
export function connect(server: ProxmoxServer, more: Partial<ProxmoxProviderDeps> & { readonly hosts?: readonly string[] } = {}): { provider: ProxmoxProvider; records: RequestRecord[] } {
  const records: RequestRecord[] = [];
  const hosts = more.hosts ?? Object.values(server.ports).map(port => `${server.host}:${port}`);
  const certificates = Object.fromEntries([...server.state.nodes.values()].map(node => [`${server.host}:${node.port}`, pinOf(node.certificate.certificate)]));
  const [user, token] = server.root.tokenId.split('!') as [string, string];
  const provider = createProxmoxProvider({
    connection: { id: 'lab', label: 'Lab', hosts, port: server.port, auth: { kind: 'token', user, token }, certificates },
    secrets: () => Promise.resolve({ tokenSecret: server.root.tokenSecret }),
    record: record => records.push(record),
    ...more,
  });
  return { provider, records };
}

export async function named(provider: ProxmoxProvider, name: string): Promise<Machine> {
  const found = (await provider.list(signal())).find(machine => machine.name === name);
  if (!found) throw new Error(`no machine ${name}`);
  return found;
}

export async function stateOf(provider: ProxmoxProvider, id: MachineId): Promise<string> {
  return (await provider.describe(id, signal())).machine.state;
}

/** What it rejects with; anything else than a GaiaError, or no failure, fails the test. */
export async function failure(promise: Promise<unknown>): Promise<GaiaError> {
  const error = await promise.then(() => new Error('it did not fail'), (caught: unknown) => caught);
  if (!(error instanceof GaiaError)) throw error;
  return error;
}

export const spec = (more: Partial<MachineSpec> & { name: string }): MachineSpec => ({ provider: 'proxmox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {}, ...more });
