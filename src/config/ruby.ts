// What Ruby's parser says of a custom_config. Pure: the parser is given.
import type { RubyProblem } from './checks/check.ts';

interface Parsed {
  readonly errors: readonly { readonly message: string; readonly location: { readonly startOffset: number; readonly length: number } }[];
}

/** Errors of `source` as it will stand in a machine's block, where `config` is a variable. Offsets in UTF-16 units. */
export function rubyProblems(source: string, parse: (source: string, options?: { readonly scopes?: string[][] }) => unknown): readonly RubyProblem[] {
  // These end a Ruby program: what follows in the Vagrantfile would not be read.
  const end = /[\0\x04\x1a]|^__END__\r?$/m.exec(source);
  if (end) return [{ message: 'a NUL, Ctrl-D, Ctrl-Z or a line "__END__" ends the program', offset: end.index, length: end[0].length }];
  const { errors } = parse(source, { scopes: [['config']] }) as Parsed;
  const bytes = Buffer.from(source);
  const units = (offset: number): number => bytes.subarray(0, offset).toString().length;
  return errors.map(({ message, location }) => ({ message, offset: units(location.startOffset), length: Math.max(1, units(location.startOffset + location.length) - units(location.startOffset)) }));
}
