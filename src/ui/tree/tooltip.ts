// A machine's tooltip: asked for when the pointer rests on the row, so it may cost a call. Names go in as text, never as markdown.
import * as vscode from 'vscode';
import { asGaiaError } from '../../machines/errors.ts';
import type { Machine, MachineDetails } from '../../machines/machine.ts';
import { t } from '../l10n.ts';
import { errorText, formatBytes, formatMiB, stateWords } from '../words.ts';
import { connectionLabel } from './forest.ts';
import type { MachineNode } from './nodes.ts';

const patienceMs = 8000;

export async function machineTooltip(node: MachineNode, token: vscode.CancellationToken, more: readonly (readonly [string, string])[] = []): Promise<vscode.MarkdownString | undefined> {
  const abort = new AbortController();
  const cancelled = token.onCancellationRequested(() => { abort.abort(); });
  try {
    const details = await node.provider.describe(node.machine.id, AbortSignal.any([abort.signal, AbortSignal.timeout(patienceMs)]));
    return render(node, node.machine, details, more);
  } catch (error) {
    if (token.isCancellationRequested) return undefined;
    return render(node, node.machine, undefined, more, errorText(asGaiaError(error)));
  } finally {
    cancelled.dispose();
  }
}

function render(node: MachineNode, machine: Machine, details: MachineDetails | undefined, more: readonly (readonly [string, string])[], problem?: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.supportThemeIcons = true;
  text.appendMarkdown('**').appendText(machine.name).appendMarkdown('**\n\n');
  // The number of a guest of Proxmox VE is one of its badges, and has a row of its own here.
  const number = typeof machine.extra?.['vmid'] === 'number' ? String(machine.extra['vmid']) : undefined;
  const rows: [string, string | undefined][] = [
    [t('State'), machine.providerState === '' || machine.providerState.toLocaleLowerCase() === stateWords[machine.state]() ? stateWords[machine.state]() : `${stateWords[machine.state]()} (${machine.providerState})`],
    ['VMID', number],
    [t('Where'), [connectionLabel(node.provider), ...(machine.path ?? [])].join(' / ')],
    [t('Up to date'), machine.stale ? t('no: this is what was last heard of it') : undefined],
    [t('CPUs'), machine.cpus === undefined ? undefined : String(machine.cpus)],
    [t('Memory'), machine.memoryMiB === undefined ? undefined : formatMiB(machine.memoryMiB)],
    [t('System'), details?.guest?.osName ?? details?.osType],
    [t('Running since'), details?.startedAt === undefined ? undefined : new Date(details.startedAt).toLocaleString(vscode.env.language)],
    [t('Addresses'), joined(details?.guest?.addresses ?? details?.adapters.flatMap(adapter => adapter.addresses ?? []))],
    [t('Guest tools'), machine.state !== 'running' || details?.guest?.agentRunning === undefined ? undefined : details.guest.agentRunning ? stateWords.running() : t('not running')],
    [t('Disks'), joined(details?.disks.filter(disk => disk.kind === 'disk').map(disk => `${disk.slot}${disk.capacityBytes === undefined ? '' : ` ${formatBytes(disk.capacityBytes)}`}`))],
    [t('Network'), joined(details?.adapters.map(adapter => [adapter.mode, adapter.network].filter(part => part !== undefined && part !== '').join(' ')))],
    [t('Forwarded ports'), joined(details?.portForwards.map(forward => `${String(forward.hostPort)} → ${String(forward.guestPort)}`))],
    [t('Snapshots'), details === undefined || details.snapshots.length === 0 ? undefined : String(count(details.snapshots))],
    [t('Pool'), machine.pool],
    [t('Tags'), joined(machine.tags)],
    [t('Also'), joined(machine.badges?.filter(badge => badge !== number))],
    [t('Locked'), machine.lock],
    [t('Protected'), machine.protection],
    ...more.map(([key, value]): [string, string] => [key, value]),
  ];
  const told = rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '');
  text.appendMarkdown('| | |\n|:--|:--|\n');
  for (const [key, value] of told) text.appendMarkdown(`| ${key}   | ${cell(value)} |\n`);
  const description = machine.description ?? '';
  if (description !== '') text.appendMarkdown('\n---\n\n').appendText(description.length > 400 ? `${description.slice(0, 400)}…` : description);
  if (problem !== undefined) text.appendMarkdown('\n\n$(warning) ').appendText(problem);
  return text;
}

function joined(parts: readonly string[] | undefined): string | undefined {
  return parts === undefined || parts.length === 0 ? undefined : parts.join(', ');
}

function count(snapshots: MachineDetails['snapshots']): number {
  return snapshots.reduce((sum, snapshot) => sum + 1 + count(snapshot.children), 0);
}

/** Text for a cell of a markdown table. */
function cell(value: string): string {
  return new vscode.MarkdownString().appendText(value.replace(/\s+/g, ' ')).value.replaceAll('|', '\\|');
}
