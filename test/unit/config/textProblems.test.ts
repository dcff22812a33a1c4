// Every code that docs/config.md lists beside those of the checks: files in which it is said, and near ones in which it is not.
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileChecks, machineChecks } from '../../../src/config/check.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { validateConfig } from '../../../src/config/validate.ts';

const machine = (config = '{}'): string => `{ "name": "m", "provider": "virtualbox", "config": ${config} }`;
const cases: Readonly<Record<string, { readonly fires: readonly string[]; readonly silent: readonly string[] }>> = {
  'duplicate-key': { fires: [machine('{ "cpus": 1, "cpus": 2 }'), `{ "machines": [${machine('{ "box": "a", "box": "b" }')}] }`], silent: [machine('{ "cpus": 1, "networks": [{ "type": "public_network" }, { "type": "public_network" }] }')] },
  empty: { fires: ['', '  \n', '// nothing yet'], silent: ['{}', machine()] },
  'not-text': { fires: ['\u007fELF\0\0'], silent: [machine(), '{ "name": "a\\u0000" }'] },
  schema: { fires: [machine('{ "cpus": "two" }'), machine('{ "memory": 1 }'), machine('{ "provisioners": [{ "type": 5 }] }'), machine('{ "triggers": [{ "before": 7 }] }')], silent: [machine('{ "cpus": 2, "memory": 512, "provisioners": [{ "type": "vai", "any": 1 }], "triggers": [{ "before": ["up", "my_action"] }] }')] },
  shape: { fires: ['[]', '7', '{ "machines": {} }', '{ "machines": [7] }', '{ "machines": [], "defaults": 1 }', '{ "name": "a", "machines": [] }'], silent: [machine(), `{ "machines": [${machine()}] }`] },
  syntax: { fires: ['{ "name": ', '{ name: 1 }', '{ "a": 1 "b": 2 }', `${machine()}}`], silent: [`// ok\n${machine('{ "cpus": 2, }')},`.replace(/,$/, ''), machine('{ /* c */ }')] },
  'too-deep': { fires: ['['.repeat(101), '['.repeat(100_000), `{ "config": ${'{"a":'.repeat(120)}` ], silent: ['['.repeat(20), machine(`${'{"a":'.repeat(30)}1${'}'.repeat(30)}`)] },
  'too-large': { fires: [' '.repeat(4 * 1024 * 1024 + 1), `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`], silent: [`${machine()}${' '.repeat(1024 * 1024)}`] },
};
const codes = (text: string): string[] => {
  const parsed = parseConfig(text);
  return [...parsed.problems, ...validateConfig(parsed)].map(one => one.code);
};

describe('the codes of the text and the schema', () => {
  it('are those that docs/config.md lists, and all have cases', () => {
    const page = fs.readFileSync('docs/config.md', 'utf8');
    const listed = [...page.slice(page.indexOf('## What Gaia warns of')).matchAll(/^### (\S+)$/gm)].map(([, code]) => code ?? '');
    const ofChecks = new Set([...machineChecks, ...fileChecks].map(check => check.code));
    expect(listed.filter(code => !ofChecks.has(code)).sort()).toEqual(Object.keys(cases).sort());
    expect([...ofChecks].filter(code => !listed.includes(code))).toEqual([]);
  });
  const rows = (kind: 'fires' | 'silent'): [string, string, string][] => Object.entries(cases).flatMap(([code, one]) => one[kind].map((text): [string, string, string] => [code, text.slice(0, 60), text]));
  it.each(rows('fires'))('%s is said of %j', (code, _, text) => { expect(codes(text)).toContain(code); });
  it.each(rows('silent'))('%s is not said of %j', (code, _, text) => { expect(codes(text)).not.toContain(code); });
});
