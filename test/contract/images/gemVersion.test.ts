// Ruby's own Gem::Version and Gem::Requirement as the judge of ours.
import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareGemVersions, isGemVersion, parseConstraints, satisfies } from '../../../src/images/gemVersion.ts';
import { versionArbitrary } from '../../unit/images/versions.ts';

const hasRuby = spawnSync('ruby', ['-e', 'exit']).status === 0;

const judge = `
require 'json'
input = JSON.parse(STDIN.read)
out = {
  compare: input['pairs'].map { |a, b| Gem::Version.new(a) <=> Gem::Version.new(b) },
  satisfies: input['asked'].map { |v, c|
    begin
      c.split(',').map { |part| Gem::Requirement.new(part.strip) }.all? { |r| r.satisfied_by?(Gem::Version.new(v)) }
    rescue Gem::Requirement::BadRequirementError
      nil
    end },
  correct: input['texts'].map { |t| Gem::Version.correct?(t) ? true : false },
}
puts JSON.generate(out)
`;

describe.skipIf(!hasRuby)('versions, beside Ruby', () => {
  it('5,000 comparisons, 5,000 constraints and 3,000 texts have the same answers', () => {
    const operator = fc.constantFrom('', '=', '!=', '>', '<', '>=', '<=', '~>', '~> ', '>= ', ' = ', '=>', '^');
    const constraints = fc.array(fc.tuple(operator, versionArbitrary).map(([o, v]) => o + v), { maxLength: 3 }).map(parts => parts.join(','));
    const text = fc.oneof(versionArbitrary, fc.string({ maxLength: 8 }), fc.string({ maxLength: 8, unit: fc.constantFrom('1', '.', '-', 'a', ' ', '0', '\n', '_', 'é') }));
    const pairs = fc.sample(fc.tuple(versionArbitrary, versionArbitrary), 5000);
    const asked = fc.sample(fc.tuple(versionArbitrary, fc.oneof(constraints, fc.constantFrom('', ',', '1,', ',1', ' ', 'x', '>= 1 ,<2'))), 5000);
    const texts = fc.sample(text, 3000);
    const answers = JSON.parse(execFileSync('ruby', ['-e', judge], { input: JSON.stringify({ pairs, asked, texts }), maxBuffer: 1 << 26 }).toString()) as { compare: number[]; satisfies: (boolean | null)[]; correct: boolean[] };

    for (const [at, [a, b]] of pairs.entries()) expect([a, b, Math.sign(compareGemVersions(a, b))]).toEqual([a, b, answers.compare[at]]);
    for (const [at, [version, text]] of asked.entries()) {
      const parsed = parseConstraints(text);
      expect([version, text, parsed ? satisfies(version, parsed) : null]).toEqual([version, text, answers.satisfies[at]]);
    }
    for (const [at, text] of texts.entries()) expect([text, isGemVersion(text)]).toEqual([text, answers.correct[at]]);
  });
});
