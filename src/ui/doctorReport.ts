// The doctor's report as markdown. Pure.
import type { FleetEntry } from '../machines/fleet.ts';
import type { Diagnosis, Problem, Provider } from '../machines/provider.ts';
import { t } from './l10n.ts';
import { connectionLabel } from './tree/forest.ts';

export interface Surroundings {
  readonly gaia: string;
  readonly vscode: string;
  readonly app: string;
  readonly platform: string;
  readonly node: string;
  readonly remote: string;
  readonly trusted: boolean;
}

export function doctorReport(answers: readonly { readonly provider: Provider; readonly diagnosis: Diagnosis; readonly entry?: FleetEntry | undefined }[], here: Surroundings): string {
  const lines = [
    `# ${t('Gaia: what works on this computer')}`, '',
    `- Gaia ${here.gaia}, ${here.app} ${here.vscode}, ${here.platform}, Node ${here.node}${here.remote === '' ? '' : `, ${t('remote')}: ${here.remote}`}`,
    ...here.trusted ? [] : [`- ${t('This workspace is not trusted: its own settings for paths of tools are ignored.')}`],
    '',
  ];
  for (const { provider, diagnosis, entry } of answers) {
    lines.push(`## ${diagnosis.usable ? '✅' : '❌'} ${connectionLabel(provider)}`, '');
    lines.push(diagnosis.usable ? `- ${t('Usable')}${diagnosis.version === undefined ? '' : `: ${diagnosis.version}`}` : `- ${t('Not usable')}`);
    if (entry?.status.kind === 'ready') lines.push(`- ${t('{0} machines', entry.machines.length)}${entry.listDurationMs === undefined ? '' : `, ${t('listed in {0} ms', Math.round(entry.listDurationMs))}`}`);
    for (const problem of diagnosis.problems) lines.push(...problemLines(problem));
    lines.push('');
  }
  if (answers.length === 0) lines.push(t('No provider is registered.'), '');
  return lines.join('\n');
}

function problemLines(problem: Problem): readonly string[] {
  const values = problem.values ?? [];
  return [
    `- ${problem.severity === 'error' ? '❌' : '⚠️'} ${t(problem.message, ...values)} (\`${problem.code}\`)`,
    ...problem.hint === undefined ? [] : [`  - ${t(problem.hint, ...values)}`],
    ...(problem.actions ?? []).flatMap(action => (action.url !== undefined ? [`  - ${t(action.title)}: ${action.url}`] : typeof action.args?.[0] === 'string' ? [`  - ${t(action.title)}: \`${action.args[0]}\``] : [])),
    ...problem.raw === undefined ? [] : ['', '  ```', ...problem.raw.trim().split('\n').map(line => `  ${line}`), '  ```', ''],
  ];
}
