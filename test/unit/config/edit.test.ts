// Edits: the value changes, everything else stays as it was written.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { insertElement, layoutOf, moveElement, removeValue, renameKey, setValue, withEdits } from '../../../src/config/edit.ts';
import { parseConfig } from '../../../src/config/parse.ts';

const text = `{
  // who
  "name": "web", // the name
  "provider": "virtualbox",
  "config": {
    "box": "a/b",
    /* how big */
    "memory": 2048, // enough
    "networks": [
      { "type": "private_network", "ip": "192.168.56.10" }, // inside
      // outside
      { "type": "forwarded_port", "guest_port": 80, "host_port": 8080 },
    ],
    "tags": ["x", "y"]
  }
}
`;
const value = (source: string): unknown => parseConfig(source).value;

describe('setting a value', () => {
  it('changes that value alone', () => {
    expect(withEdits(text, setValue(text, ['config', 'memory'], 4096))).toBe(text.replace('2048', '4096'));
  });

  it('puts a new key where people look for it', () => {
    const result = withEdits(text, setValue(text, ['config', 'cpus'], 2));
    expect(result).toBe(text.replace('"a/b",', '"a/b",\n    "cpus": 2,'));
  });

  it('makes the objects above', () => {
    expect(value(withEdits(text, setValue(text, ['config', 'provider_config', 'vram'], 64)))).toMatchObject({ config: { provider_config: { vram: 64 } } });
  });

  it('leaves the neighbours as they are, comments at their place', () => {
    expect(withEdits(text, setValue(text, ['config', 'zeta'], [1]))).toBe(text.replace('["x", "y"]', '["x", "y"],\n    "zeta": [1]'));
    expect(withEdits(text, setValue(text, ['config', 'networks', 0, 'netmask'], 24))).toBe(text.replace('"192.168.56.10" }', '"192.168.56.10", "netmask": 24 }'));
    expect(withEdits('{"a": 1 // one\n}', setValue('{"a": 1 // one\n}', ['b'], 2))).toBe('{"a": 1, // one\n  "b": 2\n}');
  });

  it('keeps the layout of the file', () => {
    const tabs = '{\r\n\t"name": "a",\r\n\t"config": {}\r\n}\r\n';
    expect(withEdits(tabs, setValue(tabs, ['config', 'box'], 'x'))).toBe('{\r\n\t"name": "a",\r\n\t"config": {\r\n\t\t"box": "x"\r\n\t}\r\n}\r\n');
    expect(layoutOf('{\n    "a": 1\n}')).toEqual({ insertSpaces: true, tabSize: 4, eol: '\n' });
  });
});

describe('removing a value', () => {
  it('takes its comma and its own comment along, and nobody else’s', () => {
    const result = withEdits(text, removeValue(text, ['config', 'memory']));
    expect(result).not.toContain('enough');
    for (const kept of ['// who', '// the name', '// inside', '// outside']) expect(result).toContain(kept);
    expect(parseConfig(result).problems).toEqual([]);
  });

  it('leaves a valid text, and all other values, wherever it is', () => {
    const paths = [['name'], ['provider'], ['config'], ['config', 'box'], ['config', 'memory'], ['config', 'networks'], ['config', 'networks', 0], ['config', 'networks', 1], ['config', 'networks', 0, 'ip'], ['config', 'tags', 0], ['config', 'tags', 1], ['config', 'tags']];
    for (const path of paths) {
      const result = withEdits(text, removeValue(text, path));
      const expected = structuredClone(value(text)) as Record<string, never>;
      let parent: Record<string | number, never> = expected;
      for (const step of path.slice(0, -1)) parent = parent[step] as never;
      const last = path.at(-1)!;
      if (Array.isArray(parent)) parent.splice(last as number, 1); else Reflect.deleteProperty(parent, last);
      expect(value(result), JSON.stringify(path)).toEqual(expected);
      expect(parseConfig(result).problems, JSON.stringify(path)).toEqual([]);
    }
  });

  it('of something that is not there changes nothing', () => {
    expect(removeValue(text, ['config', 'nothing', 3])).toEqual([]);
  });
});

describe('lists', () => {
  it('take an element at any place', () => {
    for (const index of [0, 1, 2, 9]) {
      const result = withEdits(text, insertElement(text, ['config', 'networks'], index, { type: 'public_network' }));
      const list = (value(result) as { config: { networks: { type: string }[] } }).config.networks;
      expect(list).toHaveLength(3);
      expect(list[Math.min(index, 2)]?.type).toBe('public_network');
      expect(result).toContain('// outside');
    }
  });

  it('are made when they are missing', () => {
    expect(value(withEdits(text, insertElement(text, ['config', 'provisioners'], 0, { type: 'shell' })))).toMatchObject({ config: { provisioners: [{ type: 'shell' }] } });
  });

  it('can be put in another order', () => {
    expect(value(withEdits(text, moveElement(text, ['config', 'tags'], 0, 1)))).toMatchObject({ config: { tags: ['y', 'x'] } });
    expect(moveElement(text, ['config', 'tags'], 0, 5)).toEqual([]);
  });
});

it('a key gets another name', () => {
  expect(withEdits(text, renameKey(text, ['config', 'memory'], 'mem'))).toBe(text.replace('"memory"', '"mem"'));
});

it('any sequence of edits leaves a text that means what was asked', () => {
  const key = fc.constantFrom('cpus', 'memory', 'hostname', 'zeta');
  const step = fc.oneof(
    fc.record({ op: fc.constant('set' as const), key, value: fc.oneof(fc.nat(), fc.string(), fc.constant({ a: [1] })) }),
    fc.record({ op: fc.constant('remove' as const), key }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 12 }), steps => {
    let current = text;
    const model = structuredClone(value(text)) as { config: Record<string, unknown> };
    for (const s of steps) {
      current = withEdits(current, s.op === 'set' ? setValue(current, ['config', s.key], s.value) : removeValue(current, ['config', s.key]));
      if (s.op === 'set') model.config[s.key] = s.value; else Reflect.deleteProperty(model.config, s.key);
    }
    expect(value(current)).toEqual(model);
    expect(parseConfig(current).problems).toEqual([]);
    expect(current).toContain('// outside');
  }), { numRuns: 200 });
});
