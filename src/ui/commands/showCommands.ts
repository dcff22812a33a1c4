// "Show Commands": exactly what an action would run, as a document, without running it.
import * as vscode from 'vscode';
import type { Action, Verb } from '../../machines/actions.ts';
import { isEligible } from '../../machines/eligibility.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { CommandText } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { verbWords } from '../words.ts';
import { choose } from './inputs.ts';
import type { Arguments, Target } from './targets.ts';
import { targetsOf } from './targets.ts';

type Sample = (target: Target, parts: Parts) => Action;

const samples: Partial<Record<Verb, Sample>> = {
  start: ({ machine: { id } }) => ({ verb: 'start', id }),
  shutDown: ({ machine: { id } }, parts) => ({ verb: 'shutDown', id, timeoutMs: parts.settings.shutDownTimeoutMs }),
  powerOff: ({ machine: { id } }) => ({ verb: 'powerOff', id }),
  reset: ({ machine: { id } }) => ({ verb: 'reset', id }),
  reboot: ({ machine: { id } }) => ({ verb: 'reboot', id }),
  pause: ({ machine: { id } }) => ({ verb: 'pause', id }),
  resume: ({ machine: { id } }) => ({ verb: 'resume', id }),
  suspend: ({ machine: { id } }) => ({ verb: 'suspend', id }),
  snapshot: ({ machine: { id } }) => ({ verb: 'snapshot', id, name: 'before-change' }),
  clone: ({ machine: { id, name } }) => ({ verb: 'clone', id, options: { name: `${name}-clone` } }),
  rename: ({ machine: { id, name } }) => ({ verb: 'rename', id, name: `${name}-new` }),
  resize: ({ machine: { id, cpus, memoryMiB } }) => ({ verb: 'resize', id, size: { cpus: cpus ?? 1, memoryMiB: memoryMiB ?? 1024 } }),
  delete: ({ machine: { id } }) => ({ verb: 'delete', id, disks: 'delete' }),
};

export async function showCommands(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'showCommands', title: t('Show Commands') }, args);
  if (!target) return;
  const { machine, provider } = target;
  const possible = (Object.keys(samples) as Verb[]).filter(verb => isEligible(verb, machine, provider));
  const verb = await choose(t('The commands for what?'), possible.map(candidate => ({ label: verbWords[candidate].doing(machine.name), detail: '', value: candidate })));
  const sample = verb && samples[verb];
  if (!sample) return;
  try {
    await openCommands(await provider.commands(sample(target, parts), AbortSignal.timeout(30_000)), verbWords[verb].doing(machine.name));
  } catch (error) {
    void showFailure(parts, asGaiaError(error).about(machine.name));
  }
}

/** Opens the commands as a document of their language. Nothing is run. */
export async function openCommands(commands: readonly CommandText[], title: string): Promise<void> {
  const language = commands[0]?.language ?? 'shell';
  const mark = '#';
  const text = [
    `${mark} ${title}`,
    ...commands.length === 0 ? [`${mark} ${t('Nothing would be run.')}`] : [],
    ...commands.flatMap(command => [...command.comment === undefined ? [] : ['', `${mark} ${t(command.comment)}`], command.text]),
    '',
  ].join('\n');
  const document = await vscode.workspace.openTextDocument({ language: { shell: 'shellscript', powershell: 'powershell', http: 'http' }[language], content: text });
  await vscode.window.showTextDocument(document, { preview: true });
}
