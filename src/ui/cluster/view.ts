// What the cluster page shows, in words. Pure.
import type { Machine, Usage } from '../../machines/machine.ts';
import type { NetworkInfo, StorageInfo, StorageItem } from '../../machines/provider.ts';
import type { ActionView, ClusterPageView, MeterView, NodePlotView, NodeView, RowView, StorageView } from '../../../webview/cluster/messages.ts';
import type { HaStatusRow } from '../../providers/proxmox/availability.ts';
import type { Backup } from '../../providers/proxmox/backups.ts';
import type { ClusterSummary, NodeSummary, TaskRow } from '../../providers/proxmox/clusterInfo.ts';
import type { HaRule } from '../../providers/proxmox/haRules.ts';
import type { Timeframe } from '../../providers/proxmox/requests.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { t } from '../l10n.ts';
import { formatBytes } from '../words.ts';
import { contentName, contentNames, taskName } from './words.ts';

export interface ClusterFacts {
  readonly summary?: ClusterSummary;
  readonly nodes: readonly NodeSummary[];
  readonly storages: readonly StorageInfo[];
  readonly tasks: readonly TaskRow[];
  readonly backups: readonly Backup[];
  readonly ha: readonly HaStatusRow[];
  readonly rules: readonly HaRule[];
  readonly pools: readonly { readonly name: string; readonly comment?: string }[];
  readonly networks: readonly NetworkInfo[];
  /** Load by node, oldest first. */
  readonly usage: ReadonlyMap<string, readonly Usage[]>;
  readonly span: Timeframe;
  /** What could not be read, and why. */
  readonly problems: readonly string[];
}

const mostTasks = 50;
const uploadable = ['iso', 'vztmpl', 'import'];

export function storageKey(storage: StorageInfo): string {
  return `${storage.node ?? ''}/${storage.id}`;
}

