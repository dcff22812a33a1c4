// The one way in which machines go: look what would be lost, say so, and only then do it.
import * as vscode from 'vscode';
import type { Action } from '../../machines/actions.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { DeletionPreview } from '../../machines/provider.ts';
import { act } from '../act.ts';
import { ask, namesOf } from '../confirm.ts';
import { deletionDetail, refusals } from '../deletion.ts';
import type { Previewed } from '../deletion.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import type { Target } from './targets.ts';

/** How long a look at what a question needs may take, in ms. */
export const lookPatienceMs = 30_000;

/** A kind of deleting: "with or without disks", "purge", … */
export interface WayOfDeleting<T> {
  /** What would be lost; undefined = the provider cannot say. */
  readonly look: (target: Target, signal: AbortSignal) => Promise<DeletionPreview | undefined>;
  readonly question: (names: string) => string;
  readonly choices: (going: readonly Previewed[]) => readonly { readonly title: string; readonly value: T }[];
  readonly action: (id: MachineId, choice: T) => Action;
}

/** Those that are being asked about, or deleted: a key pressed twice is one wish, however long the look at the disks takes. */
const leaving = new Set<MachineId>();

/** Machines that may not go are named and left out. Not knowing what would go is a reason not to go on: the person is told. */
export async function deleteAsked<T>(parts: Parts, wanted: readonly Target[], way: WayOfDeleting<T>): Promise<void> {
  const targets = wanted.filter(({ machine }) => !leaving.has(machine.id));
  if (targets.length === 0) return;
  for (const { machine } of targets) leaving.add(machine.id);
  try {
    const previews = await lookAt(targets, way);
    const refused = refusals(previews);
    const going = previews.filter(({ preview }) => preview.refused === undefined);
    if (going.length === 0) {
      void vscode.window.showErrorMessage(refused);
      return;
    }
    const detail = [deletionDetail(going), refused].filter(part => part !== '').join('\n\n');
    const choice = await ask(way.question(namesOf(going.map(({ target }) => target.machine.name))), detail, way.choices(going));
    if (choice === undefined) return;
    await act(parts, going.map(({ target }) => way.action(target.machine.id, choice)));
  } catch (error) {
    void showFailure(parts, asGaiaError(error));
  } finally {
    for (const { machine } of targets) leaving.delete(machine.id);
  }
}

async function lookAt<T>(targets: readonly Target[], way: WayOfDeleting<T>): Promise<readonly (Previewed & { readonly target: Target })[]> {
  return vscode.window.withProgress({ location: { viewId: 'gaia.machines' } }, () => Promise.all(targets.map(async target => {
    const preview = await way.look(target, AbortSignal.timeout(lookPatienceMs));
    return { target, preview: preview ?? { disks: [], snapshots: 0 } };
  })));
}
