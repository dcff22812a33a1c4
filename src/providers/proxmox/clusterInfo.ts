// What belongs to the cluster and its nodes rather than to one machine: load, summaries, recent tasks with their logs, pools, HA rules.
import { GaiaError } from '../../machines/errors.ts';
import type { Usage } from '../../machines/machine.ts';
import { parseHaStatus } from './availability.ts';
import type { HaStatusRow } from './availability.ts';
import { addRule, changeRule, hasRules, readRules, removeRule } from './haRules.ts';
import type { HaRule, HaRuleWish } from './haRules.ts';
import { flag, number, present, record, rows, text } from './fields.ts';
import { parseUsage } from './parse.ts';
import { parseNode } from './resources.ts';
import type { ClusterView, NodeInfo } from './resources.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest, Timeframe } from './requests.ts';
import { parseUpid } from './upid.ts';

export interface NodeSummary extends NodeInfo {
  readonly version?: string;
  readonly kernel?: string;
  readonly cpuModel?: string;
  readonly sockets?: number;
  readonly loadAverage: readonly number[];
  readonly swapUsedBytes?: number;
  readonly swapTotalBytes?: number;
}

export interface ClusterSummary {
  /** Absent for a single node that is no cluster. */
  readonly name?: string;
  readonly quorate: boolean;
  readonly nodes: readonly { readonly name: string; readonly online: boolean; readonly address?: string; readonly fingerprint?: string }[];
}

export interface TaskRow {
  readonly upid: string;
  readonly node: string;
  /** `qmstart`, `vzdump`. */
  readonly type: string;
  /** Often a VMID. */
  readonly id: string;
  readonly user: string;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly state: 'running' | 'ok' | 'warnings' | 'failed';
  /** What it ended with: `OK`, `WARNINGS: 2`, an error. Absent while it runs. */
  readonly exitStatus?: string;
}

export interface ClusterInfo {
  /** The last list with nodes, storages, pools and loads; undefined before the first. No request. */
  latest(): ClusterView | undefined;
  summary(signal: AbortSignal): Promise<ClusterSummary>;
  node(name: string, signal: AbortSignal): Promise<NodeSummary>;
  nodeUsage(name: string, timeframe: Timeframe, signal: AbortSignal): Promise<readonly Usage[]>;
  /** Newest first. */
  tasks(signal: AbortSignal): Promise<readonly TaskRow[]>;
  taskLog(upid: string, signal: AbortSignal): Promise<readonly string[]>;
  stopTask(upid: string, signal: AbortSignal): Promise<void>;
  pools(signal: AbortSignal): Promise<readonly { readonly name: string; readonly comment?: string }[]>;
  createPool(name: string, comment: string | undefined, signal: AbortSignal): Promise<void>;
  /** Refused by the server while something is in it. */
  deletePool(name: string, signal: AbortSignal): Promise<void>;
  setPool(guest: Guest, pool: string | undefined, present: string | undefined, signal: AbortSignal): Promise<void>;
  haRules(signal: AbortSignal): Promise<readonly HaRule[]>;
  haStatus(signal: AbortSignal): Promise<readonly HaStatusRow[]>;
  /** `rules` from 9, `groups` up to 8. */
  haRuleKind(signal: AbortSignal): Promise<'rules' | 'groups'>;
  addHaRule(wish: HaRuleWish, signal: AbortSignal): Promise<void>;
  changeHaRule(wish: HaRuleWish, signal: AbortSignal): Promise<void>;
  removeHaRule(name: string, signal: AbortSignal): Promise<void>;
}

export function createClusterInfo(deps: PartDeps): ClusterInfo {
  const { calls, directory } = deps;
  return {
    latest: () => directory.latest,
    summary: async signal => {
      const [status, nodes] = await Promise.all([calls.get(requests.clusterStatus(), signal), calls.get(requests.nodes(), signal)]);
      return parseClusterSummary(status.data, nodes.data);
    },
    node: async (name, signal) => {
      const view = await directory.view(calls, signal);
      const row = view.nodes.find(node => node.name === name) ?? { name, online: true, status: 'online' };
      return row.online ? parseNodeStatus(row, (await calls.get(requests.nodeStatus(name), signal)).data) : { ...row, loadAverage: [] };
    },
    nodeUsage: async (name, timeframe, signal) => parseUsage((await calls.get(requests.nodeUsage(name, timeframe), signal)).data).filter(reading => Object.keys(reading).length > 1),
    tasks: async signal => parseTasks((await calls.get(requests.clusterTasks(), signal)).data),
    taskLog: async (upid, signal) => {
      const node = parseUpid(upid)?.node ?? '';
      return rows((await calls.get(requests.taskLog(node, upid, 0, 5000), signal)).data).map(row => text(row['t']) ?? '');
    },
    stopTask: async (upid, signal) => {
      await calls.change(requests.stopTask(parseUpid(upid)?.node ?? '', upid), signal);
    },
    pools: async signal => parsePools((await calls.get(requests.pools(), signal)).data),
    createPool: async (name, comment, signal) => {
      checkPoolName(name);
      await calls.change(requests.createPool(name, comment), signal);
      directory.forget();
    },
    deletePool: async (name, signal) => {
      await calls.change(requests.deletePool(name), signal);
      directory.forget();
    },
    setPool: async (guest, pool, present, signal) => {
      if (present === pool) return;
      // A guest is in one pool at most, and before 8 it has to leave the old one first.
      if (present !== undefined) await calls.change(requests.removeFromPool(present, [guest.vmid]), signal);
      if (pool !== undefined) await calls.change(requests.addToPool(pool, [guest.vmid]), signal);
      directory.forget();
    },
    haRules: signal => readRules(deps, signal),
    haStatus: async signal => parseHaStatus((await calls.get(requests.haStatus(), signal)).data),
    haRuleKind: async signal => ((await hasRules(deps, signal)) ? 'rules' : 'groups'),
    addHaRule: (wish, signal) => addRule(deps, wish, signal),
    changeHaRule: (wish, signal) => changeRule(deps, wish, signal),
    removeHaRule: (name, signal) => removeRule(deps, name, signal),
  };
}

