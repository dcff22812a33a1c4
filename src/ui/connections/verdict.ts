// The test of a connection in words: what works, what does not, and what to do about it.
import * as vscode from 'vscode';
import type { Diagnosis, Problem } from '../../machines/provider.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { t } from '../l10n.ts';

export interface Verdict {
  readonly usable: boolean;
  readonly text: string;
  readonly problems: readonly string[];
}

/** Logs in, looks at the rights, lists: with progress, and a cancel that throws GaiaError `cancelled`. */
export async function testConnection(provider: ProxmoxProvider): Promise<Verdict> {
  const { label } = provider.connection;
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Testing the connection “{0}”', label) }, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => { abort.abort(); });
    progress.report({ message: t('logging in…') });
    const diagnosis = await provider.reconnect(abort.signal);
    if (!diagnosis.usable) return verdictOf(diagnosis, t('“{0}” does not work.', label));
    progress.report({ message: t('reading machines…') });
    const machines = await provider.list(abort.signal);
    const nodes = provider.cluster.latest()?.nodes.length ?? 0;
    return verdictOf(diagnosis, t('“{0}” works: Proxmox VE {1}, nodes: {2}, machines: {3}.', label, diagnosis.version ?? '', nodes, machines.length));
  });
}

function verdictOf(diagnosis: Diagnosis, text: string): Verdict {
  return { usable: diagnosis.usable, text, problems: diagnosis.problems.map(sayProblem) };
}

function sayProblem({ message, hint, values = [] }: Problem): string {
  return hint === undefined ? t(message, ...values) : `${t(message, ...values)} ${t(hint, ...values)}`;
}
