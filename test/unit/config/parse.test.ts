// The parser: values, places, comments, broken texts and hostile ones.
import * as fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import type { ParsedConfig, TextRange } from '../../../src/config/model.ts';

const at = (parsed: ParsedConfig, range: TextRange | undefined): string | undefined => range && parsed.text.slice(range.offset, range.offset + range.length);
const codes = (text: string): string[] => parseConfig(text).problems.map(p => p.code);

const three = `// the lab
{
  "defaults": { "provider": "virtualbox", "config": { "box": "bento/ubuntu-24.04", "memory": 2048,
    "provider_config": { "gui": false, "vram": 16 },
    "provisioners": [{ "type": "shell", "name": "base", "inline": "apt-get update" }, { "type": "shell", "inline": "echo all" }] } },
  "machines": [
    // the front
    { "name": "web", "config": { "cpus": 2, "provider_config": { "vram": 64 }, "networks": [{ "type": "private_network", "ip": "192.168.56.10" }] } },
    { "name": "db", "config": { "memory": 4096, /* more */ "provisioners": [{ "type": "shell", "name": "base", "inline": "apk update" },], "clone_from": "web" } }, // the back
  ],
}
`;

describe('one machine', () => {
  it('is read with its values', () => {
    const parsed = parseConfig('{ "name": "a", "provider": "wsl", "config": { "default_user": "me" } }');
    expect(parsed.problems).toEqual([]);
    expect(parsed.machines).toHaveLength(1);
    expect(parsed.machines[0]).toMatchObject({ name: 'a', provider: 'wsl', config: { default_user: 'me' }, path: [] });
  });

  it('takes its description and tags from beside the config too', () => {
    const parsed = parseConfig('{ "name": "a", "provider": "wsl", "tags": ["x"], "description": "d", "config": {} }');
    expect(parsed.machines[0]?.config).toEqual({ tags: ['x'], description: 'd' });
    expect(at(parsed, parsed.machines[0]?.locate(['config', 'tags', 0]))).toBe('"x"');
  });
});

describe('several machines', () => {
  const parsed = parseConfig(three);
  const [web, db] = parsed.machines;

  it('get the defaults merged in: own values win, objects merge, a source of its own replaces theirs', () => {
    expect(parsed.problems).toEqual([]);
    expect(web?.provider).toBe('virtualbox');
    expect(web?.config).toMatchObject({ box: 'bento/ubuntu-24.04', memory: 2048, cpus: 2, provider_config: { gui: false, vram: 64 } });
    expect(db?.config['memory']).toBe(4096);
    expect(db?.config).not.toHaveProperty('box');
  });

  it('add their list entries to those of the defaults, one of the same name taking its place', () => {
    expect(web?.config['provisioners']).toHaveLength(2);
    expect(db?.config['provisioners']).toEqual([{ type: 'shell', inline: 'echo all' }, { type: 'shell', name: 'base', inline: 'apk update' }]);
  });

  it('say where each value was written', () => {
    expect(at(parsed, web?.locate(['config', 'cpus']))).toBe('2');
    expect(at(parsed, web?.locate(['config', 'box']))).toBe('"bento/ubuntu-24.04"');
    expect(at(parsed, web?.locateKey(['config', 'provider_config', 'vram']))).toBe('"vram"');
    expect(at(parsed, web?.locate(['config', 'provider_config', 'vram']))).toBe('64');
    expect(at(parsed, web?.locate(['config', 'provider_config', 'gui']))).toBe('false');
    expect(at(parsed, db?.locate(['config', 'provisioners', 0, 'inline']))).toBe('"echo all"');
    expect(at(parsed, db?.locate(['config', 'provisioners', 1, 'inline']))).toBe('"apk update"');
    expect(at(parsed, db?.locate(['provider']))).toBe('"virtualbox"');
    expect(at(parsed, db?.range)?.startsWith('{ "name": "db"')).toBe(true);
    expect(at(parsed, parsed.locate(['machines', 1, 'name']))).toBe('"db"');
    expect(at(parsed, parsed.locate(['defaults', 'config', 'memory']))).toBe('2048');
    expect(web?.locate(['config', 'nothing'])).toBeUndefined();
  });

  it('keep their comments', () => {
    expect(web?.comments.map(c => [c.text, c.path, c.placement])).toEqual([['the front', [], 'before']]);
    expect(db?.comments.map(c => [c.text, c.path, c.placement])).toEqual([['more', ['config', 'memory'], 'after'], ['the back', [], 'after']]);
    expect(parsed.comments.find(c => c.path.length === 0)?.text).toBe('the lab');
    for (const comment of [...parsed.comments, ...(db?.comments ?? [])]) expect(at(parsed, comment.range)).toContain(comment.text);
  });

  it('take defaults without "config" as well', () => {
    expect(parseConfig('{"defaults":{"memory":1024},"machines":[{"name":"a","provider":"hyperv"}]}').machines[0]?.config).toEqual({ memory: 1024 });
  });

  it('do not take provider options of another provider', () => {
    const text = '{"defaults":{"provider":"virtualbox","config":{"provider_config":{"gui":true}}},"machines":[{"name":"a","provider":"hyperv","config":{}}]}';
    expect(parseConfig(text).machines[0]?.config).toEqual({});
  });

  it('give the same config object again while the text of the machine and the defaults stay', () => {
    const again = parseConfig(three.replace('"db"', '"db2"'));
    expect(again.machines[0]?.config).toBe(parseConfig(three).machines[0]?.config);
    expect(again.machines[1]?.config).not.toBe(parsed.machines[1]?.config);
    expect(parseConfig(three.replace('"memory": 2048', '"memory": 1024')).machines[0]?.config['memory']).toBe(1024);
  });
});

