// Lays a machine out with the templates, and finds out which lines each value of the config became.
import nunjucks from 'nunjucks';
import type { ConfigPath } from '../config/model.ts';
import { templateOptions, templates } from '../generated/templates.js';
import { args, RubyForm, rubyLiteral, rubyPretty, type RubyValue } from './ruby.ts';
import type { Assignment, Code, MachineView, Statement } from './view.ts';

/** Lines `start` to `end` (from 0, both included) that the value at `path` (from the machine's object) became. Outer regions come first. */
export interface Region {
  readonly start: number;
  readonly end: number;
  readonly path: ConfigPath;
}

export interface RenderedMachine {
  readonly lines: readonly string[];
  readonly regions: readonly Region[];
}

// Marks in the templates' output. U+E000 cannot come from a config: the encoder escapes it, comments and heredocs refuse it,
// and `custom_config` travels beside the text.
const mark = '\ue000';
const marks = /\ue000([()<>=|])(\d*)\ue001/g;
const sign = (kind: string, id: number | '' = ''): string => `${mark}${kind}${String(id)}\ue001`;

/** What filters of the rendering under way collect. Rendering is synchronous, so one is enough. */
let places: (ConfigPath | undefined)[] = [];
let verbatim: string[] = [];

interface Place {
  readonly path?: ConfigPath;
  readonly indents?: boolean;
  id?: number;
}

const environment = new nunjucks.Environment(new nunjucks.PrecompiledLoader(templates as never) as never, templateOptions);
const filters: Readonly<Record<string, (value: never) => unknown>> = {
  ruby: (value: RubyValue) => rubyPretty(value),
  // `method {` would be a block.
  arguments: (value: RubyValue) => {
    const text = rubyPretty(value);
    return text.startsWith('{') ? `(${text})` : ` ${text}`;
  },
  hash: (item: Assignment) => hashBefore(item),
  comment: (line: string) => (line === '' ? '#' : `# ${line}`),
  trailing: (line: string | undefined) => (line === undefined || line === '' ? '' : ` # ${line}`),
  blank: () => sign('='),
  lines: (body: readonly string[]) => body.map(line => sign('=') + line).join('\n'),
  code: (item: Code) => item.lines.map(line => sign(item.verbatim ? '|' : '=', verbatim.push(line) - 1)).join('\n'),
  enter: (item: Place) => {
    item.id = places.push(item.path) - 1;
    return sign(isBlock(item) ? '<' : '(', item.id);
  },
  leave: (item: Place) => sign(isBlock(item) ? '>' : ')', item.id ?? 0),
  aligned,
};
for (const [name, filter] of Object.entries(filters)) environment.addFilter(name, filter as (value: unknown) => unknown);

/** `{ args: "-f", inline: <<~SHELL }`: a Hash whose last option's text follows on the lines below. */
function hashBefore({ value, text }: Assignment): string {
  const pairs = rubyLiteral(value).replace(/^\{\s*|\s*\}$/g, '');
  return `{ ${pairs === '' ? '' : `${pairs}, `}${text?.key ?? ''}: ${text?.heredoc.opening ?? ''} }`;
}

const isBlock = (item: object): boolean => 'statements' in item || 'indents' in item;

/** The name of each assignment padded to the longest of its neighbours, so that the signs stand in one column. */
function aligned(list: readonly Statement[]): readonly (Statement & { label?: string })[] {
  const made: (Statement & { label?: string })[] = [];
  for (let at = 0; at < list.length;) {
    const first = list[at];
    let end = at + 1;
    if (first?.kind === 'assign') while (end < list.length && joins(list[end], first)) end++;
    const run = list.slice(at, end);
    const width = Math.max(...run.map(one => (one.kind === 'assign' ? one.name.length : 0)));
    for (const one of run) made.push(one.kind === 'assign' ? { ...one, label: one.name.padEnd(width) } : one);
    at = end;
  }
  return made;
}

const joins = (one: Statement | undefined, first: Assignment): boolean => one?.kind === 'assign' && one.receiver === first.receiver;

/** The lines of one machine, indented for their place inside `Vagrant.configure`. */
export function renderMachine(view: MachineView): RenderedMachine {
  places = [];
  verbatim = [];
  const options = view.define instanceof RubyForm || typeof view.define !== 'object' || view.define === null || Array.isArray(view.define) ? {} : (view.define as { readonly [key: string]: RubyValue });
  const output = environment.render('machine.njk', {
    machine: { ...view, path: [], head: { path: ['name'], args: args([view.name], options) }, body: { path: ['config'], indents: true } },
  });
  return settle(output, 1);
}

/** The lines before and after the machines of a file. */
export function renderFrame(): { readonly head: readonly string[]; readonly foot: readonly string[] } {
  places = [];
  verbatim = [];
  const { lines } = settle(environment.render('file.njk', { machines: `${sign('=')}${mark}` }), 0);
  const at = lines.indexOf(mark);
  return { head: lines.slice(0, at), foot: lines.slice(at + 1) };
}

/** Takes the marks out: drops lines that were left blank, indents, and notes where each region begins and ends. */
function settle(output: string, indent: number): RenderedMachine {
  const lines: string[] = [];
  const starts = new Map<number, number>();
  const regions: { start: number; end: number; path: ConfigPath; order: number }[] = [];
  let depth = indent;
  for (const raw of output.split('\n')) {
    let kept = false;
    let stays = false;
    let text = raw;
    if (raw.includes(mark)) {
      text = raw.replace(marks, (_, kind: string, digits: string) => {
        const id = Number(digits);
        switch (kind) {
          case '<': depth++; starts.set(id, lines.length); return '';
          case '(': starts.set(id, lines.length); return '';
          case '>': case ')': {
            if (kind === '>') depth--;
            const path = places[id];
            const start = starts.get(id) ?? 0;
            if (path && lines.length > start) regions.push({ start, end: lines.length - 1, path, order: id });
            return '';
          }
          case '|': stays = true; kept = true; return verbatim[id] ?? '';
          default: kept = true; return digits === '' ? '' : (verbatim[id] ?? '');
        }
      });
    }
    if (kept) lines.push(text === '' || stays ? text : '  '.repeat(depth) + text);
    else if (text.trim() !== '') lines.push('  '.repeat(depth) + text.trimEnd());
  }
  regions.sort((a, b) => a.order - b.order);
  return { lines, regions: regions.map(({ start, end, path }) => ({ start, end, path })) };
}