export function clusterView(provider: ProxmoxProvider, facts: ClusterFacts, machines: readonly Machine[], open: ReadonlyMap<string, { readonly items?: readonly StorageItem[]; readonly note?: string }>, language: string): ClusterPageView {
  const date = (iso: string | undefined): string => (iso === undefined ? '' : new Date(iso).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' }));
  const { summary } = facts;
  const notices: ClusterPageView['notices'][number][] = facts.problems.map(text => ({ severity: 'warning', text }));
  if (summary && !summary.quorate) notices.push({ severity: 'error', text: t('The cluster has no quorum: nothing can be changed.') });
  const down = facts.nodes.filter(node => !node.online).map(node => node.name);
  if (down.length > 0) notices.push({ severity: 'warning', text: t('Nodes that are down: {0}.', down.join(', ')) });
  return {
    connection: provider.connection.id,
    title: provider.connection.label,
    subtitle: [summary?.name === undefined ? t('Proxmox VE') : t('Cluster {0}', summary.name), provider.connection.detail ?? '', t('{0} machines', machines.length)].filter(part => part !== '').join(' · '),
    notices,
    actions: [
      { id: 'refresh', label: t('Refresh'), icon: 'refresh' },
      { id: 'test', label: t('Test Connection'), icon: 'pulse' },
      { id: 'edit', label: t('Edit Connection…'), icon: 'edit' },
    ],
    nodesTitle: t('Nodes'),
    nodes: facts.nodes.map(node => nodeView(node, machines, facts.usage.get(node.name) ?? [])),
    span: { label: t('Load over the last'), value: facts.span, choices: [{ value: 'hour', label: t('hour') }, { value: 'day', label: t('day') }, { value: 'week', label: t('week') }, { value: 'month', label: t('month') }, { value: 'year', label: t('year') }] },
    storagesTitle: t('Storages'),
    storageColumns: [t('Storage'), t('Node'), t('Type'), t('Content'), t('Usage')],
    contentColumns: [t('Name'), t('Kind'), t('Size'), t('Made'), t('Machine')],
    storages: facts.storages.map(storage => storageView(storage, open.get(storageKey(storage)), machines, date)),
    noStorages: t('No storages can be seen (privilege Datastore.Audit).'),
    tables: [
      {
        id: 'tasks', title: t('Recent tasks'), columns: [t('Task'), t('Node'), t('User'), t('Began'), t('Ended'), t('Result')], empty: t('No task was run lately.'),
        rows: facts.tasks.slice(0, mostTasks).map((task): RowView => ({
          id: task.upid, state: task.state,
          cells: [taskText(task, machines), task.node, task.user, date(task.startedAt), date(task.endedAt), task.exitStatus ?? t('running')],
          actions: [{ id: 'log', label: t('Show Log'), icon: 'output' }, ...task.state === 'running' ? [{ id: 'stop', label: t('Stop Task'), icon: 'debug-stop' }] : []],
        })),
      },
      {
        id: 'backups', title: t('Backups'), columns: [t('Machine'), t('Made'), t('Storage'), t('Size'), t('Notes')], empty: t('There are no backups that can be seen.'),
        rows: facts.backups.map((backup): RowView => ({
          id: backup.volid,
          cells: [backup.vmid === undefined ? backup.name : named(machines, backup.vmid), date(backup.createdAt), backup.storage, backup.sizeBytes === undefined ? '' : formatBytes(backup.sizeBytes), [backup.protected ? t('protected') : '', backup.notes ?? ''].filter(part => part !== '').join(' · ')],
          actions: [{ id: 'restore', label: t('Restore…'), icon: 'history' }, { id: backup.protected ? 'unprotect' : 'protect', label: backup.protected ? t('Allow Deletion') : t('Protect from Deletion'), icon: backup.protected ? 'unlock' : 'lock' }, ...backup.protected ? [] : [{ id: 'delete', label: t('Delete…'), icon: 'trash' }]],
        })),
      },
      { id: 'ha', title: t('High availability'), columns: [t('What'), t('Status'), t('Node')], empty: t('Nothing is managed by high availability.'), rows: facts.ha.map(row => haRow(row, machines)) },
      {
        id: 'rules', title: t('Groups and rules of high availability'), columns: [t('Name'), t('Kind'), t('Nodes'), t('Machines'), t('Comment')], empty: t('Machines may run on any node.'),
        actions: [{ id: 'add', label: t('Add…'), icon: 'add' }],
        rows: facts.rules.map((rule): RowView => ({
          id: rule.name, cells: [rule.name, ruleKind(rule), rule.nodes.join(', '), rule.resources.map(sid => machineOf(machines, sid)).join(', '), rule.comment ?? ''],
          actions: [{ id: 'change', label: t('Change…'), icon: 'edit' }, { id: 'remove', label: t('Remove…'), icon: 'trash' }],
        })),
      },
      {
        id: 'networks', title: t('Networks'), columns: [t('Name'), t('Node'), t('Kind'), t('About')], empty: t('There are no networks that can be seen.'),
        rows: facts.networks.map((network): RowView => ({ id: `${network.node ?? ''}/${network.name}`, cells: [network.name, network.node ?? t('all'), network.kind, network.detail ?? ''], actions: [] })),
      },
      {
        id: 'pools', title: t('Pools'), columns: [t('Name'), t('Machines'), t('Comment')], empty: t('There are no pools that can be seen.'),
        actions: [{ id: 'add', label: t('Add…'), icon: 'add' }],
        rows: facts.pools.map((pool): RowView => ({ id: pool.name, cells: [pool.name, machines.filter(machine => machine.pool === pool.name).map(machine => machine.name).join(', '), pool.comment ?? ''], actions: [{ id: 'remove', label: t('Delete…'), icon: 'trash' }] })),
      },
    ],
  };
}

function nodeView(node: NodeSummary, machines: readonly Machine[], usage: readonly Usage[]): NodeView {
  const plot = node.online ? plotOf(usage) : undefined;
  const own = machines.filter(machine => machine.path?.[0] === node.name && !machine.template);
  const running = own.filter(machine => machine.state === 'running').length;
  const facts = [node.online ? t('{0} of {1} machines run', running, own.length) : t('offline'), ...node.version === undefined ? [] : [node.version.replace(/^pve-manager\/([^/]+).*$/, 'PVE $1')], ...node.uptimeSeconds === undefined || !node.online ? [] : [t('up for {0}', duration(node.uptimeSeconds))]];
  return {
    name: node.name, online: node.online, subtitle: facts.join(' · '),
    meters: node.online ? [
      { label: t('CPU'), text: node.cpuFraction === undefined ? t('not known') : `${percent(node.cpuFraction)} · ${t('{0} CPU', node.cpus ?? 0)}`, ...node.cpuFraction === undefined ? {} : { fraction: node.cpuFraction } },
      meter(t('Memory'), node.memoryUsedBytes, node.memoryTotalBytes),
      meter(t('Root disk'), node.diskUsedBytes, node.diskTotalBytes),
      ...node.swapTotalBytes ? [meter(t('Swap'), node.swapUsedBytes, node.swapTotalBytes)] : [],
    ] : [],
    actions: node.online ? [{ id: 'shell', label: t('Open Shell'), icon: 'terminal' }] : [],
    ...plot ? { plot } : {},
  };
}

/** undefined = nothing was measured in this time. */
function plotOf(usage: readonly Usage[]): NodePlotView | undefined {
  const series = [
    { label: t('CPU'), values: usage.map(reading => reading.cpuFraction ?? null) },
    { label: t('Memory'), values: usage.map(reading => (reading.memoryUsedBytes === undefined || !reading.memoryTotalBytes ? null : reading.memoryUsedBytes / reading.memoryTotalBytes)) },
  ].filter(one => one.values.filter(value => value !== null).length > 1);
  if (series.length === 0) return undefined;
  const range = (values: readonly (number | null)[]): string => {
    const known = values.filter(value => value !== null);
    return `${String(Math.round(Math.min(...known) * 100))}–${percent(Math.max(...known))}`;
  };
  return { series, text: series.map(one => `${one.label} ${range(one.values)}`).join(' · ') };
}

function storageView(storage: StorageInfo, opened: { readonly items?: readonly StorageItem[]; readonly note?: string } | undefined, machines: readonly Machine[], date: (iso: string | undefined) => string): StorageView {
  const kinds = storage.content.filter(kind => uploadable.includes(kind));
  const actions: ActionView[] = kinds.length === 0 || storage.enabled === false ? [] : [
    { id: 'upload', label: t('Upload…'), icon: 'cloud-upload' }, { id: 'download', label: t('Download from an Address…'), icon: 'cloud-download' },
  ];
  return {
    id: storageKey(storage), cells: [storage.id, storage.shared ? t('shared') : (storage.node ?? ''), storage.type, contentNames(storage.content)],
    meter: meter(t('Usage'), storage.usedBytes, storage.totalBytes), actions,
    ...opened ? {
      content: (opened.items ?? []).map((item): RowView => ({
        id: item.id, cells: [item.name, contentName(item.kind), item.sizeBytes === undefined ? '' : formatBytes(item.sizeBytes), date(item.createdAt), item.machine === undefined ? '' : (machines.find(machine => machine.id === item.machine)?.name ?? item.machine.split('/').at(-1) ?? '')],
        actions: [{ id: 'delete', label: t('Delete…'), icon: 'trash' }],
      })),
      ...opened.note !== undefined ? { contentNote: opened.note } : opened.items === undefined ? { contentNote: t('Reading…') } : opened.items.length === 0 ? { contentNote: t('Nothing is in it.') } : {},
    } : {},
  };
}

function meter(label: string, used: number | undefined, total: number | undefined): MeterView {
  if (used === undefined || total === undefined || total === 0) return { label, text: t('not known') };
  return { label, text: t('{0} of {1}', formatBytes(used), formatBytes(total)), fraction: used / total };
}

function ruleKind(rule: HaRule): string {
  const kind = rule.type === 'group' ? t('group') : rule.type === 'node-affinity' ? t('on nodes') : rule.affinity === 'negative' ? t('apart') : t('together');
  return [kind, rule.strict ? t('these only') : '', rule.disabled ? t('disabled') : ''].filter(part => part !== '').join(' · ');
}

/** `vm:100` → `web (100)`. */
function machineOf(machines: readonly Machine[], sid: string): string {
  return named(machines, Number(sid.split(':')[1]));
}

/** `pve1 (active, Wed Nov 25 02:00:00 2026)` without the time, which changes at each look. */
function steady(status: string): string {
  return status.replace(/, [A-Z][a-z]{2},? [^)]*\d{2}:\d{2}:\d{2}[^)]*(?=\))/, '');
}

/** `Start web (100)`, `Download debian.iso`. */
function taskText({ type, id }: TaskRow, machines: readonly Machine[]): string {
  return [taskName(type), /^\d+$/.test(id) ? named(machines, Number(id)) : id].filter(part => part !== '').join(' ');
}

function haRow(row: HaStatusRow, machines: readonly Machine[]): RowView {
  return { id: row.id, cells: [row.sid === undefined ? row.id : machineOf(machines, row.sid), steady(row.status), row.node ?? ''], actions: row.sid === undefined ? [] : [{ id: 'change', label: t('Change…'), icon: 'edit' }], state: /error|fence|recovery/i.test(row.status) ? 'failed' : 'ok' };
}

function named(machines: readonly Machine[], vmid: number): string {
  const machine = machines.find(candidate => candidate.extra?.['vmid'] === vmid);
  return machine ? `${machine.name} (${String(vmid)})` : String(vmid);
}

function percent(fraction: number): string {
  return `${String(Math.round(fraction * 100))} %`;
}

function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600);
  return days > 1 ? t('{0} days', days) : hours > 1 ? t('{0} hours', hours) : t('{0} minutes', Math.floor(seconds / 60));
}
