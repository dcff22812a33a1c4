// Where a stretch of a text that the config holds stands in the file: through the escapes of JSON, and line by line in a list of lines.
import type { ConfigPath, ParsedMachine, TextRange } from './model.ts';

/** UTF-16 units of the text itself: of a string's value, or of the lines of a list joined by `\n`. */
export type Stretch = TextRange;

/** The place of `stretch` of the text at `path`; at least one character, so that there is something to underline. undefined: not in the file. */
export function placeInside(text: string, machine: ParsedMachine, path: ConfigPath, value: unknown, stretch: Stretch): TextRange | undefined {
  if (!Array.isArray(value)) return inLiteral(text, machine.locate(path), stretch);
  let start = 0;
  let last: { readonly index: number; readonly length: number } | undefined;
  for (const [index, line] of (value as readonly unknown[]).entries()) {
    if (typeof line !== 'string') continue;
    if (stretch.offset <= start + line.length) return inLiteral(text, machine.locate([...path, index]), { offset: stretch.offset - start, length: Math.min(stretch.length, start + line.length - stretch.offset) });
    last = { index, length: line.length };
    start += line.length + 1;
  }
  return last && inLiteral(text, machine.locate([...path, last.index]), { offset: last.length, length: 0 });
}

function inLiteral(text: string, literal: TextRange | undefined, { offset, length }: Stretch): TextRange | undefined {
  if (!literal || text.charAt(literal.offset) !== '"') return literal;
  const written = text.slice(literal.offset, literal.offset + literal.length);
  const from = literalIndex(written, offset);
  const to = Math.max(literalIndex(written, offset + length), from);
  // Behind the last character (something is missing at the end) the last one is marked.
  const start = from === to && from >= written.length - 1 ? Math.max(1, from - 1) : from;
  return { offset: literal.offset + start, length: Math.max(1, to - start) };
}

/** The index in a JSON literal, quotes included, of unit `offset` of its value. */
export function literalIndex(literal: string, offset: number): number {
  const end = literal.endsWith('"') && literal.length > 1 ? literal.length - 1 : literal.length;
  let at = 1;
  for (let units = 0; units < offset && at < end; units++) at += literal[at] !== '\\' ? 1 : literal[at + 1] === 'u' ? 6 : 2;
  return Math.min(at, end);
}
