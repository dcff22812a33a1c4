// The YAML templates of the origin project, read and written: `{ name, description?, provider, tags?, config, notes? }`, the same shape as a .gaia.json.
import { isMap, isScalar, parseDocument, stringify, type Document, type Pair } from 'yaml';
import { isObject } from './merge.ts';
import type { ParseProblem } from './model.ts';
import { phrase } from './phrase.ts';

export interface YamlResult {
  /** The same as .gaia.json text, comments kept as far as they stand before or behind a key or entry. Absent when the text is no YAML at all. */
  readonly json?: string;
  readonly value?: unknown;
  readonly problems: readonly ParseProblem[];
}

/** No template is larger; and an alias may not blow up into more than this. */
const limits = { characters: 1024 * 1024, aliases: 100 };

/** Reads YAML as JSON text. Never throws. */
export function yamlToJson(text: string): YamlResult {
  const failed = (code: string, message: string, offset = 0, values?: readonly (string | number)[]): YamlResult =>
    ({ problems: [{ code, severity: 'error', message, range: { offset, length: 1 }, ...(values && { values }) }] });
  if (text.length > limits.characters) return failed('too-large', phrase('This file is larger than {0} MB: Gaia does not read it. Split it into several files.'), 0, [1]);
  if (text.includes('\0')) return failed('not-text', phrase('This is not a text file.'));
  try {
    const document = parseDocument(text, { version: '1.2', uniqueKeys: true, maxAliasCount: limits.aliases } as Parameters<typeof parseDocument>[1]);
    const [error] = document.errors;
    if (error) return failed('syntax', phrase('This is not YAML: {0}'), error.pos[0], [error.message.split('\n')[0] ?? '']);
    const value: unknown = document.toJS({ maxAliasCount: limits.aliases });
    if (!isObject(value)) return failed('shape', phrase('A Gaia file is an object with "name", "provider" and "config", or with "machines".'));
    return { json: commented(document, value), value, problems: [] };
  } catch (error) {
    return failed('syntax', phrase('This is not YAML: {0}'), 0, [error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)]);
  }
}

/** Writes a value of that shape as YAML. */
export function jsonToYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** JSON text of the value, with the comments of the YAML's keys and entries. */
function commented(document: Document, value: unknown): string {
  const notes = (node: unknown): string[] => {
    const before = isObject(node) ? (node as { commentBefore?: string | null }).commentBefore : undefined;
    return before ? before.split('\n').map(line => line.trim()).filter(line => line !== '') : [];
  };
  const behind = (node: unknown): string => {
    const comment = isObject(node) ? (node as { comment?: string | null }).comment : undefined;
    return comment ? ` // ${comment.split('\n').map(line => line.trim()).join(' ')}` : '';
  };
  // What stands above the first key of a map is the map's own comment.
  const first = (node: unknown, indent: string): string[] => (node === document.contents ? [] : notes(node).map(line => `${indent}  // ${line}`));
  const print = (node: unknown, plain: unknown, indent: string): string => {
    const inner = `${indent}  `;
    if (isMap(node) && isObject(plain)) {
      const pairs = node.items as Pair[];
      if (pairs.length === 0) return '{}';
      const lines = pairs.flatMap((pair, i) => {
        const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
        const comma = i < pairs.length - 1 ? ',' : '';
        return [...notes(pair.key).map(line => `${inner}// ${line}`), `${inner}${JSON.stringify(key)}: ${print(pair.value, plain[key], inner)}${comma}${isScalar(pair.value) ? behind(pair.value) : ''}`];
      });
      return `{\n${[...first(node, indent), ...lines].join('\n')}\n${indent}}`;
    }
    if (Array.isArray(plain) && isObject(node) && Array.isArray((node as { items?: unknown }).items)) {
      const { items } = node as unknown as { items: readonly unknown[] };
      if (items.length === 0) return '[]';
      const lines = items.flatMap((item, i) => [...notes(item).map(line => `${inner}// ${line}`), `${inner}${print(item, plain[i], inner)}${i < items.length - 1 ? ',' : ''}${isScalar(item) ? behind(item) : ''}`]);
      return `[\n${[...first(node, indent), ...lines].join('\n')}\n${indent}]`;
    }
    return JSON.stringify(plain ?? null, null, 2).replaceAll('\n', `\n${indent}`);
  };
  const head = [...(document.commentBefore ?? '').split('\n'), ...notes(document.contents)].map(line => line.trim()).filter(line => line !== '');
  return [...head.map(line => `// ${line}`), print(document.contents, value, ''), ''].join('\n');
}
