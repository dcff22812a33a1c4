// "Gaia was interrupted while making 'web'": what the journal says was begun and not ended, held against what is there, and what to do about it.
import * as vscode from 'vscode';
import { GaiaError } from '../../machines/errors.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Intent, Lifecycle } from '../../machines/provider.ts';
import { act } from '../act.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { stateWords } from '../words.ts';
import { journalOf, planFeature } from './feature.ts';
import { leftBy } from './journal.ts';
import type { JournalEntry } from './journal.ts';

interface Leftover {
  readonly entry: JournalEntry;
  readonly machines: readonly { readonly machine: Machine; readonly sure: boolean }[];
  /** Files, folders and networks beside the machine, or in its place. */
  readonly remains: readonly Intent[];
  readonly lifecycle: Lifecycle | undefined;
}

const offered = new Set<string>();
/** A window that is closed while it applies needs some seconds to end; meanwhile it still seems to be at work. */
const lookAgainMs = 10_000;
/** A hypervisor goes on copying disks although the one who asked for it has ended. */
const stillMakingMs = 60_000;

/** Asks once for each, when a provider's machines are known. Entries that left nothing are closed without a word. */
export async function offerLeftovers(parts: Parts, provider: string): Promise<void> {
  const { found, making } = await leftovers(parts, provider);
  if (await journalOf(parts).isBusyElsewhere()) lookAgain(parts, provider, lookAgainMs);
  else if (making) lookAgain(parts, provider, stillMakingMs);
  for (const leftover of found) {
    if (offered.has(leftover.entry.token)) continue;
    offered.add(leftover.entry.token);
    const look = t('Look…');
    const answer = await vscode.window.showWarningMessage(t('Gaia was interrupted while making “{0}”. What it made so far is still there.', leftover.entry.name), look, t('Later'));
    if (answer === look) await settle(parts, leftover);
  }
}

/** Only a small folder is read while the other one works; the machines are asked for when it has ended. */
function lookAgain(parts: Parts, provider: string, afterMs: number): void {
  const again = async (): Promise<void> => {
    if (await journalOf(parts).isBusyElsewhere()) {
      lookAgain(parts, provider, lookAgainMs);
      return;
    }
    await parts.fleet.refresh();
    await offerLeftovers(parts, provider);
  };
  setTimeout(() => { again().catch((error: unknown) => { parts.log.error(error); }); }, afterMs).unref();
}

/** `gaia.cleanUp`: all of them, now. */
export async function cleanUp(parts: Parts): Promise<void> {
  await parts.ensureProviders();
  await parts.fleet.refresh({ fresh: true });
  const { found: all, making } = await leftovers(parts);
  if (all.length === 0 && making) void vscode.window.showInformationMessage(t('What was begun before an interruption is still being made.'));
  else if (all.length === 0) void vscode.window.showInformationMessage(t('Nothing was left by an interruption.'));
  for (const leftover of all) await settle(parts, leftover);
}

/** `making`: something of what was begun is still on its way, and cannot be removed yet. */
async function leftovers(parts: Parts, provider?: string): Promise<{ readonly found: readonly Leftover[]; readonly making: boolean }> {
  const journal = journalOf(parts);
  const found: Leftover[] = [];
  let making = false;
  await parts.marks.bindings.fresh();
  for (const entry of await journal.interrupted()) {
    if (provider !== undefined && entry.provider !== provider) continue;
    const places = parts.fleet.entries().filter(one => one.provider.id === entry.provider);
    // Nothing may be concluded from what did not answer.
    if (places.length === 0 || places.some(one => one.status.kind !== 'ready')) continue;
    const machines = leftBy(entry, places.flatMap(one => one.machines), id => parts.marks.bindings.mayBeOwned(id));
    if (machines.some(({ machine }) => machine.state === 'creating')) {
      making = true;
      continue;
    }
    const lifecycle = places.find(one => entry.connection === undefined || one.provider.connection.id === entry.connection || one.provider.connection.label === entry.connection)?.provider.lifecycle;
    // What a machine stands in is told by it alone; the rest is looked for once nobody can be at it any more.
    const remains = entry.intents.length > 0 && (provider === undefined || Date.now() - entry.startedAt > settleMs) ? await lifecycle?.remains?.(entry.intents, AbortSignal.timeout(60_000)) ?? [] : [];
    if (machines.length > 0 || remains.length > 0) found.push({ entry, machines, remains, lifecycle });
    else if (Date.now() - entry.startedAt > settleMs) await journal.end(entry);
  }
  return { found, making };
}

/** An import goes on in the hypervisor although the one who asked for it has ended. */
const settleMs = 10 * 60_000;

async function settle(parts: Parts, { entry, machines, remains, lifecycle }: Leftover): Promise<void> {
  let kept = false;
  for (const { machine, sure } of machines) {
    const { file } = entry;
    const detail = [
      sure ? t('Gaia began to make this machine, and did not come to its end.') : t('It came after Gaia began to make a machine of this name, so it is most likely that one. Look at it first.'),
      file === undefined ? t('Removing deletes its disks. Keeping leaves it as it is.') : t('Removing deletes its disks. Keeping makes it the file\'s own: plan and apply bring it to what the file says.'),
    ].join('\n\n');
    const answer = await ask(t('“{0}” was left half made ({1}). Remove it?', machine.name, stateWords[machine.state]()), detail, [{ title: file === undefined ? t('Keep') : t('Keep for the File'), value: 'keep' as const }, { title: t('Remove with Disks'), value: 'remove' as const }]);
    if (answer === undefined) return;
    if (answer === 'keep') {
      const { bindings, turns, unfinished } = planFeature(parts);
      if (file !== undefined) await turns.take(file, new AbortController().signal, async () => {
        await bindings.bind(file, entry.name, machine.id);
        await unfinished.begin(machine.id);
      });
      kept = true;
    } else {
      if (machine.state === 'running' || machine.state === 'paused') await act(parts, [{ verb: 'powerOff', id: machine.id }]);
      const [gone] = await act(parts, [{ verb: 'delete', id: machine.id, disks: 'delete' }]);
      if (gone?.error && !GaiaError.is(gone.error, 'notFound')) return;
    }
  }
  // With the machine gone, what lay in its folder shows. What was kept keeps all that is its own.
  const left = kept || machines.length === 0 ? remains : await lifecycle?.remains?.(entry.intents, AbortSignal.timeout(60_000)) ?? [];
  if (left.length > 0) {
    const what = left.map(one => `• ${labelOf(one)}`).join('\n');
    const answer = machines.length > 0 && !kept ? true : await ask(t('Remove what else was made for “{0}”?', entry.name), what, [{ title: t('Remove'), value: true }]);
    if (answer === undefined) return;
    await lifecycle?.removeRemains?.(left, { signal: AbortSignal.timeout(10 * 60_000), progress: () => undefined, output: line => { parts.log.info(line); } });
  }
  await journalOf(parts).end(entry);
}

function labelOf(intent: Intent): string {
  switch (intent.kind) {
    case 'network': return intent.name ?? '';
    case 'snapshot': return t('Snapshot “{0}”', intent.name);
    case 'machine': return intent.id;
    default: return intent.path;
  }
}
