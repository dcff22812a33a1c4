// Workspace Trust: what a file of a workspace may make happen.
import * as vscode from 'vscode';
import { GaiaError } from '../machines/errors.ts';

/** A file may run scripts, also on this computer (provisioners, Vagrant). Throws `noPermission` in a workspace that is not trusted. */
export function needTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new GaiaError('noPermission', {
    message: 'Files of this workspace are not applied: it is not trusted.', hint: 'Looking at them, and driving the machines that you have, works.',
    actions: [{ title: 'Manage Workspace Trust', command: 'workbench.trust.manage' }],
  });
}
