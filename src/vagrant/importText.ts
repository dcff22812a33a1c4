// Imported machines as the text of a .gaia.json, with the comments of the Vagrantfile where they stood.
import type { RubySource } from './prism.ts';
import type { ImportedMachine } from './machineBuilder.ts';

type Comments = (path: string) => { readonly before: readonly string[]; readonly after: string | undefined };

export function importedText(machines: readonly ImportedMachine[], source: RubySource): string {
  const first = machines[0];
  const taken = new Set<number>();
  const one = (machine: ImportedMachine, indent: string): string => {
    const comments = commentsOf(machine, source, taken);
    const above = comments('').before.map(line => `${`// ${line}`.trimEnd()}\n${indent}`).join('');
    return above + write({ name: machine.name, provider: machine.provider, config: machine.config }, indent, '', comments);
  };
  if (machines.length === 1 && first) return `${one(first, '')}\n`;
  return `{\n  "machines": [${machines.map(machine => `\n    ${one(machine, '    ')}`).join(',')}\n  ]\n}\n`;
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
