import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareGemVersions, isGemVersion, parseConstraints, satisfies } from '../../../src/images/gemVersion.ts';
import { versionArbitrary } from './versions.ts';

const keeps = (version: string, constraints: string): boolean => satisfies(version, parseConstraints(constraints) ?? []);

describe('versions', () => {
  it('are ordered as RubyGems orders them', () => {
    const ascending = ['0', '0.1', '1.0.a', '1.0.a10', '1.0.b', '1.0.pre.1', '1', '1.0.0.1', '1.2.10', '1.10', '1.10.1-rc1', '1.10.1', '20240101.0.0', '99999999999999999999', '100000000000000000000'];
    const shuffled = [...ascending].sort((a, b) => (a < b ? 1 : -1));
    expect(shuffled.sort(compareGemVersions)).toEqual(ascending);
    expect(compareGemVersions('1.0.0', '1')).toBe(0);
    expect(compareGemVersions('1-rc', '1.pre.rc')).toBe(0);
    expect(compareGemVersions('', '0')).toBe(0);
  });

  it('keep a total order', () => {
    fc.assert(fc.property(versionArbitrary, versionArbitrary, versionArbitrary, (a, b, c) => {
      expect(compareGemVersions(a, a)).toBe(0);
      expect(Math.sign(compareGemVersions(a, b))).toBe(-Math.sign(compareGemVersions(b, a)) + 0);
      const [low, middle, high] = [a, b, c].sort(compareGemVersions) as [string, string, string];
      expect(compareGemVersions(low, middle)).toBeLessThanOrEqual(0);
      expect(compareGemVersions(middle, high)).toBeLessThanOrEqual(0);
      expect(compareGemVersions(low, high)).toBeLessThanOrEqual(0);
    }));
  });

  it('are not everything', () => {
    for (const good of ['1', '1.2.3', '1.0-beta.2', ' 1 ', '0', '1.a']) expect(isGemVersion(good)).toBe(true);
    for (const bad of ['v1', '1..2', '1.', '.1', '1_2', 'latest', '1 2', '1-']) expect(isGemVersion(bad)).toBe(false);
  });
});

describe('constraints', () => {
  it.each([
    ['1.2.5', '~> 1.2.3', true], ['1.3', '~> 1.2.3', false], ['1.3.0.pre', '~> 1.2.3', false], ['1.9', '~> 1.2', true], ['2.0.a', '~> 1.2', false], ['1.2', '~> 1', true], ['2', '~> 1', false],
    ['1.5', '>= 1, < 2', true], ['1.5', '>= 1, != 1.5.0', false], ['1.5', '1.5.0', true], ['1.5', '', true], ['1.5.rc1', '>= 0', true], ['3', '>2,<=3', true],
  ])('%s and "%s": %s', (version, constraints, answer) => {
    expect(keeps(version, constraints)).toBe(answer);
  });

  it('that cannot be read are said to be', () => {
    for (const bad of ['~>', '=> 1', 'latest', '1, ,2', ', 1', '^1.0', '>= 1 < 2']) expect(parseConstraints(bad)).toBeUndefined();
  });

  it('each version is in exactly one of =, > and <; and != is not =', () => {
    fc.assert(fc.property(versionArbitrary, versionArbitrary, (version, other) => {
      expect(['=', '>', '<'].filter(operator => keeps(version, `${operator} ${other}`)).length).toBe(1);
      expect(keeps(version, `!= ${other}`)).toBe(!keeps(version, other));
      expect(keeps(version, `~> ${version}`)).toBe(true);
    }));
  });
});
