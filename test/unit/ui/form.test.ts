import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withEdits } from '../../../src/config/edit.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { formEdits } from '../../../src/ui/editors/formEdits.ts';
import type { FormChange } from '../../../src/ui/editors/formEdits.ts';
import { formView, lists } from '../../../src/ui/editors/formView.ts';
import { kindOf, readField, textOf } from '../../../src/ui/editors/fieldValue.ts';
import type { FieldView } from '../../../webview/form/messages.ts';

const web = `{
  // the shop
  "name": "web",
  "provider": "virtualbox",
  "config": {
    "box": "debian/bookworm64", // pinned later
    "cpus": 2,
    "networks": [
      { "type": "forwarded_port", "guest_port": 80, "host_port": 8080 },
      /* inside */ { "type": "private_network", "ip": "192.168.56.10" }
    ],
    "provider_config": { "vram": 128, "odd-key": { "deep": [1] } }
  }
}
`;
const view = (text: string, selected = 0): ReturnType<typeof formView> => {
  const parsed = parseConfig(text);
  return formView(parsed, validateConfig(parsed), selected);
};
const fields = (text: string): readonly FieldView[] => view(text).groups.flatMap(group => [...group.fields, ...group.list?.items.flatMap(item => item.fields) ?? []]);
const field = (text: string, ...path: (string | number)[]): FieldView | undefined => fields(text).find(one => JSON.stringify(one.path) === JSON.stringify(path));
const change = (text: string, message: FormChange): string => {
  const edited = formEdits(parseConfig(text), message);
  if ('refused' in edited) throw new Error(edited.refused);
  return withEdits(text, edited.edits);
};
const set = (text: string, path: (string | number)[], value: string): string => change(text, { type: 'set', machine: 0, path, value });

describe('the form of a file', () => {
  it('has the groups of the language and the values of the machine', () => {
    expect(view(web).groups.map(group => group.id)).toEqual(['basics', 'resources', 'networks', 'disks', 'synced_folders', 'provisioners', 'triggers', 'options', 'cloud_init', 'advanced']);
    expect(field(web, 'name')).toMatchObject({ kind: 'text', value: 'web' });
    expect(field(web, 'config', 'cpus')).toMatchObject({ kind: 'text', label: 'CPUs', value: '2' });
    expect(field(web, 'config', 'networks', 0, 'host_port')?.value).toBe('8080');
  });

  it('has a field for every key that stands in the machine, so that nothing is hidden', () => {
    const paths = new Set(fields(web).map(one => JSON.stringify(one.path)));
    for (const key of ['box', 'cpus']) expect(paths).toContain(JSON.stringify(['config', key]));
    expect(field(web, 'config', 'provider_config', 'odd-key')).toMatchObject({ kind: 'raw', value: '{"deep":[1]}' });
  });

  it('shows what comes from the defaults as what holds when the field is left empty', () => {
    const text = '{ "defaults": { "config": { "memory": 4096 } }, "machines": [ { "name": "a", "provider": "virtualbox", "config": {} } ] }';
    expect(field(text, 'config', 'memory')).toMatchObject({ value: '', placeholder: '4096 (from the defaults)' });
  });

  it('shows a script of a trigger as fields of their own', () => {
    const text = web.replace('"cpus": 2,', '"cpus": 2, "triggers": [{ "before": "up", "run": { "inline": "echo hi", "odd": 1 } }],');
    expect(field(text, 'config', 'triggers', 0, 'before')).toMatchObject({ kind: 'choice', value: 'up' });
    expect(field(text, 'config', 'triggers', 0, 'run', 'inline')).toMatchObject({ label: 'Run: inline', value: 'echo hi' });
    expect(field(text, 'config', 'triggers', 0, 'run', 'odd')?.value).toBe('1');
    expect(set(text, ['config', 'triggers', 0, 'run', 'inline'], 'echo ho')).toBe(text.replace('echo hi', 'echo ho'));
    expect(parseConfig(set(text, ['config', 'triggers', 0, 'run_remote', 'path'], 'a.sh')).machines[0]?.config['triggers']).toEqual([{ before: 'up', run: { inline: 'echo hi', odd: 1 }, run_remote: { path: 'a.sh' } }]);
  });

  it('keeps a choice that is none of the known ones', () => {
    const text = web.replace('"cpus": 2,', '"cpus": 2, "provisioners": [{ "type": "vai", "mode": "x" }],');
    expect(field(text, 'config', 'provisioners', 0, 'type')).toMatchObject({ kind: 'choice', value: 'vai' });
    expect(set(text, ['config', 'provisioners', 0, 'type'], 'vai')).toBe(text);
  });

  it('shows a problem at its field', () => {
    expect(field(web.replace('"cpus": 2', '"cpus": 999'), 'config', 'cpus')?.problem?.severity).toBe('error');
  });
});

