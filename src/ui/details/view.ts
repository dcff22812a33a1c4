// MachineDetails → what the details page shows, worded for a person. Pure.
import type { Disk, MachineDetails, NetworkAdapter, PortForward, SharedFolder, Snapshot } from '../../machines/machine.ts';
import type { Change, Provider } from '../../machines/provider.ts';
import type { ActionView, DetailsView, SectionView, TreeNodeView } from '../../../webview/details/messages.ts';
import type { Ability } from '../abilities.ts';
import { isAble } from '../abilities.ts';
import { t } from '../l10n.ts';
import { machineDescription, stateIcon } from '../tree/rows.ts';
import { formatBytes, stateWords } from '../words.ts';

interface OfferedAction {
  readonly ability: Ability;
  readonly id: string;
  readonly icon: string;
  readonly label: () => string;
}

/** The buttons at the top, in order; the first two that can be done are the main ones. Ids are the commands' last part. */
const offered: readonly OfferedAction[] = [
  { ability: 'start', id: 'start', icon: 'play', label: () => t('Start') },
  { ability: 'resume', id: 'resume', icon: 'debug-continue', label: () => t('Resume') },
  { ability: 'shutDown', id: 'stop', icon: 'debug-stop', label: () => t('Stop') },
  { ability: 'pause', id: 'pause', icon: 'debug-pause', label: () => t('Pause') },
  { ability: 'suspend', id: 'suspend', icon: 'save', label: () => t('Suspend') },
  { ability: 'reset', id: 'reset', icon: 'debug-restart', label: () => t('Reset') },
  { ability: 'powerOff', id: 'powerOff', icon: 'circle-slash', label: () => t('Power Off') },
  { ability: 'openConsole', id: 'openConsole', icon: 'device-desktop', label: () => t('Console') },
  { ability: 'openTerminal', id: 'openTerminal', icon: 'terminal', label: () => t('Terminal') },
  { ability: 'snapshot', id: 'snapshot', icon: 'history', label: () => t('Snapshot') },
  { ability: 'clone', id: 'clone', icon: 'copy', label: () => t('Clone') },
  { ability: 'resize', id: 'resize', icon: 'settings', label: () => t('Resize') },
  { ability: 'migrate', id: 'migrate', icon: 'arrow-swap', label: () => t('Migrate') },
  { ability: 'showCommands', id: 'showCommands', icon: 'code', label: () => t('Show Commands') },
];

export function detailsView(details: MachineDetails, provider: Provider, language: string): DetailsView {
  const { machine } = details;
  const actions = offered.filter(({ ability }) => isAble(ability, machine, provider)).map(({ id, icon, label }, index) => ({ id, icon, label: label(), primary: index === 0 }));
  const pending = Object.entries(details.pending ?? {});
  return {
    id: machine.id,
    name: machine.name,
    subtitle: machineDescription(machine),
    state: stateWords[machine.state](),
    stateIcon: stateIcon(machine.state).name.replace('~spin', ''),
    stateColor: stateIcon(machine.state).color,
    notices: [
      ...machine.lock === undefined ? [] : [{ severity: 'warning' as const, text: t('Locked: {0}', machine.lock), actions: [] }],
      ...machine.protection === undefined ? [] : [{ severity: 'info' as const, text: t('Protected: {0}', machine.protection), actions: [] }],
      ...pending.length === 0 ? [] : [{ severity: 'info' as const, text: t('Takes effect at the next start: {0}', pending.map(([key, value]) => `${key} = ${value}`).join(', ')), actions: [] }],
    ],
    actions,
    sections: sectionsOf(details, provider, language),
    labels: { screen: t('Screen'), noScreen: t('The machine shows no screen now.'), usage: t('Usage'), noUsage: t('Nothing is measured while the machine does not run.'), actionsOf: t('Actions for {0}', machine.name) },
    hasScreen: provider.screenshot !== undefined,
    hasUsage: provider.usage !== undefined,
  };
}

