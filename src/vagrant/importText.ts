// Imported machines as the text of a .gaia.json, with the comments of the Vagrantfile where they stood.
import type { RubySource } from './prism.ts';
import { factored, type Factored } from './common.ts';
import type { ImportedMachine } from './machineBuilder.ts';

type Comments = (path: string) => { readonly before: readonly string[]; readonly after: string | undefined };

/** Several machines with what they have in common as `defaults`, where that makes the text shorter. */
export function importedText(machines: readonly ImportedMachine[], source: RubySource): string {
  const first = machines[0];
  if (machines.length === 1 && first) return `${machineText(first, first.config, '', source, new Set())}\n`;
  const whole = fileText(machines, { defaults: {}, own: machines.map(machine => machine.config), taken: new Map() }, source);
  const common = factored(machines, commentStays(machines, source));
  if (Object.keys(common.defaults).length === 0) return whole;
  const short = fileText(machines, common, source);
  return short.length < whole.length ? short : whole;
}

function fileText(machines: readonly ImportedMachine[], { defaults, own, taken }: Factored, source: RubySource): string {
  const [first] = machines;
  const used = new Set<number>();
  const shared = first && Object.keys(defaults).length > 0 ? `\n  "defaults": ${write({ ...'provider_config' in defaults ? { provider: first.provider } : {}, config: defaults }, '  ', '', commentsOf(first, source, used))},` : '';
  const texts = machines.map((machine, at) => `\n    ${machineText({ ...machine, lines: renumbered(machine.lines, taken) }, own[at] ?? {}, '    ', source, used)}`);
  return `{${shared}\n  "machines": [${texts.join(',')}\n  ]\n}\n`;
}

function machineText(machine: ImportedMachine, config: Readonly<Record<string, unknown>>, indent: string, source: RubySource, used: Set<number>): string {
  const comments = commentsOf(machine, source, used);
  const above = comments('').before.map(line => `${`// ${line}`.trimEnd()}\n${indent}`).join('');
  return above + write({ name: machine.name, provider: machine.provider, config }, indent, '', comments);
}

/** Entries of a list that stay with the machine count from 0 again. */
function renumbered(lines: ReadonlyMap<string, number>, taken: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  if (taken.size === 0) return lines;
  return new Map([...lines].flatMap(([path, line]): [string, number][] => {
    const [config, key, index, ...rest] = path.split('/');
    const gone = config === 'config' && key !== undefined ? taken.get(key) : undefined;
    if (gone === undefined || index === undefined) return [[path, line]];
    return Number(index) < gone ? [] : [[[config, key, String(Number(index) - gone), ...rest].join('/'), line]];
  }));
}

/** A comment of one machine stays with it; one that stands at a line for all of them goes along with what all have. */
function commentStays(machines: readonly ImportedMachine[], source: RubySource): (machine: ImportedMachine, path: string) => boolean {
  const at = new Map(source.comments.map(comment => [comment.line, comment.alone]));
  const said = (line: number): boolean => at.get(line) === false || at.get(line - 1) === true;
  return (machine, path) => [...machine.lines].some(([place, line]) => (place === path || place.startsWith(`${path}/`)) && said(line) && !machines.every(other => other.lines.get(place) === line));
}

/** The comment lines right above a statement, and the one behind it. Each comment is used once. */
function commentsOf(machine: ImportedMachine, source: RubySource, taken: Set<number>): Comments {
  const byLine = new Map(source.comments.map((comment, at) => [comment.line, { ...comment, at }]));
  const own = new Set<number>();
  return path => {
    const line = machine.lines.get(path);
    if (line === undefined || own.has(line)) return { before: [], after: undefined };
    own.add(line);
    const behind = byLine.get(line);
    const before: string[] = [];
    for (let at = line - 1; at > 2; at--) {
      const comment = byLine.get(at);
      if (!comment?.alone || taken.has(comment.at)) break;
      const text = comment.text.replace(/^#\s?/, '');
      if (/^Needs a plugin: vagrant plugin install /.test(text)) continue;
      before.unshift(text);
      taken.add(comment.at);
    }
    return { before, after: behind && !behind.alone ? behind.text.replace(/^#\s?/, '') : undefined };
  };
}

function write(value: unknown, indent: string, path: string, comments: Comments): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const short = `[${value.map(one => JSON.stringify(one)).join(', ')}]`;
    if (value.every(one => typeof one !== 'object' || one === null) && short.length < 60) return short;
    return `[\n${value.map((one, at) => entry('', one, `${path}/${String(at)}`, at === value.length - 1)).join('\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value);
    if (pairs.length === 0) return '{}';
    return `{\n${pairs.map(([key, one], at) => entry(`${JSON.stringify(key)}: `, one, path === '' ? key : `${path}/${key}`, at === pairs.length - 1)).join('\n')}\n${indent}}`;
  }
  return JSON.stringify(value);

  function entry(key: string, one: unknown, at: string, last: boolean): string {
    const { before, after } = comments(at);
    return [...before.map(line => `${inner}// ${line}`.trimEnd()), `${inner}${key}${write(one, inner, at, comments)}${last ? '' : ','}${after === undefined ? '' : ` // ${after}`}`].join('\n');
  }
}
