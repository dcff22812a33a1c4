// Plan and apply, put together: one view, one store of bindings, the images. Made when first used.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { createImages } from '../../images/images.ts';
import type { Images } from '../../images/images.ts';
import type { Parts } from '../parts.ts';
import type { BindingStore } from './bindings.ts';
import { Journal } from './journal.ts';
import { PlanView } from './planView.ts';
import { UnfinishedStore } from './unfinished.ts';

export interface PlanFeature {
  readonly bindings: BindingStore;
  readonly view: PlanView;
  readonly images: Images;
  readonly unfinished: UnfinishedStore;
  readonly journal: Journal;
}

let made: PlanFeature | undefined;

export function planFeature(parts: Parts): PlanFeature {
  if (made) return made;
  const view = new PlanView();
  parts.context.subscriptions.push(view);
  made = {
    bindings: parts.marks.bindings,
    view,
    images: createImages({ cacheFolder: cacheFolder(parts), record: parts.log.record }),
    unfinished: new UnfinishedStore(parts.context.globalState),
    journal: journalOf(parts),
  };
  return made;
}

export function journalOf(parts: Parts): Journal {
  return new Journal(path.join(parts.context.globalStorageUri.fsPath, 'making'));
}

/** `gaia.images.folder`, else the extension's own storage. */
function cacheFolder(parts: Parts): string {
  const chosen = vscode.workspace.getConfiguration('gaia').get<string>('images.folder', '').trim();
  return chosen !== '' && path.isAbsolute(chosen) ? chosen : path.join(parts.context.globalStorageUri.fsPath, 'images');
}