function sectionsOf(details: MachineDetails, provider: Provider, language: string): readonly SectionView[] {
  const can = (kind: Change['kind']): boolean => provider.editing !== undefined && (provider.editing.kinds?.includes(kind) ?? true);
  const only = (condition: boolean, ...actions: readonly ActionView[]): readonly ActionView[] => (condition ? actions : []);
  return [
    { kind: 'facts', id: 'facts', title: t('Machine'), facts: factsOf(details, provider, language), actions: [] },
    {
      kind: 'table', id: 'disks', title: t('Disks'), columns: [t('Slot'), t('Size'), t('Used'), t('File')], empty: t('No disks.'),
      rows: details.disks.map(disk => ({ id: disk.slot, cells: diskCells(disk), actions: diskActions(disk, can, provider) })),
      actions: only(can('addDisk'), { id: 'addDisk', label: t('Add Disk'), icon: 'add' }),
    },
    {
      kind: 'table', id: 'adapters', title: t('Network'), columns: [t('Adapter'), t('Connected to'), t('MAC address'), t('Addresses')], empty: t('No network adapters.'),
      rows: details.adapters.map(adapter => ({ id: String(adapter.index), cells: adapterCells(adapter), actions: [] })), actions: [],
    },
    ...details.portForwards.length > 0 || can('addPortForward') && hasForwards(details) ? [{
      kind: 'table' as const, id: 'forwards', title: t('Port Forwards'), columns: [t('Name'), t('Host'), t('Guest'), t('Protocol')], empty: t('No ports are forwarded.'),
      rows: details.portForwards.map(forward => ({ id: forwardId(forward), cells: forwardCells(forward), actions: only(can('removePortForward'), remove()) })),
      actions: only(can('addPortForward') && hasForwards(details), { id: 'addForward', label: t('Add Port Forward'), icon: 'add' }),
    }] : [],
    ...details.sharedFolders.length > 0 || can('addSharedFolder') ? [{
      kind: 'table' as const, id: 'folders', title: t('Shared Folders'), columns: [t('Name'), t('Host folder'), t('Mount point'), t('Options')], empty: t('No folders are shared.'),
      rows: details.sharedFolders.map(folder => ({ id: folder.name, cells: folderCells(folder), actions: only(can('removeSharedFolder'), remove()) })),
      actions: only(can('addSharedFolder'), { id: 'addFolder', label: t('Share Folder'), icon: 'add' }),
    }] : [],
    ...provider.snapshots === undefined ? [] : [{
      kind: 'tree' as const, id: 'snapshots', title: t('Snapshots'), nodes: details.snapshots.map(snapshot => snapshotNode(snapshot, provider, language)), empty: t('No snapshots.'),
      actions: only(isAble('snapshot', details.machine, provider), { id: 'snapshot', label: t('Take Snapshot'), icon: 'add' }),
    }],
    {
      kind: 'table', id: 'settings', title: t('All Settings'), columns: [t('Setting'), t('Value')], empty: t('No settings are known.'),
      rows: Object.entries(details.settings).map(([key, value]) => ({ id: key, cells: [key, value], actions: [] })), actions: [],
    },
  ];
}

function factsOf(details: MachineDetails, provider: Provider, language: string): readonly { readonly label: string; readonly value: string }[] {
  const { machine, guest } = details;
  const facts: readonly (readonly [string, string | undefined])[] = [
    [t('Provider'), provider.connection.id === 'local' ? provider.label : `${provider.label} · ${provider.connection.label}`],
    [t('State'), machine.providerState],
    [t('Folder'), machine.path?.join(' / ')],
    [t('Operating system'), guest?.osName ?? details.osType],
    [t('Firmware'), details.firmware],
    [t('Runs since'), details.startedAt === undefined ? undefined : new Date(details.startedAt).toLocaleString(language)],
    [t('Addresses'), guest?.addresses.join(', ')],
    [t('Host name'), guest?.hostname],
    [t('Guest tools'), guest?.agentVersion === undefined && guest?.agentRunning === undefined ? undefined : [guest.agentVersion, guest.agentRunning === false ? t('not running') : guest.runLevel ?? (guest.agentRunning ? stateWords.running() : undefined)].filter(Boolean).join(' · ')],
    [t('Tags'), machine.tags?.join(', ')],
    [t('Description'), machine.description],
    [t('Id'), machine.id],
  ];
  return facts.flatMap(([label, value]) => (value === undefined || value === '' ? [] : [{ label, value }]));
}

