// Templates: whole .gaia.json texts with a description and tags. Finding, filling in, making one of a machine. Pure.
import { setValue, withEdits } from './edit.ts';
import { isObject } from './merge.ts';
import type { ConfigPath, ParsedMachine } from './model.ts';
import { parseConfig } from './parse.ts';

export interface Template {
  /** File name without its ending; unique in its place. */
  readonly id: string;
  readonly place: 'builtIn' | 'user' | 'workspace';
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Of its machines, each once. */
  readonly providers: readonly string[];
  readonly machineCount: number;
  readonly text: string;
}

/** A template of a file's text; undefined when the text holds no machine. */
export function templateOf(id: string, place: Template['place'], text: string): Template | undefined {
  const parsed = parseConfig(text);
  const [first] = parsed.machines;
  if (!first) return undefined;
  const whole = (key: string): unknown => (typeof parsed.value === 'object' && parsed.value !== null ? (parsed.value as Readonly<Record<string, unknown>>)[key] : undefined);
  const description = textOr(whole('description')) ?? textOr(first.config['description']) ?? firstComment(text) ?? '';
  const tags = parsed.machines.length > 1 && whole('tags') === undefined ? parsed.machines.flatMap(machine => texts(machine.config['tags'])) : [...texts(whole('tags')), ...texts(first.config['tags'])];
  return {
    id, place, text, description, machineCount: parsed.machines.length,
    title: place === 'builtIn' ? headline(text) ?? titleOf(id) : titleOf(id),
    tags: [...new Set(tags)],
    providers: [...new Set(parsed.machines.map(machine => machine.provider))],
  };
}

/** The first words of the file: `// A small web server on Debian: …` */
function headline(text: string): string | undefined {
  return firstComment(text)?.split(/[:.](?:\s|$)/)[0];
}

/** `virtualbox-docker-host` → `Virtualbox docker host`; a title of the person's own stays as it is. */
function titleOf(id: string): string {
  return id.includes(' ') ? id : id.replaceAll(/[-_]+/g, ' ').replace(/^./, first => first.toUpperCase());
}

/** The template with its first machine renamed. A file of several keeps its names. */
export function fillTemplate(template: Template, name: string): string {
  const parsed = parseConfig(template.text);
  if (parsed.machines.length !== 1 || !parsed.machines[0]) return template.text;
  const { path, config } = parsed.machines[0];
  const renamed = withEdits(template.text, setValue(template.text, [...path, 'name'], name));
  const host = hostnameOf(name);
  return config['hostname'] === undefined || host === undefined ? renamed : withEdits(renamed, setValue(renamed, [...path, 'config', 'hostname'], host));
}

/** The name as a host name, or undefined when nothing of it can be one. */
export function hostnameOf(name: string): string | undefined {
  const host = name.normalize('NFKD').replaceAll(/[\u0300-\u036f]/g, '').toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-').replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '').slice(0, 63);
  return host === '' ? undefined : host;
}

/** One machine of the file `source` as a template's text: as it was written, comments and all, with what it has of the defaults. */
export function templateText(source: string, machine: ParsedMachine, about: { readonly description: string; readonly tags: readonly string[] }): string {
  const { description: _d, tags: _t, ...config } = machine.config;
  const wanted = { name: machine.name, provider: machine.provider, ...about.description === '' ? {} : { description: about.description }, ...about.tags.length === 0 ? {} : { tags: about.tags }, config };
  let text = machine.path.length === 0 ? source : `${standingAlone(source, machine)}\n`;
  const set = (path: ConfigPath, value: unknown): void => { text = withEdits(text, setValue(text, path, value)); };
  set(['provider'], machine.provider);
  set(['description'], about.description === '' ? undefined : about.description);
  set(['tags'], about.tags.length === 0 ? undefined : about.tags);
  for (const key of new Set([...Object.keys(machine.own), ...Object.keys(config)])) if (!same(machine.own[key], config[key])) set(['config', key], config[key]);
  // A broken text, or one with a key twice, is not worth its comments.
  const { value: made, problems } = parseConfig(text);
  return problems.length === 0 && same(made, { ...wanted, ...notes(made) }) ? text : `${JSON.stringify(wanted, undefined, 2)}\n`;
}

/** What a file of one machine may hold besides. */
function notes(value: unknown): object {
  return Object.fromEntries(['$schema', 'notes'].flatMap(key => (isObject(value) && value[key] !== undefined ? [[key, value[key]]] : [])));
}

/** A machine of a list without the indentation it has there, and with the comments above it. */
function standingAlone(source: string, { range, comments }: ParsedMachine): string {
  const start = source.lastIndexOf('\n', range.offset - 1) + 1;
  const indent = /^[ \t]*/.exec(source.slice(start, range.offset))?.[0] ?? '';
  const above = comments.filter(one => one.path.length === 0 && one.placement === 'before').flatMap(one => one.text.split('\n').map(line => `// ${line}\n`)).join('');
  const lines = source.slice(range.offset, range.offset + range.length).split('\n');
  return above + lines.map((line, at) => (at > 0 && line.startsWith(indent) ? line.slice(indent.length) : line)).join('\n');
}

/** The same JSON, in whatever order. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, at) => same(one, b[at]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** A file name for a title: what no file system refuses. */
export function templateFileName(title: string): string {
  const name = title.trim().replaceAll(/[\\/:*?"<>|\u0000-\u001f]+/g, '-').replaceAll(/^[.\s]+|[.\s]+$/g, '');
  return `${name === '' ? 'template' : name.slice(0, 80)}.gaia.json`;
}

function firstComment(text: string): string | undefined {
  return /^\s*\/\/\s*(.+)/.exec(text)?.[1]?.trim();
}

function textOr(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
