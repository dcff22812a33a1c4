// `gaia.config.destroy`, `destroyMachine`, `adopt`, `release`: which machines a file has, taken on, let go and deleted. One window at a time.
import * as vscode from 'vscode';
import { adoptable } from '../../config/plan/adopt.ts';
import type { Adoptable } from '../../config/plan/adopt.ts';
import type { Why } from '../../config/plan/whereabouts.ts';
import { parseConfig } from '../../config/parse.ts';
import { machineSpec } from '../../config/spec.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import { act } from '../act.ts';
import { ask, namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { stateWords } from '../words.ts';
import { boundMachines, windowFor } from './apply.ts';
import { documentFor, ofShownPlan, onlyOf, showPlan } from './commands.ts';
import { planFeature } from './feature.ts';
import { entriesOf, worldOf } from './gather.ts';
import { fileNameOf } from './turns.ts';

/** Deletes the machines that the file made, with their disks. Names them first. */
export async function destroy(parts: Parts, args: readonly unknown[]): Promise<void> {
  await showAgain(parts, await inTurn(parts, args[0], (document, signal) => destroyOnce(parts, document, undefined, signal)));
}

/** One of them alone: a row of the plan, or `{ machine: 'web' }`. */
export async function destroyMachine(parts: Parts, args: readonly unknown[]): Promise<void> {
  await showAgain(parts, await inTurn(parts, args[0], async (document, signal) => {
    const name = onlyOf(args) ?? await pickBound(parts, document, t('Destroy: which machine of the file?'));
    return name !== undefined && await destroyOnce(parts, document, name, signal);
  }));
}

/** The plan of the file, where it is on the screen. */
async function showAgain(parts: Parts, document: vscode.TextDocument | undefined): Promise<void> {
  const shown = planFeature(parts).shownView?.shown;
  if (document && shown?.uri.toString() === document.uri.toString()) await showPlan(parts, document, shown.only, false);
}

/** Runs `work` when no window is at work with the file. Resolves with the file when that has resolved with true: something was done. */
async function inTurn(parts: Parts, argument: unknown, work: (document: vscode.TextDocument, signal: AbortSignal) => Promise<boolean>): Promise<vscode.TextDocument | undefined> {
  const document = await documentFor(parts, argument);
  if (!document) return undefined;
  const file = document.uri.toString();
  const { turns, bindings } = planFeature(parts);
  if (turns.has(file)) {
    void vscode.window.showInformationMessage(t('This file is being applied already.'));
    return undefined;
  }
  const done = await turns.take(file, new AbortController().signal, async signal => {
    await parts.ensureProviders();
    await bindings.fresh(file);
    return work(document, signal);
  });
  return done ? document : undefined;
}

async function destroyOnce(parts: Parts, document: vscode.TextDocument, only: string | undefined, signal: AbortSignal): Promise<boolean> {
  const file = document.uri.toString();
  const { bindings } = planFeature(parts);
  await parts.fleet.refresh({ fresh: true });
  const mine = boundMachines(parts, file).filter(({ name }) => only === undefined || name === only);
  if (mine.length === 0) {
    void vscode.window.showInformationMessage(only === undefined ? t('No machine belongs to this file.') : t('“{0}” has no machine that could be destroyed.', only));
    return false;
  }
  const names = mine.map(one => one.name);
  const lines = mine.map(({ name, id }) => {
    const machine = parts.fleet.machine(id);
    return t('• {0}: {1}', machine === undefined || machine.name === name ? name : `${machine.name} (${name})`, machine ? stateWords[machine.state]() : '');
  });
  const on = mine.some(({ id }) => isOn(parts, id));
  const sure = await ask(t('Delete {0} with all disks?', namesOf(names)), [lines.join('\n'), on ? t('Those that run are powered off.') : '', t('This cannot be undone. The file stays.')].filter(part => part !== '').join('\n\n'), [{ title: t('Delete'), value: true }]);
  if (!sure) return false;
  // A linked clone keeps its source from being deleted: clones go first.
  for (const wave of clonesFirst(document.getText(), mine)) {
    signal.throwIfAborted();
    await Promise.all(wave.map(async ({ name, id }) => {
      if (isOn(parts, id)) {
        const [off] = await act(parts, [{ verb: 'powerOff', id }]);
        if (off?.error) return;
      }
      const [gone] = await act(parts, [{ verb: 'delete', id, disks: 'delete' }]);
      if (!gone?.error) await bindings.bind(file, name, undefined);
    }));
  }
  return true;
}

function isOn(parts: Parts, id: MachineId): boolean {
  const state = parts.fleet.machine(id)?.state;
  return state === 'running' || state === 'paused';
}

/** Machines that nothing of the others is cloned from, then what those are cloned from, and so on. */
function clonesFirst<T extends { readonly name: string }>(text: string, machines: readonly T[]): readonly (readonly T[])[] {
  const sourceOf = new Map(parseConfig(text).machines.map(machine => machineSpec(machine)).map(({ name, source }) => [name, source.kind === 'clone' ? source.of : undefined]));
  const waves: (readonly T[])[] = [];
  for (let left = machines; left.length > 0;) {
    const needed = new Set(left.map(({ name }) => sourceOf.get(name)).filter(one => one !== undefined));
    const free = left.filter(({ name }) => !needed.has(name));
    const wave = free.length > 0 ? free : left;
    waves.push(wave);
    left = left.filter(one => !wave.includes(one));
  }
  return waves;
}

/** Makes an existing machine the file's own. Changes nothing about the machine. */
export async function adopt(parts: Parts, args: readonly unknown[]): Promise<void> {
  const adopted = await inTurn(parts, args[0], document => adoptOnce(parts, document, onlyOf(args)));
  if (adopted) await showPlan(parts, adopted, undefined, true);
}

async function adoptOnce(parts: Parts, document: vscode.TextDocument, named: string | undefined): Promise<boolean> {
  const { bindings } = planFeature(parts);
  const file = document.uri.toString();
  await parts.fleet.refresh();
  const specs = parseConfig(document.getText()).machines.map(machine => machineSpec(machine));
  const all = adoptable(specs, bindings.of(file), worldOf(parts.registry, parts.fleet, windowFor(parts, file)));
  const chosen = named === undefined ? await pickAdopter(all) : all.find(one => one.spec.name === named);
  if (!chosen) return false;
  const { spec } = chosen;
  if (chosen.kind === 'own') {
    void vscode.window.showInformationMessage(t('“{0}” has its machine already. Release that one first.', spec.name));
    return false;
  }
  if (chosen.kind === 'blocked') throw refused(chosen.why);
  const candidates = entriesOf(parts.fleet.entries(), spec.provider, spec.connection).filter(entry => entry.status.kind === 'ready').flatMap(entry => entry.machines).filter(machine => !bindings.mayBeOwned(machine.id));
  const picked = await vscode.window.showQuickPick(candidates.map(machine => ({ label: machine.name, description: [machine.path?.join(' / '), machine.state].filter(Boolean).join(' · '), picked: machine.name === spec.name, machine })), { title: t('Which machine is “{0}”?', spec.name) });
  if (!picked) return false;
  await bindings.bind(file, spec.name, picked.machine.id);
  return true;
}

/** What has its machine is not listed. */
async function pickAdopter(all: readonly Adoptable[]): Promise<Adoptable | undefined> {
  const items = all.filter(one => one.kind !== 'own').map(one => ({ label: one.spec.name, description: one.spec.provider, ...one.kind === 'blocked' ? { detail: `$(warning) ${t(one.why.reason ?? '', ...one.why.values ?? [])}` } : {}, one }));
  return (await vscode.window.showQuickPick(items, { title: t('Adopt: which machine of the file?') }))?.one;
}

function refused({ reason = '', values = [], actions = [] }: Why): GaiaError {
  return new GaiaError('protected', { message: reason, values, hint: 'Nothing was changed.', actions });
}

/** The file forgets a machine. Changes nothing about the machine, wherever it is. */
export async function release(parts: Parts, args: readonly unknown[]): Promise<void> {
  const released = await inTurn(parts, args[0], async document => {
    const file = document.uri.toString();
    const { bindings } = planFeature(parts);
    const name = onlyOf(args) ?? await pickBound(parts, document, t('Release: which machine of the file?'));
    if (name === undefined || !bindings.of(file).has(name)) return false;
    const sure = await ask(t('Release the machine of “{0}” from {1}?', name, fileNameOf(file)), t('Nothing happens to the machine itself, wherever it is: it only no longer belongs to the file, and can be adopted again. If the file still has “{0}”, applying makes a new one.', name), [{ title: t('Release'), value: true }]);
    if (sure) await bindings.bind(file, name, undefined);
    return sure === true;
  });
  await showAgain(parts, released);
  if (released) void vscode.window.setStatusBarMessage(`$(check) ${t('It no longer belongs to the file.')}`, saidForMs);
}

const saidForMs = 4000;

async function pickBound(parts: Parts, document: vscode.TextDocument, title: string): Promise<string | undefined> {
  const bound = [...planFeature(parts).bindings.of(document.uri.toString())];
  if (bound.length === 0) void vscode.window.showInformationMessage(t('No machine belongs to this file.'));
  return bound.length === 0 ? undefined : (await vscode.window.showQuickPick(bound.map(([label, id]) => ({ label, description: parts.fleet.machine(id)?.name ?? id })), { title }))?.label;
}

export const destroyShown = ofShownPlan(destroy);
