// What the schema says of a config, as problems with places in the text. In the editor VS Code's JSON service says the same; plan, apply and the API ask here.
import { validate, type SchemaError } from '../generated/validate.js';
import { isObject } from './merge.ts';
import type { ConfigPath, ParsedConfig, ParseProblem } from './model.ts';

/** All violations of schemas/gaia.schema.json, in the order of the text, at most `most`. */
export function validateConfig(parsed: ParsedConfig, most = 200): readonly ParseProblem[] {
  const { value } = parsed;
  if (value === undefined || validate(value)) return [];
  const seen = new Set<string>();
  const problems: ParseProblem[] = [];
  for (const error of validate.errors ?? []) {
    const said = sentence(error);
    if (!said) continue;
    const path = pathOf(error.instancePath, value);
    const key = JSON.stringify([path, said]);
    if (seen.has(key)) continue;
    seen.add(key);
    problems.push({ code: 'schema', severity: 'error', ...said, path, range: rangeOf(parsed, path) });
    if (problems.length >= most) break;
  }
  return problems.sort((a, b) => a.range.offset - b.range.offset);
}

/** In words; undefined for what only says that some branch of the schema did not fit. */
function sentence({ keyword, params }: SchemaError): { message: string; values?: readonly (string | number)[] } | undefined {
  const value = (name: string): string => { const given = params[name]; return typeof given === 'string' || typeof given === 'number' ? String(given) : JSON.stringify(given); };
  switch (keyword) {
    case 'required': return { message: '"{0}" is missing here.', values: [value('missingProperty')] };
    case 'type': return { message: 'This must be of type {0}.', values: [Array.isArray(params['type']) ? params['type'].join(' or ') : value('type')] };
    case 'enum': return { message: 'This must be one of: {0}.', values: [Array.isArray(params['allowedValues']) ? params['allowedValues'].map(v => JSON.stringify(v)).join(', ') : ''] };
    case 'const': return { message: 'This must be {0}.', values: [value('allowedValue')] };
    case 'minimum': case 'exclusiveMinimum': return { message: 'This must be at least {0}.', values: [value('limit')] };
    case 'maximum': case 'exclusiveMaximum': return { message: 'This must be at most {0}.', values: [value('limit')] };
    case 'minLength': return { message: 'This must not be empty.' };
    case 'pattern': return { message: 'This does not have the right form.' };
    default: return undefined;
  }
}

/** A JSON pointer as a path: a number is an index where the value is a list. */
function pathOf(pointer: string, value: unknown): ConfigPath {
  let current = value;
  return pointer.split('/').slice(1).map(step => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const index = Array.isArray(current) ? Number(key) : undefined;
    current = Array.isArray(current) ? (current[Number(key)] as unknown) : isObject(current) ? current[key] : undefined;
    return index ?? key;
  });
}

function rangeOf(parsed: ParsedConfig, path: ConfigPath): ParseProblem['range'] {
  for (let length = path.length; length >= 0; length--) {
    const range = parsed.locate(path.slice(0, length));
    // A whole object is too much to underline: its opening brace stands for it.
    if (range) return /^[{[]/.test(parsed.text.charAt(range.offset)) ? { offset: range.offset, length: 1 } : range;
  }
  return { offset: 0, length: Math.min(1, parsed.text.length) };
}