describe('a change in the form', () => {
  it('is the fewest text edits: comments and order stay', () => {
    expect(set(web, ['config', 'cpus'], '4')).toBe(web.replace('"cpus": 2', '"cpus": 4'));
    expect(set(web, ['config', 'networks', 0, 'host_port'], '9090')).toBe(web.replace('8080', '9090'));
  });

  it('to the same value edits nothing', () => {
    expect(set(web, ['config', 'cpus'], '2')).toBe(web);
  });

  it('left empty takes the key away', () => {
    const text = set(web, ['config', 'cpus'], '');
    expect(parseConfig(text).machines[0]?.config['cpus']).toBeUndefined();
    expect(text).toContain('// pinned later');
  });

  it.each([
    [['config', 'cpus'], 'two'], [['config', 'cpus'], '0'], [['config', 'cpus'], '1.5'], [['config', 'networks', 0, 'host_port'], '70000'], [['name'], ' '], [['provider'], 'vmware'], [['config', 'provider_config', 'odd-key'], 'x'],
  ])('%j = "%s" is refused with a word and changes nothing', (path, value) => {
    const edited = formEdits(parseConfig(web), { type: 'set', machine: 0, path, value });
    expect(edited).toHaveProperty('refused');
  });

  it('adds, moves and removes entries of a list', () => {
    const added = change(web, { type: 'add', machine: 0, path: ['config', 'provisioners'], kind: 'shell' });
    expect(parseConfig(added).machines[0]?.config['provisioners']).toEqual([{ type: 'shell', inline: ['echo hello'] }]);
    const moved = change(web, { type: 'move', machine: 0, path: ['config', 'networks'], from: 0, to: 1 });
    expect((parseConfig(moved).machines[0]?.config['networks'] as { type: string }[]).map(one => one.type)).toEqual(['private_network', 'forwarded_port']);
    const removed = change(web, { type: 'remove', machine: 0, path: ['config', 'networks'], index: 0 });
    expect(parseConfig(removed).machines[0]?.config['networks']).toHaveLength(1);
  });

  it('adds a machine to a file of one, and the first stays as it was', () => {
    const text = change(web, { type: 'addMachine' });
    const parsed = parseConfig(text);
    expect(parsed.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(parsed.machines.map(machine => machine.name)).toEqual(['web', 'machine2']);
    expect(parsed.machines[0]?.config).toEqual(parseConfig(web).machines[0]?.config);
    expect(text).toContain('// the shop');
  });

  it('never loses the only machine of a file', () => {
    expect(formEdits(parseConfig(web), { type: 'removeMachine', machine: 0 })).toHaveProperty('refused');
  });

  it('of any field leaves every other value and all comments', () => {
    const editable = fields(web).filter(one => one.kind !== 'raw' && one.path[0] === 'config');
    fc.assert(fc.property(fc.constantFrom(...editable), fc.string({ unit: 'grapheme' }), (target, typed) => {
      const edited = formEdits(parseConfig(web), { type: 'set', machine: 0, path: target.path, value: typed });
      if ('refused' in edited) return;
      const text = withEdits(web, edited.edits);
      const after = parseConfig(text);
      expect(after.problems.filter(problem => problem.severity === 'error')).toEqual([]);
      expect(text).toContain('// the shop');
      expect(text).toContain('{ "deep": [1] }');
      const others = fields(web).filter(one => JSON.stringify(one.path) !== JSON.stringify(target.path) && one.value !== '' && one.path[0] === 'config' && one.path[2] !== target.path[2]);
      for (const other of others) expect(field(text, ...other.path)?.value).toBe(other.value);
    }), { numRuns: 60 });
  });
});

describe('what a list offers to add', () => {
  it.each(lists.flatMap(list => list.kinds().map(kind => [list.key, kind.id, kind.value] as const)))('%s %s is valid', (key, _id, value) => {
    const parsed = parseConfig(JSON.stringify({ name: 'a', provider: 'virtualbox', config: { box: 'x/y', [key]: [value] } }));
    expect(validateConfig(parsed)).toEqual([]);
  });
});

describe('a field', () => {
  it('keeps lines as lines and a plain text as a plain text', () => {
    const schema = { type: ['string', 'array'], items: { type: 'string' } };
    expect(kindOf('inline', schema, ['a', 'b'])).toBe('lines');
    expect(textOf(['a', 'b'], 'lines')).toBe('a\nb');
    expect(readField(schema, 'lines', 'a', 'x')).toEqual({ value: 'a' });
    expect(readField(schema, 'lines', 'a', ['x'])).toEqual({ value: ['a'] });
  });

  it('shows what it has no control for, and does not take it', () => {
    expect(kindOf('inline', { type: ['string', 'array'], items: { type: 'string' } }, ['a\nb'])).toBe('raw');
    expect(kindOf('x', { type: 'object' }, { a: 1 })).toBe('raw');
    expect(readField({ type: 'object' }, 'raw', 'x', undefined)).toHaveProperty('refused');
  });

  it('takes a number with a unit as text where the language allows it', () => {
    expect(readField({ type: ['string', 'integer'] }, 'text', '64G', undefined)).toEqual({ value: '64G' });
    expect(readField({ type: ['string', 'integer'] }, 'text', '65536', undefined)).toEqual({ value: 65536 });
  });
});
