// Plan and apply, put together: one view, one store of bindings, the images. Made when first used, each part by itself.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { createImages } from '../../images/images.ts';
import type { Images } from '../../images/images.ts';
import type { Parts } from '../parts.ts';
import type { BindingStore } from './bindings.ts';
import { Journal } from './journal.ts';
import { PlanTexts } from './planText.ts';
import { PlanView } from './planView.ts';
import { commandsOfStep } from './stepCommands.ts';
import { Turns } from './turns.ts';
import { UnfinishedStore } from './unfinished.ts';

export interface PlanFeature {
  readonly bindings: BindingStore;
  /** Made when something is to be shown. */
  readonly view: PlanView;
  /** The view, where there is one already. */
  readonly shownView: PlanView | undefined;
  readonly texts: PlanTexts;
  /** One apply, destroy or adopt of a file at a time, in all windows. */
  readonly turns: Turns;
  readonly images: Images;
  readonly unfinished: UnfinishedStore;
  readonly journal: Journal;
}

let made: PlanFeature | undefined;

export function planFeature(parts: Parts): PlanFeature {
  if (made) return made;
  let view: PlanView | undefined;
  let texts: PlanTexts | undefined;
  made = {
    get texts() {
      if (!texts) parts.context.subscriptions.push(texts = new PlanTexts());
      return texts;
    },
    bindings: parts.marks.bindings,
    get view() {
      return view ??= createView(parts);
    },
    get shownView() {
      return view;
    },
    turns: new Turns(path.join(parts.context.globalStorageUri.fsPath, 'applying')),
    images: createImages({ cacheFolder: cacheFolder(parts), record: parts.log.record }),
    unfinished: unfinishedOf(parts),
    journal: journalOf(parts),
  };
  return made;
}

let unfinished: UnfinishedStore | undefined;

/** One store, as its writes follow each other. */
export function unfinishedOf(parts: Parts): UnfinishedStore {
  return unfinished ??= new UnfinishedStore({ folder: path.join(parts.context.globalStorageUri.fsPath, 'unfinished'), old: parts.context.globalState });
}

const commandPatienceMs = 30_000;

function createView(parts: Parts): PlanView {
  const view = new PlanView(step => commandsOfStep(parts, step, AbortSignal.timeout(commandPatienceMs)));
  parts.context.subscriptions.push(view, vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (contentChanges.length > 0) view.textChanged(document.uri);
  }));
  return view;
}

let journal: Journal | undefined;

/** One journal: it knows which entries are this process's own work. */
export function journalOf(parts: Parts): Journal {
  return journal ??= new Journal(path.join(parts.context.globalStorageUri.fsPath, 'making'));
}

/** `gaia.images.folder`, else the extension's own storage. */
function cacheFolder(parts: Parts): string {
  const chosen = vscode.workspace.getConfiguration('gaia').get<string>('images.folder', '').trim();
  return chosen !== '' && path.isAbsolute(chosen) ? chosen : path.join(parts.context.globalStorageUri.fsPath, 'images');
}
