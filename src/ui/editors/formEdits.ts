// A click or a keystroke in the form → the fewest text edits of the document. Pure.
import { documentPath, insertElement, moveElement, removeValue, setValue } from '../../config/edit.ts';
import type { TextEdit } from '../../config/edit.ts';
import type { ParsedConfig, ParsedMachine } from '../../config/model.ts';
import { knownProviders, propertyAt } from '../../config/schema.ts';
import type { FromPage } from '../../../webview/form/messages.ts';
import { t } from '../l10n.ts';
import { kindOf, readField } from './fieldValue.ts';
import { lists, valueAt } from './formView.ts';

export type Edited = { readonly edits: readonly TextEdit[] } | { readonly refused: string };

export type FormChange = Exclude<FromPage, { readonly type: 'select' | 'text' }>;

export function formEdits(parsed: ParsedConfig, change: FormChange): Edited {
  if (change.type === 'addMachine') return addMachine(parsed);
  const machine = parsed.machines[change.machine];
  if (!machine) return { edits: [] };
  switch (change.type) {
    case 'set': return set(parsed, machine, change.path, change.value);
    case 'add': {
      const value = lists.find(list => change.path.at(-1) === list.key)?.kinds().find(kind => kind.id === change.kind)?.value;
      const present = valueAt(machine.own, change.path.slice(1));
      return { edits: value === undefined ? [] : insertElement(parsed.text, documentPath(machine, change.path), Array.isArray(present) ? present.length : 0, value) };
    }
    case 'remove': return { edits: removeValue(parsed.text, documentPath(machine, [...change.path, change.index])) };
    case 'move': return { edits: moveElement(parsed.text, documentPath(machine, change.path), change.from, change.to) };
    case 'removeMachine': return machine.path.length === 0 ? { refused: t('A file of one machine cannot lose it: delete the file instead.') } : { edits: removeValue(parsed.text, machine.path) };
  }
}

function set(parsed: ParsedConfig, machine: ParsedMachine, path: readonly (string | number)[], typed: string): Edited {
  const whole = { name: machine.name, provider: machine.provider, config: machine.own };
  const schema = propertyAt(whole, path) ?? {};
  const present = path[0] === 'config' ? valueAt(machine.own, path.slice(1)) : valueAt(whole, path);
  if (path.length === 1) return setOwn(parsed, machine, String(path[0]), typed);
  const read = readField(schema, kindOf(String(path.at(-1)), schema, present), typed, present);
  if ('refused' in read) return read;
  return { edits: present === read.value ? [] : setValue(parsed.text, documentPath(machine, path), read.value) };
}

/** Name and provider: never taken away. */
function setOwn(parsed: ParsedConfig, machine: ParsedMachine, key: string, typed: string): Edited {
  const value = typed.trim();
  if (value === '') return { refused: key === 'name' ? t('A machine needs a name.') : t('A machine needs a provider.') };
  if (key === 'provider' && !(knownProviders as readonly string[]).includes(value)) return { refused: t('Gaia knows no provider “{0}”.', value) };
  return { edits: setValue(parsed.text, documentPath(machine, [key]), value) };
}

/** Another machine in the file. A file of one machine becomes a file of several, its text as it was. */
function addMachine(parsed: ParsedConfig): Edited {
  const names = new Set(parsed.machines.map(machine => machine.name));
  let number = parsed.machines.length + 1;
  while (names.has(`machine${String(number)}`)) number++;
  const made = { name: `machine${String(number)}`, provider: parsed.machines[0]?.provider ?? 'virtualbox', config: { box: 'bento/ubuntu-24.04', cpus: 2, memory: 2048 } };
  const [only] = parsed.machines;
  if (only?.path.length !== 0) return { edits: insertElement(parsed.text, ['machines'], parsed.machines.length, made) };
  const inner = parsed.text.slice(only.range.offset, only.range.offset + only.range.length).replaceAll('\n', '\n    ');
  const added = JSON.stringify(made, undefined, 2).replaceAll('\n', '\n    ');
  return { edits: [{ offset: only.range.offset, length: only.range.length, content: `{\n  "machines": [\n    ${inner},\n    ${added}\n  ]\n}` }] };
}
