// Versions that RubyGems accepts, for properties here and for the comparison with Ruby.
import fc from 'fast-check';

const number = fc.oneof(fc.nat({ max: 12 }).map(String), fc.constantFrom('0', '00', '007', '1', '10', '20240115', '99999999999999999999'));
const piece = fc.oneof({ weight: 3, arbitrary: number }, { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'rc', 'pre', 'RC1', 'beta2', '1a', 'x0', 'Z') });
const suffix = fc.constantFrom('', '', '', '-rc1', '-1', '-beta.2', '--x', '-a-b.0');

export const versionArbitrary = fc.tuple(number, fc.array(piece, { maxLength: 4 }), suffix).map(([first, rest, end]) => [first, ...rest].join('.') + end);
