// The expensive rest about one machine: configuration, pending changes, snapshots, and what its agent says, side by side.
import { GaiaError } from '../../machines/errors.ts';
import type { GuestInfo, MachineDetails, MachineId, NetworkAdapter } from '../../machines/machine.ts';
import { bootFirst } from './disks.ts';
import { parseGuestInfo } from './guestInfo.ts';
import { present, record, text } from './fields.ts';
import { parseAdapters, parseDisks, parsePending, parseSettings, parseStatus } from './parse.ts';
import { parseSnapshots } from './snapshotTree.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { parseTags } from './encode.ts';

export async function describeMachine(deps: PartDeps, id: MachineId, signal: AbortSignal): Promise<MachineDetails> {
  const { calls, directory } = deps;
  const { guest, machine } = await directory.find(calls, id, signal);
  const [statusAnswer, configAnswer, pendingAnswer, snapshotAnswer] = await Promise.all([
    calls.get(requests.status(guest), signal),
    // Without `current` a running machine's pending values would be told as its present ones.
    calls.get(requests.config(guest, { current: true }), signal),
    orNothing(calls.get(requests.pending(guest), signal)),
    orNothing(calls.get(requests.snapshots(guest), signal)),
  ]);
  const status = parseStatus(statusAnswer.data, deps.now());
  const settings = parseSettings(configAnswer.data);
  const guestInfo = status.running ? await readGuestInfo(deps, guest, status.agent, signal) : undefined;
  const pending = pendingAnswer === undefined ? {} : parsePending(pendingAnswer.data);
  const description = text(record(configAnswer.data)['description']);
  const tags = parseTags(settings['tags']);
  const memory = settings['memory'] === undefined ? status.memoryBytes && status.memoryBytes / 2 ** 20 : Number(/^(?:current=)?(\d+)/.exec(settings['memory'])?.[1]);
  return present<MachineDetails>({
    machine: {
      ...machine,
      name: settings['name'] ?? settings['hostname'] ?? machine.name,
      state: status.state,
      providerState: status.providerState,
      ...(status.lock === undefined ? {} : { lock: status.lock }),
      ...(settings['protection'] === '1' ? { protection: 'protected' } : {}),
      ...(description === undefined ? {} : { description }),
      ...(tags.length > 0 ? { tags } : {}),
      ...cpusOf(settings, status.cpus),
      ...(typeof memory === 'number' && Number.isFinite(memory) ? { memoryMiB: memory } : {}),
      ...(status.ha.managed ? { availability: { requested: status.ha.state ?? 'managed', ...(status.ha.state === undefined ? {} : { reported: status.ha.state }) } } : {}),
      extra: { ...machine.extra, agent: status.agent, uptimeSeconds: status.uptimeSeconds, digest: settings['digest'] },
    },
    firmware: guest.kind === 'qemu' ? (settings['bios'] ?? 'seabios') : undefined,
    osType: systemOf(settings['ostype']),
    disks: bootFirst(parseDisks(settings), settings),
    adapters: withAddresses(parseAdapters(settings), guestInfo),
    portForwards: [],
    sharedFolders: [],
    snapshots: snapshotAnswer === undefined ? [] : parseSnapshots(snapshotAnswer.data),
    guest: guestInfo?.info,
    startedAt: status.running && status.uptimeSeconds > 0 ? new Date(deps.now() - status.uptimeSeconds * 1000).toISOString() : undefined,
    pending: Object.keys(pending).length > 0 ? pending : undefined,
    settings,
  });
}

/** What `ostype` stands for (API schema of /nodes/{node}/qemu); the distributions of containers are their own names. */
const systems: Readonly<Record<string, string>> = {
  l26: 'Linux', l24: 'Linux 2.4', solaris: 'Solaris', other: 'other', wxp: 'Windows XP', w2k: 'Windows 2000', w2k3: 'Windows Server 2003', w2k8: 'Windows Server 2008', wvista: 'Windows Vista',
  win7: 'Windows 7, Server 2008 R2', win8: 'Windows 8, Server 2012', win10: 'Windows 10, Server 2016, 2019', win11: 'Windows 11, Server 2022, 2025',
};
const systemOf = (ostype: string | undefined): string | undefined => (ostype === undefined ? undefined : (systems[ostype] ?? ostype));

function cpusOf(settings: Readonly<Record<string, string>>, fallback: number | undefined): { cpus?: number } {
  const cores = Number(settings['cores'] ?? Number.NaN);
  const cpus = Number.isFinite(cores) ? cores * Number(settings['sockets'] ?? 1) : fallback;
  return cpus === undefined ? {} : { cpus };
}

export interface SeenGuest {
  readonly info: GuestInfo;
  readonly byMac: ReadonlyMap<string, readonly string[]>;
}

/** What the agent (VM) or the node (container) says of the inside. No agent, no right, off: no data, and no error. */
export async function readGuestInfo(deps: PartDeps, guest: Guest, agent: boolean, signal: AbortSignal): Promise<SeenGuest> {
  if (guest.kind === 'lxc') {
    const answer = await orNothing(deps.calls.get(requests.containerInterfaces(guest), signal));
    return parseGuestInfo({ interfaces: answer?.data, agent: undefined });
  }
  if (!agent) return { info: { addresses: [], agentRunning: false }, byMac: new Map() };
  const [interfaces, os, host] = await Promise.all([
    orNothing(deps.calls.get(requests.agentInterfaces(guest), signal)),
    orNothing(deps.calls.get(requests.agentOs(guest), signal)),
    orNothing(deps.calls.get(requests.agentHostname(guest), signal)),
  ]);
  return parseGuestInfo({ interfaces: interfaces?.data, os: os?.data, host: host?.data, agent: interfaces !== undefined });
}

function withAddresses(adapters: readonly NetworkAdapter[], seen: SeenGuest | undefined): NetworkAdapter[] {
  return adapters.map(adapter => {
    const addresses = adapter.macAddress === undefined ? undefined : seen?.byMac.get(adapter.macAddress.toUpperCase());
    return addresses === undefined ? adapter : { ...adapter, addresses };
  });
}

/** A side question: what was asked for may be missing (no right, no agent, not in this version) without failing the whole. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (GaiaError.is(error, 'cancelled', 'untrusted', 'unauthenticated')) throw error;
    return undefined;
  }
}