function diskCells(disk: Disk): readonly string[] {
  const words = { disk: '', cdrom: t('CD/DVD'), floppy: t('Floppy'), cloudinit: t('cloud-init'), efi: t('EFI'), tpm: t('TPM') }[disk.kind];
  return [
    [disk.slot, words].filter(Boolean).join(' · '),
    disk.capacityBytes === undefined ? '' : formatBytes(disk.capacityBytes),
    disk.usedBytes === undefined ? '' : formatBytes(disk.usedBytes),
    disk.location ?? t('empty'),
  ];
}

function diskActions(disk: Disk, can: (kind: Change['kind']) => boolean, provider: Provider): readonly ActionView[] {
  const offered: readonly (ActionView & { readonly now: boolean })[] = [
    { id: 'insertMedium', label: t('Insert'), icon: 'disc', now: disk.kind === 'cdrom' && can('insertMedium') },
    { id: 'ejectMedium', label: t('Eject'), icon: 'chrome-close', now: disk.kind === 'cdrom' && disk.location !== undefined && can('insertMedium') },
    { id: 'growDisk', label: t('Grow'), icon: 'arrow-up', now: disk.kind === 'disk' && provider.lifecycle?.resize !== undefined },
    { id: 'removeDisk', label: t('Detach'), icon: 'trash', now: disk.kind === 'disk' && can('removeDisk') },
  ];
  return offered.filter(action => action.now).map(({ id, label, icon }) => ({ id, label, icon }));
}

function adapterCells(adapter: NetworkAdapter): readonly string[] {
  const to = [adapter.mode, adapter.network, adapter.vlan === undefined ? undefined : `VLAN ${String(adapter.vlan)}`, adapter.connected === false ? t('cable unplugged') : undefined];
  return [[String(adapter.index), adapter.model].filter(Boolean).join(' · '), to.filter(Boolean).join(' · '), adapter.macAddress ?? '', adapter.addresses?.join(', ') ?? ''];
}

/** NAT is where ports are forwarded. */
function hasForwards(details: MachineDetails): boolean {
  return details.adapters.some(adapter => adapter.mode === 'nat');
}

export function forwardId(forward: PortForward): string {
  return `${String(forward.adapter)}/${forward.name}`;
}

function forwardCells(forward: PortForward): readonly string[] {
  const end = (ip: string | undefined, port: number): string => (ip ? `${ip}:${String(port)}` : String(port));
  return [forward.name, end(forward.hostIp, forward.hostPort), end(forward.guestIp, forward.guestPort), forward.protocol.toUpperCase()];
}

function folderCells(folder: SharedFolder): readonly string[] {
  const options = [folder.readOnly ? t('read-only') : '', folder.autoMount ? t('auto-mount') : '', folder.transient ? t('until the machine stops') : ''];
  return [folder.name, folder.hostPath, folder.mountPoint ?? '', options.filter(option => option !== '').join(', ')];
}

function snapshotNode(snapshot: Snapshot, provider: Provider, language: string): TreeNodeView {
  const when = snapshot.createdAt === undefined ? '' : new Date(snapshot.createdAt).toLocaleString(language);
  return {
    id: snapshot.id,
    cells: [snapshot.name, [when, snapshot.withMemory ? t('with memory') : '', snapshot.description ?? ''].filter(part => part !== '').join(' · ')],
    current: snapshot.current ?? false,
    actions: [
      { id: 'restoreSnapshot', label: t('Restore'), icon: 'discard' },
      ...provider.snapshots?.edit === undefined ? [] : [{ id: 'renameSnapshot', label: t('Rename'), icon: 'edit' }],
      { id: 'deleteSnapshot', label: t('Delete'), icon: 'trash' },
    ],
    children: snapshot.children.map(child => snapshotNode(child, provider, language)),
  };
}

function remove(): ActionView {
  return { id: 'remove', label: t('Remove'), icon: 'trash' };
}
