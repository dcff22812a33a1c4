// What the preview has to show for a parsed file: its tabs, and each tab's text in blocks, so that an edit moves one block. Pure.
import type { CommandText } from '../../machines/provider.ts';
import type { GeneratedVagrantfile } from '../../vagrant/generate.ts';
import type { BlockView, NoteView, TabView } from '../../../webview/preview/messages.ts';
import { t } from '../l10n.ts';

export const vagrantfileTab = 'vagrantfile';
export const commandsTab = 'commands';

/** The Vagrantfile; a setup script for each WSL machine; the commands Gaia itself would run. */
export function tabsOf(generated: GeneratedVagrantfile): readonly TabView[] {
  return [
    { id: vagrantfileTab, label: 'Vagrantfile', language: 'ruby' },
    ...generated.setupScripts.map((script): TabView => ({ id: `script:${script.name}`, label: script.fileName, language: 'powershell' })),
    { id: commandsTab, label: t('Commands'), language: 'shell' },
  ];
}

/** A Vagrantfile in blocks: what is before the machines, each machine, what is after. Joined by line ends they are the text. */
export function vagrantfileBlocks(generated: GeneratedVagrantfile): readonly BlockView[] {
  const lines = generated.text.replace(/\n$/, '').split('\n');
  const { machines } = generated.sourceMap;
  const starts = [0, ...machines.map(machine => machine.line), ...machines.length > 0 ? [lastLine(generated)] : []];
  const bounds = [...new Set(starts)].filter(start => start < lines.length);
  return bounds.map((start, index) => ({ text: lines.slice(start, bounds[index + 1] ?? lines.length).join('\n') }));
}

function lastLine(generated: GeneratedVagrantfile): number {
  const last = generated.sourceMap.machines.at(-1);
  return last ? last.line + last.count : 0;
}

export function textBlocks(text: string): readonly BlockView[] {
  return text.replace(/\r\n/g, '\n').replace(/\n$/, '').split(/\n(?=\n)/).map(part => ({ text: part }));
}

/** The commands of each machine under its name. */
export function commandBlocks(machines: readonly { readonly name: string; readonly commands: readonly CommandText[]; readonly problem?: string }[]): readonly BlockView[] {
  return machines.map(({ name, commands, problem }) => ({
    text: [`# ${name}`, ...problem === undefined ? [] : [`# ${problem}`], ...commands.flatMap(command => [...command.comment === undefined ? [] : [`# ${command.comment}`], command.text]), ''].join('\n'),
  }));
}

/** The blocks that differ between two renderings: one stretch, from the first to the last that does. undefined = none. */
export function blockDelta(before: readonly BlockView[], after: readonly BlockView[]): { readonly start: number; readonly remove: number; readonly blocks: readonly BlockView[] } | undefined {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start]?.text === after[start]?.text) start++;
  let same = 0;
  while (same < most - start && before[before.length - 1 - same]?.text === after[after.length - 1 - same]?.text) same++;
  if (start === before.length && start === after.length) return undefined;
  return { start, remove: before.length - start - same, blocks: after.slice(start, after.length - same) };
}

/** What of the config the Vagrantfile does not say, or Vagrant will not take: one entry for each text, in the order of the file. */
export function notesOf(generated: GeneratedVagrantfile): readonly (NoteView & { readonly offset: number })[] {
  const seen = new Set<string>();
  return [...generated.problems].sort((a, b) => a.range.offset - b.range.offset).flatMap(problem => {
    const text = t(problem.message, ...problem.values ?? []);
    return seen.has(text) || !seen.add(text) ? [] : [{ severity: problem.severity, text, offset: problem.range.offset }];
  });
}
