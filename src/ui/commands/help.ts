// When something is wrong: the log, the doctor's report, the tool's own words; and what the rows of advice do when clicked.
import * as vscode from 'vscode';
import type { Diagnosis, Provider } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import { showProblem as showProblemDialog } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { doctorReport } from '../doctorReport.ts';
import type { Arguments } from './targets.ts';
import { isNode } from './targets.ts';

const patienceMs = 30_000;

export function showLog(parts: Parts): void {
  parts.log.show();
}

/** Asks every provider whether it is usable, and opens what they say as a document that can be put into a bug report. */
export async function doctor(parts: Parts): Promise<void> {
  const report = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: t('Checking this computer'), cancellable: false }, async () => {
    await parts.ensureProviders();
    const answers = await Promise.all(parts.registry.all().map(async provider => ({ provider, diagnosis: await diagnose(provider), entry: parts.fleet.entry(provider) })));
    return doctorReport(answers, {
      gaia: (parts.context.extension.packageJSON as { version: string }).version, vscode: vscode.version, app: vscode.env.appName, platform: `${process.platform} ${process.arch}`, node: process.version,
      remote: vscode.env.remoteName ?? '', trusted: vscode.workspace.isTrusted,
    });
  });
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: report });
  await vscode.window.showTextDocument(document);
}

async function diagnose(provider: Provider): Promise<Diagnosis> {
  try {
    return await provider.diagnose(AbortSignal.timeout(patienceMs));
  } catch (error) {
    return { usable: false, problems: [{ severity: 'error', code: 'gaia.didNotAnswer', message: 'It did not answer.', raw: error instanceof Error ? error.message : String(error) }] };
  }
}

/** Types a command into a terminal and leaves it to the person to press Enter. */
export function runInTerminal(_parts: Parts, [command]: Arguments): void {
  if (typeof command !== 'string') return;
  const terminal = vscode.window.createTerminal({ name: 'Gaia' });
  terminal.show();
  terminal.sendText(command, false);
}

export async function openLink(_parts: Parts, [url]: Arguments): Promise<void> {
  if (typeof url === 'string' && /^https?:\/\//.test(url)) await vscode.env.openExternal(vscode.Uri.parse(url));
}

export async function showProblem(_parts: Parts, [problem]: Arguments): Promise<void> {
  const given = isNode(problem) && problem.kind === 'notice' ? problem.notice.command?.args?.[0] : problem;
  if (typeof given !== 'object' || given === null) return;
  const { message, raw } = given as { message?: unknown; raw?: unknown };
  if (typeof message === 'string') await showProblemDialog({ message, raw: typeof raw === 'string' ? raw : '' });
}
