// The origin project's YAML templates.
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { jsonToYaml, yamlToJson } from '../../../src/config/yaml.ts';
import { parseConfig } from '../../../src/config/parse.ts';

const text = `# a template
name: "Web"   # the name
provider: hyperv
tags: [a, b]
config:
  # the box
  box: "bento/ubuntu-22.04"
  networks:
    - type: forwarded_port
      guest_port: 3389  # RDP
      host_port: 33389
  provisioners: []
notes: |
  two
  lines
`;

describe('reading', () => {
  it('gives the same values as a Gaia file', () => {
    const { json, value, problems } = yamlToJson(text);
    expect(problems).toEqual([]);
    expect(value).toEqual(parse(text));
    const parsed = parseConfig(json ?? '');
    expect(parsed.problems).toEqual([]);
    expect(parsed.value).toEqual(parse(text));
    expect(parsed.machines[0]?.config).toMatchObject({ box: 'bento/ubuntu-22.04', tags: ['a', 'b'] });
  });

  it('keeps the comments', () => {
    const { json } = yamlToJson(text);
    for (const comment of ['// a template', '// the box', '3389, // RDP', '// the name']) expect(json).toContain(comment);
  });

  it.each([
    ['a tab as indentation', 'a:\n\t- b: [', 'syntax'], ['a list', '- a', 'shape'], ['nothing', '', 'shape'], ['binary', 'a\0', 'not-text'], ['large', 'a: b\n'.repeat(400_000), 'too-large'],
    ['an alias bomb', `a: &a [${'x,'.repeat(9)}x]\n${'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i] ?? 'a'},`.repeat(9)}*a]`).join('\n')}`, 'syntax'],
  ])('says what is wrong with %s', (_what, source, code) => {
    expect(yamlToJson(source).problems.map(p => p.code)).toEqual([code]);
  });
});

it('writing and reading again gives the same', () => {
  for (const file of fs.readdirSync('examples').filter(f => f.endsWith('.gaia.json'))) {
    const { value } = parseConfig(fs.readFileSync(`examples/${file}`, 'utf8'));
    expect(yamlToJson(jsonToYaml(value)).value).toEqual(value);
  }
});