/** pve-poolid; nested from 8.1 on: `lab/web`. */
function checkPoolName(name: string): void {
  if (/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+){0,2}$/.test(name)) return;
  throw new GaiaError('invalidInput', { message: 'A pool cannot be named “{0}”.', values: [name], hint: 'A name has letters, digits, dots, - and _.' });
}

export function parseClusterSummary(status: unknown, nodes: unknown): ClusterSummary {
  const all = rows(status);
  const cluster = all.find(row => row['type'] === 'cluster');
  const prints = new Map(rows(nodes).map(row => [text(row['node']), text(row['ssl_fingerprint'])]));
  return present<ClusterSummary>({
    name: cluster ? text(cluster['name']) : undefined,
    quorate: cluster ? flag(cluster['quorate']) : true,
    nodes: all
      .filter(row => row['type'] === 'node')
      .map(row => {
        const name = text(row['name']) ?? '';
        return present<ClusterSummary['nodes'][number]>({ name, online: flag(row['online']), address: text(row['ip']), fingerprint: prints.get(name) });
      })
      .sort((a, b) => a.name.localeCompare(b.name, 'en')),
  });
}

export function parseNodeStatus(row: NodeInfo, data: unknown): NodeSummary {
  const status = record(data);
  const memory = record(status['memory']);
  const swap = record(status['swap']);
  const disk = record(status['rootfs']);
  const cpu = record(status['cpuinfo']);
  const load = Array.isArray(status['loadavg']) ? status['loadavg'].map(value => number(value) ?? 0) : [];
  return {
    ...row,
    loadAverage: load,
    ...present<Partial<NodeSummary>>({
      cpuFraction: number(status['cpu']) ?? row.cpuFraction,
      cpus: number(cpu['cpus']) ?? row.cpus,
      memoryUsedBytes: number(memory['used']) ?? row.memoryUsedBytes,
      memoryTotalBytes: number(memory['total']) ?? row.memoryTotalBytes,
      diskUsedBytes: number(disk['used']) ?? row.diskUsedBytes,
      diskTotalBytes: number(disk['total']) ?? row.diskTotalBytes,
      uptimeSeconds: number(status['uptime']) ?? row.uptimeSeconds,
      version: text(status['pveversion']),
      kernel: text(record(status['current-kernel'])['release']) ?? text(status['kversion']),
      cpuModel: text(cpu['model']),
      sockets: number(cpu['sockets']),
      swapUsedBytes: number(swap['used']),
      swapTotalBytes: number(swap['total']),
    }),
  };
}

/** Rows of cluster/tasks and nodes/…/tasks: `status` is how it ended, absent or `running` while it runs. */
export function parseTasks(data: unknown): TaskRow[] {
  return rows(data)
    .flatMap(row => {
      const upid = parseUpid(row['upid']);
      const started = number(row['starttime']) ?? upid?.startTime;
      if (!upid || started === undefined) return [];
      const end = number(row['endtime']);
      const status = text(row['status']);
      const over = status !== undefined && status !== 'running' && status !== 'RUNNING';
      const state: TaskRow['state'] = !over ? 'running' : status === 'OK' ? 'ok' : status.startsWith('WARNINGS') ? 'warnings' : 'failed';
      return [
        present<TaskRow>({
          upid: upid.text,
          node: text(row['node']) ?? upid.node,
          type: text(row['type']) ?? upid.type,
          id: text(row['id']) ?? upid.id,
          user: upid.user,
          startedAt: new Date(started * 1000).toISOString(),
          endedAt: end === undefined ? undefined : new Date(end * 1000).toISOString(),
          state,
          exitStatus: over ? status : undefined,
        }),
      ];
    })
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

export function parsePools(data: unknown): { name: string; comment?: string }[] {
  return rows(data).map(row => present<{ name: string; comment?: string }>({ name: text(row['poolid']) ?? '', comment: text(row['comment']) }));
}

export function parseNodes(data: unknown): NodeInfo[] {
  return rows(data).map(parseNode);
}
