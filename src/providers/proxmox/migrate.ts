// Moving a guest to another node: where it can go and why not, the best fit first, and the move itself.
import { GaiaError } from '../../machines/errors.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import type { Migration, MigrationTarget } from '../../machines/provider.ts';
import { followHaMove, haObstacles } from './haMigration.ts';
import type { HaObstacles } from './haMigration.ts';
import { flag, number, record, rows, text } from './fields.ts';
import type { NodeInfo } from './resources.ts';
import { afterwards, readStatus, withState } from './power.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { supports } from './version.ts';

export interface MigrationCheck {
  readonly running: boolean;
  /** undefined = the server does not say (≤ 8, running). */
  readonly allowed?: readonly string[];
  /** Node → why not. */
  readonly refused: ReadonlyMap<string, string>;
  readonly localDisks: readonly { readonly volid: string; readonly sizeBytes: number }[];
  /** Devices of the node that the guest uses: it cannot leave. */
  readonly localResources: readonly string[];
  /** Resources that a rule of high availability keeps with it: they move too. */
  readonly companions: readonly string[];
}

export function parseMigrationCheck(data: unknown): MigrationCheck {
  const check = record(data);
  const refused = new Map<string, string>();
  // Machines spell it with underscores, containers with hyphens.
  for (const [node, reason] of Object.entries(record(check['not_allowed_nodes'] ?? check['not-allowed-nodes']))) refused.set(node, refusalText(record(reason)));
  const allowed = check['allowed_nodes'] ?? check['allowed-nodes'];
  const disks = rows(check['local_disks']).filter(disk => !flag(disk['cdrom']) && !flag(disk['is_unused']));
  return {
    running: flag(check['running']),
    ...(Array.isArray(allowed) ? { allowed: allowed.map(String) } : {}),
    refused,
    localDisks: disks.map(disk => ({ volid: text(disk['volid']) ?? '', sizeBytes: number(disk['size']) ?? 0 })),
    localResources: Array.isArray(check['local_resources']) ? check['local_resources'].map(String) : [],
    companions: Array.isArray(check['dependent-ha-resources']) ? check['dependent-ha-resources'].map(String) : [],
  };
}

function refusalText(reason: Readonly<Record<string, unknown>>): string {
  const list = (key: string): string[] => (Array.isArray(reason[key]) ? (reason[key] as unknown[]).map(entry => (typeof entry === 'object' && entry !== null ? (text(record(entry)['sid']) ?? JSON.stringify(entry)) : String(entry))) : []);
  const storages = list('unavailable_storages');
  const ha = list('blocking-ha-resources');
  const mapped = list('unavailable-resources');
  return [
    ...(storages.length > 0 ? [`The storage ${storages.join(', ')} is not there.`] : []),
    ...(ha.length > 0 ? [`High availability keeps it away (${ha.join(', ')}).`] : []),
    ...(mapped.length > 0 ? [`Mapped devices are not there: ${mapped.join(', ')}.`] : []),
  ].join(' ') || 'Proxmox VE does not allow it.';
}

async function check(deps: PartDeps, guest: Guest, signal: AbortSignal): Promise<MigrationCheck> {
  const request = requests.migrationCheck(guest);
  if (!supports(request, await deps.calls.version(signal))) {
    return { running: (await readStatus(deps, guest, signal)).running, refused: new Map(), localDisks: [], localResources: [], companions: [] };
  }
  return parseMigrationCheck((await deps.calls.get(request, signal)).data);
}

/** Pure: every other node, the one with most room left first. */
export function rankTargets(here: string, nodes: readonly NodeInfo[], checked: MigrationCheck, memoryBytes: number, ha?: HaObstacles): MigrationTarget[] {
  const copies = checked.localDisks.reduce((sum, disk) => sum + disk.sizeBytes, 0);
  return nodes
    .filter(node => node.name !== here)
    .map(node => {
      const total = node.memoryTotalBytes;
      const free = total === undefined ? undefined : total - (node.memoryUsedBytes ?? 0) - memoryBytes;
      const refused = !node.online
        ? 'The node is down.'
        : checked.localResources.length > 0
          ? `It uses devices of its node: ${checked.localResources.join(', ')}.`
          : (ha?.everywhere ?? ha?.nodes.get(node.name) ?? checked.refused.get(node.name) ?? (checked.allowed && !checked.allowed.includes(node.name) ? 'Proxmox VE does not allow it.' : free !== undefined && free < 0 ? 'It has not enough free memory.' : undefined));
      const cpu = node.cpuFraction ?? 0;
      const fit = refused !== undefined ? 0 : total === undefined || free === undefined ? 0.1 : Math.max(0, (free / total) * 0.7 + (1 - cpu) * 0.3);
      const details = [
        ...(free === undefined ? [] : [`${formatGb(Math.max(0, free))} free after it`]),
        ...(node.cpuFraction === undefined ? [] : [`CPU ${Math.round(cpu * 100)} %`]),
        ...(copies > 0 ? [`${formatGb(copies)} of local disks are copied`] : []),
        ...(ha ? ['high availability moves it'] : []),
        ...(checked.companions.length > 0 ? [`${checked.companions.join(', ')} goes with it`] : []),
      ];
      return { name: node.name, fit, ...(refused === undefined ? {} : { refused }), ...(details.length > 0 ? { detail: details.join(' · ') } : {}) };
    })
    .sort((a, b) => b.fit - a.fit || a.name.localeCompare(b.name));
}

