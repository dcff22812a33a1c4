import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { fillTemplate, hostnameOf, templateFileName, templateOf, templateText } from '../../../src/config/templates.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { jsonToYaml, yamlToJson } from '../../../src/config/yaml.ts';

const folder = new URL('../../../templates/machines/', import.meta.url);
const builtIn = fs.readdirSync(folder).map(name => [name, fs.readFileSync(new URL(name, folder), 'utf8')] as const);

describe.each(builtIn)('the built-in template %s', (name, text) => {
  const template = templateOf(name.replace('.gaia.json', ''), 'builtIn', text);

  it('says what it is', () => {
    expect(template?.title).toMatch(/^[A-Z][^:.]{8,60}$/);
    expect(template?.description).not.toBe('');
    expect(template?.tags.length).toBeGreaterThan(0);
  });

  it('is valid, as it is and filled in', () => {
    expect(validateConfig(parseConfig(text))).toEqual([]);
    if (!template) throw new Error('no template');
    const filled = parseConfig(fillTemplate(template, 'my-machine'));
    expect(validateConfig(filled)).toEqual([]);
    if (template.machineCount === 1) expect(filled.machines[0]?.name).toBe('my-machine');
  });
});

describe('a machine as a template', () => {
  const text = '{ "defaults": { "config": { "cpus": 4 } }, "machines": [ { "name": "web", "provider": "virtualbox", "config": { "box": "a/b", "tags": ["old"] } }, { "name": "db", "provider": "virtualbox" } ] }';

  it('has the defaults in it and stands alone', () => {
    const [machine] = parseConfig(text).machines;
    if (!machine) throw new Error('no machine');
    const template = templateOf('x', 'user', templateText(text, machine, { description: 'a web server', tags: ['web'] }));
    expect(template).toMatchObject({ description: 'a web server', tags: ['web'], providers: ['virtualbox'], machineCount: 1 });
    expect(parseConfig(template?.text ?? '').machines[0]?.config).toMatchObject({ cpus: 4, box: 'a/b' });
  });

  it('keeps the comments, and takes on what the defaults say', () => {
    const commented = `{
  "defaults": { "provider": "virtualbox", "config": { "memory": 2048 } },
  "machines": [
    // The front.
    {
      "name": "web",
      "config": {
        "box": "a/b", // pinned
        "tags": ["old"]
      }
    }
  ]
}`;
    const [machine] = parseConfig(commented).machines;
    expect(machine && templateText(commented, machine, { description: 'a web server', tags: ['web'] })).toBe(`// The front.
{
  "name": "web",
  "provider": "virtualbox",
  "description": "a web server",
  "tags": ["web"],
  "config": {
    "box": "a/b", // pinned
    "memory": 2048
  }
}
`);
  });

  it('of a file of its own is that file', () => {
    const alone = '// about\n{ "name": "a", "provider": "virtualbox", "config": { "box": "x" /* here */ } }\n';
    const [machine] = parseConfig(alone).machines;
    expect(machine && templateText(alone, machine, { description: '', tags: [] })).toBe(alone);
  });

  it('of a broken text stands there without its comments', () => {
    const broken = '{ "name": "a", "provider": "virtualbox", "config": { "box": "x", "cpus": , } ';
    const [machine] = parseConfig(broken).machines;
    expect(machine && parseConfig(templateText(broken, machine, { description: '', tags: [] })).problems).toEqual([]);
  });

  it('goes to YAML and back unchanged', () => {
    const { value } = parseConfig(text);
    expect(yamlToJson(jsonToYaml(value)).value).toEqual(value);
  });
});

describe('a template filled in', () => {
  it('renames the machine and its host, and keeps the comments', () => {
    const template = templateOf('t', 'user', '// about\n{ "name": "a", "provider": "virtualbox", "config": { "hostname": "a" /* here */ } }');
    if (!template) throw new Error('no template');
    expect(fillTemplate(template, 'Mein Rechner')).toBe('// about\n{ "name": "Mein Rechner", "provider": "virtualbox", "config": { "hostname": "mein-rechner" /* here */ } }');
  });
});

describe('names', () => {
  it.each([['Mein Rechner', 'mein-rechner'], ['Größe 1', 'gro-e-1'], ['ä_b', 'a-b'], ['--', undefined], ['日本', undefined]])('%s as a host name', (name, host) => {
    expect(hostnameOf(name)).toBe(host);
  });

  it.each([['a/b:c', 'a-b-c.gaia.json'], ['..', 'template.gaia.json'], ['CON?', 'CON-.gaia.json'], [' x ', 'x.gaia.json']])('%s as a file name', (title, file) => {
    expect(templateFileName(title)).toBe(file);
  });
});
