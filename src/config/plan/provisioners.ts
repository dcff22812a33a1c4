// What will run inside a machine after its first start, as rows of a plan; and what of it will not run, and why.
import type { Difference } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { machineKind } from '../kinds.ts';
import { isObject } from '../merge.ts';
import { phrase } from '../phrase.ts';
import type { PlanStep } from './model.ts';

type Values = Readonly<Record<string, unknown>>;

/** What each type does, in one line. Those that are not here are Vagrant's alone, and so are some that are. */
const whatOf: Readonly<Record<string, (values: Values) => string>> = {
  shell: ({ path, inline }) => text(path) ?? firstLine(inline),
  file: ({ source, destination }) => `${text(source) ?? ''} → ${text(destination) ?? ''}`,
  ansible: ({ playbook }) => text(playbook) ?? '',
  ansible_local: ({ playbook }) => text(playbook) ?? '',
  puppet: ({ manifests_path: folder, manifest_file: file }) => `${text(folder) ?? 'manifests'}/${text(file) ?? 'default.pp'}`,
  ...Object.fromEntries(['chef', 'chef_solo', 'chef_zero', 'chef_client'].map(type => [type, ({ run_list: list }: Values) => (Array.isArray(list) ? list.map(String).join(', ') : '')])),
};
const run: ReadonlySet<string> = new Set(['shell', 'file', 'ansible']);
const longestLine = 60;

/** `provisioner 1`: `shell packages: ./setup.sh`. `provisioners`: as they stand in the file. */
export function provisionerRows(provisioners: unknown): readonly Difference[] {
  return atFirst(provisioners).map(({ values, position }): Difference => {
    const type = typeOf(values);
    const what = whatOf[type]?.(values) ?? '';
    const called = [type, text(values['name'])].filter(Boolean).join(' ');
    return { key: `provisioner ${String(position)}`, after: what === '' ? called : `${called}: ${what}`, effect: 'live' };
  });
}

/** Why some of them, or none, will run. undefined = all do. */
export function whyNotRun(provisioners: unknown, spec: MachineSpec): Pick<PlanStep, 'reason' | 'values'> | undefined {
  const types = atFirst(provisioners).map(({ values }) => typeOf(values));
  if (types.length === 0) return undefined;
  if (spec.start === false) return { reason: phrase('Its provisioners are not run: the file says that it is not started.') };
  if (!canBeReached(spec)) return { reason: phrase('Its provisioners are not run: it has no system yet that could be reached by SSH.') };
  const left = [...new Set(types.filter(type => !run.has(type)))];
  return left.length === 0 ? undefined : { reason: phrase('Gaia does not run {0}: Vagrant can.'), values: [left.join(', ')] };
}

/** An empty machine, or one that boots an installer, has nobody who would answer. */
export function canBeReached(spec: MachineSpec): boolean {
  // A box that does not run: the machine has an empty disk, or is a clone of a template, whose login is not Vagrant's.
  if (spec.source.kind === 'box' && !machineKind(spec.provider).runsBoxes) return spec.cloudInit !== undefined;
  return spec.source.kind === 'box' || (spec.source.kind === 'image' && spec.cloudInit !== undefined);
}

/** Those that a new machine gets, with their place in the list, from 1 on. */
function atFirst(provisioners: unknown): readonly { readonly values: Values; readonly position: number }[] {
  if (!Array.isArray(provisioners)) return [];
  return provisioners.flatMap((one: unknown, index) => (isObject(one) && one['run'] !== 'never' ? [{ values: one, position: index + 1 }] : []));
}

function typeOf(values: Values): string {
  return text(values['type']) ?? 'shell';
}

/** Of a script written in the file: enough to know it by. */
function firstLine(inline: unknown): string {
  const lines = (Array.isArray(inline) ? inline.map(String).join('\n') : typeof inline === 'string' ? inline : '').split(/\r?\n/).map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#!'));
  const [first = ''] = lines;
  return `${first.slice(0, longestLine)}${lines.length > 1 || first.length > longestLine ? ' …' : ''}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
