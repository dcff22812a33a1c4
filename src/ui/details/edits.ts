// The small changes one makes on the details page: port forwards, shared folders, disks. Each asks, checks, and goes through the queue.
import * as vscode from 'vscode';
import type { MachineDetails, PortForward } from '../../machines/machine.ts';
import type { Change } from '../../machines/provider.ts';
import { act } from '../act.ts';
import { ask } from '../confirm.ts';
import { text } from '../commands/inputs.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { parseForward, parseSize } from './input.ts';
import { forwardId } from './view.ts';

/** `row` is the id of the row in the section, as view.ts made it. Does nothing for an action it does not know. */
export async function edit(parts: Parts, details: MachineDetails, action: string, section: string | undefined, row: string | undefined): Promise<void> {
  const { machine } = details;
  const change = await changeFor(details, action, section, row);
  if (change === undefined) return;
  if ('grow' in change) await act(parts, [{ verb: 'resize', id: machine.id, size: { disk: change.grow } }]);
  else await act(parts, [{ verb: 'edit', id: machine.id, changes: [change] }]);
}

type Wanted = Change | { readonly grow: { readonly slot: string; readonly sizeBytes: number } } | undefined;

async function changeFor(details: MachineDetails, action: string, section: string | undefined, row: string | undefined): Promise<Wanted> {
  switch (action) {
    case 'addForward': return addForward(details);
    case 'addFolder': return addFolder();
    case 'addDisk': return addDisk();
    case 'growDisk': return growDisk(details, row);
    case 'removeDisk': return removeDisk(details, row);
    case 'insertMedium': return insertMedium(row);
    case 'ejectMedium': return row === undefined ? undefined : { kind: 'insertMedium', slot: row };
    case 'remove': return removal(details, section, row);
    default: return undefined;
  }
}

async function addForward(details: MachineDetails): Promise<Wanted> {
  const adapter = details.adapters.find(one => one.mode === 'nat')?.index ?? details.adapters[0]?.index ?? 1;
  const title = t('Port forward for “{0}”', details.machine.name);
  const typed = await vscode.window.showInputBox({
    title, prompt: t('Host port and guest port, as in 8080:80. Also 127.0.0.1:8080:80/udp.'), placeHolder: '8080:80', ignoreFocusOut: true,
    validateInput: value => problemOf(parseForward(value, adapter), details.portForwards),
  });
  const forward = typed === undefined ? undefined : parseForward(typed, adapter);
  return typeof forward === 'object' ? { kind: 'addPortForward', forward } : undefined;
}

/** What is wrong with what was typed, for the input box. */
function problemOf(forward: PortForward | string, present: readonly PortForward[]): string | undefined {
  if (typeof forward === 'string') return forward;
  const taken = present.find(one => one.hostPort === forward.hostPort && one.protocol === forward.protocol && (one.hostIp ?? '') === (forward.hostIp ?? ''));
  return taken ? t('Port {0} of this computer is forwarded already, by “{1}”.', forward.hostPort, taken.name) : undefined;
}

async function addFolder(): Promise<Wanted> {
  const [folder] = (await vscode.window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, title: t('Folder of this computer to share'), openLabel: t('Share') })) ?? [];
  if (!folder) return undefined;
  const hostPath = folder.fsPath;
  const name = await text({ title: t('Share {0}', hostPath), prompt: t('Name of the share, as the guest sees it'), value: hostPath.split(/[\\/]/).filter(Boolean).at(-1) ?? 'share', required: true });
  if (name === undefined) return undefined;
  const readOnly = await vscode.window.showQuickPick([{ label: t('The guest may write'), value: false }, { label: t('Read-only'), value: true }], { title: t('Share {0}', hostPath) });
  return readOnly && { kind: 'addSharedFolder', folder: { name, hostPath, autoMount: true, readOnly: readOnly.value } };
}

async function askSize(title: string, prompt: string, value: string): Promise<number | undefined> {
  const typed = await vscode.window.showInputBox({ title, prompt, value, ignoreFocusOut: true, validateInput: input => (parseSize(input) === undefined ? t('A size, as in 20 GB or 512 MB.') : undefined) });
  return typed === undefined ? undefined : parseSize(typed);
}

async function addDisk(): Promise<Wanted> {
  const sizeBytes = await askSize(t('New disk'), t('Size of the new disk'), '20 GB');
  return sizeBytes === undefined ? undefined : { kind: 'addDisk', sizeBytes };
}

async function growDisk(details: MachineDetails, row: string | undefined): Promise<Wanted> {
  const disk = details.disks.find(one => one.slot === row);
  if (!disk) return undefined;
  const present = disk.capacityBytes ?? 0;
  const sizeBytes = await askSize(t('Grow {0}', disk.slot), t('New size. A disk can only grow; the file system in it is grown by the guest.'), `${String(Math.ceil(present / 2 ** 30) + 10)} GB`);
  if (sizeBytes === undefined) return undefined;
  if (sizeBytes <= present) {
    void vscode.window.showWarningMessage(t('A disk can only grow: {0} is larger already.', disk.slot));
    return undefined;
  }
  return { grow: { slot: disk.slot, sizeBytes } };
}

async function removeDisk(details: MachineDetails, row: string | undefined): Promise<Wanted> {
  const disk = details.disks.find(one => one.slot === row);
  if (!disk) return undefined;
  const deleteFile = await ask(t('Detach {0} from “{1}”?', disk.slot, details.machine.name), disk.location ?? '', [
    { title: t('Detach, Keep the File'), value: false },
    ...disk.shared ? [] : [{ title: t('Detach and Delete the File'), value: true }],
  ]);
  return deleteFile === undefined ? undefined : { kind: 'removeDisk', slot: disk.slot, deleteFile };
}

async function insertMedium(row: string | undefined): Promise<Wanted> {
  if (row === undefined) return undefined;
  const [file] = (await vscode.window.showOpenDialog({ canSelectMany: false, filters: { [t('Disc images')]: ['iso', 'img'] }, title: t('Disc image to insert') })) ?? [];
  return file && { kind: 'insertMedium', slot: row, location: file.fsPath };
}

async function removal(details: MachineDetails, section: string | undefined, row: string | undefined): Promise<Wanted> {
  if (section === 'forwards') {
    const forward = details.portForwards.find(one => forwardId(one) === row);
    return forward && { kind: 'removePortForward', forward };
  }
  const folder = section === 'folders' ? details.sharedFolders.find(one => one.name === row) : undefined;
  if (!folder) return undefined;
  const sure = await ask(t('Stop sharing “{0}” with “{1}”?', folder.name, details.machine.name), t('The files in {0} stay as they are.', folder.hostPath), [{ title: t('Stop Sharing'), value: true }]);
  return sure ? { kind: 'removeSharedFolder', folder } : undefined;
}
