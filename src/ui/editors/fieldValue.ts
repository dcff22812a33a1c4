// Between a value of the config and what stands in a form field. Pure.
import type { PropertySchema } from '../../config/schema.ts';
import type { FieldView } from '../../../webview/form/messages.ts';
import { t } from '../l10n.ts';

const multiline = new Set(['custom_config', 'user_data', 'network_config', 'description', 'inline', 'recipe']);

function types(schema: PropertySchema): readonly string[] {
  return schema.type === undefined ? [] : typeof schema.type === 'string' ? [schema.type] : schema.type;
}

/** How a value is shown. `raw` where the form has no control for what is there, so that it stays untouched. */
export function kindOf(key: string, schema: PropertySchema, value: unknown): FieldView['kind'] {
  const allowed = types(schema);
  const isText = value === undefined || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (schema.enum !== undefined || (allowed.length === 1 && allowed[0] === 'boolean')) return isText ? 'choice' : 'raw';
  if (allowed.includes('array') && isTextList(schema)) return value === undefined || isText || isListOfTexts(value) ? 'lines' : 'raw';
  if (!allowed.some(type => type === 'string' || type === 'integer' || type === 'number' || type === 'boolean')) return allowed.length === 0 && isText ? 'text' : 'raw';
  if (!isText) return 'raw';
  return multiline.has(key) ? 'area' : 'text';
}

function isTextList(schema: PropertySchema): boolean {
  const item = schema.items?.type;
  return item === undefined || item === 'string' || (Array.isArray(item) && item.includes('string'));
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(item => (typeof item === 'string' && !item.includes('\n')) || typeof item === 'number');
}

/** The text in the field. */
export function textOf(value: unknown, kind: FieldView['kind']): string {
  if (value === undefined) return '';
  if (kind === 'lines' && Array.isArray(value)) return value.join('\n');
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

export type Read = { readonly value: unknown } | { readonly refused: string };

/** What was typed as a value of the config; `value: undefined` = take the key away. Refuses what the schema would refuse. */
export function readField(schema: PropertySchema, kind: FieldView['kind'], typed: string, present: unknown): Read {
  if (kind === 'raw') return { refused: t('This value is edited as text.') };
  if (typed === '' || (kind !== 'area' && typed.trim() === '')) return { value: undefined };
  if (kind === 'lines') return { value: readLines(schema, typed, present) };
  if (kind === 'choice') return typed === textOf(present, kind) ? { value: present } : readChoice(schema, typed);
  const allowed = types(schema);
  const trimmed = kind === 'area' ? typed : typed.trim();
  if (allowed.includes('boolean') && /^(true|false)$/.test(trimmed)) return { value: trimmed === 'true' };
  const wantsNumber = allowed.includes('integer') || allowed.includes('number');
  if (wantsNumber && /^-?\d+(\.\d+)?$/.test(trimmed)) return readNumber(schema, Number(trimmed), allowed);
  if (allowed.length > 0 && !allowed.includes('string')) return { refused: wantsNumber ? t('This must be a number.') : t('This must be true or false.') };
  return schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(trimmed) ? { refused: t('“{0}” does not have the form that is expected here.', trimmed) } : { value: trimmed };
}

function readNumber(schema: PropertySchema, value: number, allowed: readonly string[]): Read {
  if (!Number.isInteger(value) && !allowed.includes('number')) return { refused: t('This must be a whole number.') };
  if (schema.minimum !== undefined && value < schema.minimum) return { refused: t('At least {0}.', schema.minimum) };
  if (schema.maximum !== undefined && value > schema.maximum) return { refused: t('At most {0}.', schema.maximum) };
  return { value };
}

function readChoice(schema: PropertySchema, typed: string): Read {
  const choice = (schema.enum ?? [true, false]).find(one => String(one) === typed);
  return choice === undefined ? { refused: t('“{0}” is not one of the choices.', typed) } : { value: choice };
}

/** A single line stays a plain text where the schema allows one and there was none of several before. */
function readLines(schema: PropertySchema, typed: string, present: unknown): unknown {
  const lines = typed.replace(/\n+$/, '').split('\n');
  return lines.length === 1 && types(schema).includes('string') && !Array.isArray(present) ? lines[0] : lines;
}
