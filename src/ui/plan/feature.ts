// Plan and apply, put together: one view, one store of bindings, the images. Made when first used.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { createImages } from '../../images/images.ts';
import type { Images } from '../../images/images.ts';
import type { Parts } from '../parts.ts';
import { BindingStore } from './bindings.ts';
import { PlanView } from './planView.ts';

export interface PlanFeature {
  readonly bindings: BindingStore;
  readonly view: PlanView;
  readonly images: Images;
}

let made: PlanFeature | undefined;

export function planFeature(parts: Parts): PlanFeature {
  if (made) return made;
  const view = new PlanView();
  parts.context.subscriptions.push(view);
  made = {
    bindings: new BindingStore(parts.context.globalState),
    view,
    images: createImages({ cacheFolder: cacheFolder(parts), record: parts.log.record }),
  };
  return made;
}

/** `gaia.images.folder`, else the extension's own storage. */
function cacheFolder(parts: Parts): string {
  const chosen = vscode.workspace.getConfiguration('gaia').get<string>('images.folder', '').trim();
  return chosen !== '' && path.isAbsolute(chosen) ? chosen : path.join(parts.context.globalStorageUri.fsPath, 'images');
}
