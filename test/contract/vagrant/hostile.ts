// Strings that break encoders: quotes, interpolation, escapes, line ends, controls, heredoc ends, direction marks, surrogates.
import fc from 'fast-check';

const nasty = [
  '"', "'", '\\', '`', '#{exit 1}', '#$0', '#@x', '#@@x', '#', '#{', '}', '\n', '\r\n', '\r', '\t', '\u0000', '\u0004', '\u001a', '\u001b', '\u007f', '\u0085',
  '\u2028', '\u2029', '\u202e', '\u200f', '\u200d', '\ufeff', '\ue000', '😀', '👩‍👩‍👧', 'ü', 'ß', '漢', '\n__END__\n', '\n=begin\n', '\nSHELL\n', '<<~SHELL', 'EOF', '%q(', '%(',
  '{{ 7*7 }}', '{% raw %}', '\\u{41}', '\\0', '\\x41', 'end', '; system("false")', '$(id)', '${env:PATH}', '|', 'coding: latin1', '# -*- coding: latin1 -*-', ' ', '  ', '=>', ':', ',', '0', '1', 'a', 'B',
];

/** Any string at all, mostly made of what hurts. Lone surrogates included. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...nasty) }, { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) }), { maxLength: 8 }).map(parts => parts.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('\ud800', 'a\udfff', '\udc00\ud800') },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
);

/** As Ruby and PowerShell can hold it: a lone surrogate is U+FFFD. */
export const well = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd');