describe('values', () => {
  const json = fc.letrec(tie => ({
    value: fc.oneof({ depthSize: 'small' }, fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 })),
  })).value;

  it('are what JSON.parse reads, in one machine and in several', () => {
    fc.assert(fc.property(fc.dictionary(fc.string({ unit: 'binary' }), json, { maxKeys: 5 }), fc.integer({ min: 0, max: 4 }), (config, indent) => {
      const one = JSON.stringify({ name: 'a', provider: 'p', config }, null, indent);
      expect(parseConfig(one).machines[0]?.own).toEqual(JSON.parse(one).config);
      const many = JSON.stringify({ machines: [{ name: 'x', config: {} }, { name: 'a', config }, 7, { name: 'b' }] }, null, indent);
      const parsed = parseConfig(many);
      expect(parsed.machines.map(m => m.name)).toEqual(['x', 'a', 'b']);
      expect(parsed.machines[1]?.own).toEqual(JSON.parse(many).machines[1].config);
      expect(parsed.value).toEqual(JSON.parse(many));
      for (const key of Object.keys(config)) expect(JSON.parse(at(parsed, parsed.machines[1]?.locate(['config', key])) ?? '0')).toEqual(JSON.parse(JSON.stringify(config[key])));
    }), { numRuns: 300 });
  });

  it('never touch prototypes', () => {
    const parsed = parseConfig('{"defaults":{"config":{"__proto__":{"polluted":1}}},"machines":[{"name":"a","config":{"__proto__":{"x":2},"constructor":3}}]}');
    expect(Object.keys(parsed.machines[0]?.config ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('broken texts', () => {
  it('never throw, whatever is cut, doubled or thrown in', () => {
    fc.assert(fc.property(fc.nat(three.length), fc.nat(three.length), fc.string({ unit: 'binary' }), (a, b, junk) => {
      const text = three.slice(0, a) + junk + three.slice(b);
      const parsed = parseConfig(text);
      for (const machine of parsed.machines) { machine.locate(['config', 'box']); for (const c of machine.comments) expect(c.range.offset).toBeLessThan(text.length); }
      for (const problem of parsed.problems) expect(problem.range.offset).toBeLessThanOrEqual(text.length);
    }), { numRuns: 2000 });
  });

  it('keep what is whole', () => {
    const parsed = parseConfig('{ "name": "a", "provider": "virtualbox", "config": { "box": "x/y", "memory": , "cpus": 2 ');
    expect(parsed.machines[0]?.config).toMatchObject({ box: 'x/y', cpus: 2 });
    expect(parsed.problems.length).toBeGreaterThan(0);
    expect(parseConfig('{"machines":[{"name":"a","config":{"memory":}},{"name":"b"}]}').machines.map(m => m.name)).toEqual(['a', 'b']);
  });

  it.each([
    ['nothing', '', 'empty'], ['only a comment', '// only words', 'empty'], ['a list', '[{"name":"a","provider":"wsl","config":{}}]', 'shape'], ['a text', '"text"', 'shape'], ['machines no list', '{"machines":{}}', 'shape'],
    ['a machine no object', '{"machines":[1]}', 'shape'], ['two shapes at once', '{"name":"a","machines":[]}', 'shape'], ['a key twice', '{"name":"a","name":"b"}', 'duplicate-key'],
    ['a key twice in a machine', '{"machines":[{"name":"a","name":"b"}]}', 'duplicate-key'], ['cut off', '{"a":', 'syntax'], ['a value missing', '{"machines":[{"a":}]}', 'syntax'], ['binary', '\x7fELF\0\0\x01', 'not-text'],
    ['deep inside', `{"a":${'['.repeat(100_000)}`, 'too-deep'], ['deep', '['.repeat(100_000), 'too-deep'], ['large', `{"a":"${'x'.repeat(5_000_000)}"}`, 'too-large'], ['a NUL in a text', '{"name":"a\0b"}', 'syntax'],
  ] as const)('get a clear word: %s', (_what, text, code) => {
    const started = performance.now();
    expect(codes(text)).toContain(code);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('of 5 MB, deep or binary, end soon', () => {
    const machine = '{"name":"a","provider":"virtualbox","config":{"box":"x/y","networks":[{"type":"forwarded_port","guest_port":80,"host_port":8080}]}},';
    for (const text of [`{"machines":[${machine.repeat(30_000)}]}`, '{"machines":['.repeat(60_000), '"'.repeat(3_000_000), '/*'.repeat(1_000_000), '{'.repeat(3_000_000), '\ud800'.repeat(1_000_000), `{"machines":[${'{'.repeat(99)}`]) {
      const started = performance.now();
      parseConfig(text);
      // A hang is what this finds: work that grows with the square would take hours. Busy machines are slow.
      expect(performance.now() - started).toBeLessThan(30_000);
    }
  }, 240_000);

  it('take a byte order mark', () => {
    const parsed = parseConfig('\uFEFF{"name":"a","provider":"wsl","config":{}}');
    expect(parsed.problems).toEqual([]);
    expect(at(parsed, parsed.machines[0]?.locate(['name']))).toBe('"a"');
  });
});

describe('the seed examples', () => {
  it.each(fs.readdirSync('examples').filter(f => f.endsWith('.gaia.json')))('%s is read without a word', file => {
    const parsed = parseConfig(fs.readFileSync(`examples/${file}`, 'utf8'));
    expect(parsed.problems).toEqual([]);
    expect(parsed.machines.length).toBeGreaterThan(0);
  });
});