function formatGb(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(bytes < 10 * 2 ** 30 ? 1 : 0)} GiB`;
}

/** Does the list say that high availability manages it? */
const managed = (machine: Machine): boolean => machine.availability !== undefined && machine.availability.requested !== 'ignored';

export function createMigration(deps: PartDeps): Migration {
  const { calls, directory } = deps;
  return {
    targets: async (id, signal) => {
      const view = await directory.refresh(calls, signal);
      const { guest, machine } = await directory.find(calls, id, signal);
      const [checked, ha] = await Promise.all([check(deps, guest, signal), managed(machine) ? haObstacles(deps, guest, view.nodes.map(node => node.name), signal) : undefined]);
      return rankTargets(guest.node, view.nodes, checked, checked.running ? (machine.memoryMiB ?? 0) * 2 ** 20 : 0, ha);
    },
    migrate: async (id: MachineId, options, context) => {
      const { guest, machine } = await directory.find(calls, id, context.signal);
      const checked = await check(deps, guest, context.signal);
      const name = machine.name;
      const ha = managed(machine) && options.target !== guest.node ? await haObstacles(deps, guest, [options.target], context.signal) : undefined;
      const reason =
        options.target === guest.node
          ? 'It is on that node already.'
          : checked.localResources.length > 0
            ? `It uses devices of its node: ${checked.localResources.join(', ')}.`
            : (ha?.everywhere ?? ha?.nodes.get(options.target) ?? checked.refused.get(options.target));
      if (reason !== undefined) throw new GaiaError(options.target === guest.node ? 'invalidInput' : 'wrongState', { message: reason, machine: name });
      if (checked.running && options.online === false) throw new GaiaError('wrongState', { message: 'It runs: it can only be moved while running (online).', machine: name, hint: 'Shut it down first, or move it online.' });
      const local = checked.localDisks.length > 0;
      if (checked.running && local && options.withLocalDisks === false) throw new GaiaError('wrongState', { message: 'It has disks on local storage: they have to be moved with it.', machine: name });
      const request = requests.migrate(guest, options.target, {
        ...(guest.kind === 'qemu' && checked.running ? { online: true } : {}),
        ...(guest.kind === 'qemu' && checked.running && (local || options.withLocalDisks) ? { withLocalDisks: true } : {}),
        // A container cannot move while it runs: it is stopped, moved and started.
        ...(guest.kind === 'lxc' && checked.running ? { restart: true } : {}),
        ...(options.storage === undefined ? {} : { storage: options.storage }),
      });
      let end;
      try {
        end = await calls.run(request, context, { machine: name, fraction: migrationFraction });
      } catch (error) {
        directory.forget();
        throw await withState(error, deps, guest, name);
      }
      if (end.upid?.type === 'hamigrate') {
        await afterwards(name, () => followHaMove(deps, { guest, target: options.target, machine: name, sinceSeconds: end.upid?.startTime ?? 0 }, context, migrationFraction));
        return;
      }
      const arrived = await afterwards(name, () => calls.until(
        async signal => {
          directory.forget();
          return (await directory.find(calls, id, signal)).guest.node === options.target;
        },
        15_000,
        context.signal,
      ));
      if (!arrived) throw new GaiaError('partial', { message: '{0} is not on {1} yet.', values: [name, options.target], machine: name, left: 'It is still on its old node.' });
    },
  };
}

/** `transferred 1.2 GiB of 8.0 GiB VM-state`, `drive-scsi0: transferred 1.0 GiB of 32.0 GiB (3.12%)`. */
export function migrationFraction(line: string): number | undefined {
  const percent = /\((\d+(?:\.\d+)?)%\)/.exec(line);
  if (percent) return Number(percent[1]) / 100;
  const parts = /transferred ([\d.]+) ([KMGT]?i?B) of ([\d.]+) ([KMGT]?i?B)/.exec(line);
  if (!parts) return undefined;
  const bytes = (value: string | undefined, unit: string | undefined): number => Number(value) * 1024 ** Math.max(0, ' KMGT'.indexOf((unit ?? 'B')[0] as string));
  const total = bytes(parts[3], parts[4]);
  return total > 0 ? Math.min(1, bytes(parts[1], parts[2]) / total) : undefined;
}
