// What Ruby itself reads where our encoder wrote a literal: nothing lost, nothing run.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heredoc, rubyLiteral, rubyPretty, rubySymbol, strings } from '../../../src/vagrant/ruby.ts';
import { hostileText, well } from './hostile.ts';
import { ruby, runRuby } from './ruby.ts';

const runs = Number(process.env.GAIA_RUNS ?? 3000);

/** Each source is the Ruby for one value; what Ruby made of it comes back as JSON text in the same order. */
function readBack(sources: readonly string[]): unknown[] {
  const program = `# -*- coding: utf-8 -*-\nrequire "json"\nout = []\n${sources.map(source => `out << (${source}\n)`).join('\n')}\nputs JSON.generate(out)\n`;
  return JSON.parse(runRuby(['-'], program)) as unknown[];
}

describe.skipIf(!ruby)('Ruby reads back', () => {
  it('every string as it was', () => {
    const texts = fc.sample(hostileText, runs);
    const back = readBack(texts.map(rubyLiteral));
    texts.forEach((text, index) => { expect(back[index], JSON.stringify(text)).toBe(well(text)); });
  });

  it('every symbol as it was', () => {
    const texts = fc.sample(hostileText, runs);
    const back = readBack(texts.map(text => `${rubySymbol(text)}.to_s`));
    texts.forEach((text, index) => { expect(back[index], JSON.stringify(text)).toBe(well(text)); });
  });

  it('every heredoc as it was, at any indentation', () => {
    const lines = fc.array(fc.oneof(hostileText.filter(text => !text.includes('\n')), fc.constantFrom('SHELL', '  SHELL', '', '\tx', '   \tx', 'EOF', '#{1}', 'a\\', '__END__', '=begin')), { minLength: 2, maxLength: 6 });
    const cases = fc.sample(fc.tuple(lines, fc.boolean(), fc.constantFrom('  ', '    ', '      ')), runs);
    const written = cases.flatMap(([body, ends, indent]) => {
      const text = body.join('\n') + (ends ? '\n' : '');
      const made = heredoc(text, indent);
      return made ? [{ text, source: [made.opening, ...made.body].join('\n') }] : [];
    });
    expect(written.length).toBeGreaterThan(runs / 20);
    const back = readBack(written.map(one => one.source));
    written.forEach((one, index) => { expect(back[index], one.source).toBe(one.text); });
  });

  it('every JSON value as it was, on one line and pretty', () => {
    const values = fc.sample(fc.jsonValue({ stringUnit: 'binary' }).filter(value => !JSON.stringify(value).includes('-0')), runs);
    const back = readBack(values.flatMap(value => [rubyLiteral(value as never), rubyPretty(value as never)]));
    values.forEach((value, index) => {
      const whole: unknown = JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? well(inner) : inner)));
      expect(back[2 * index]).toEqual(whole);
      expect(back[2 * index + 1]).toEqual(whole);
    });
  });

  it('string-keyed hashes with any key', () => {
    const values = fc.sample(fc.dictionary(hostileText, hostileText, { maxKeys: 4 }), runs / 10);
    const back = readBack(values.map(value => rubyLiteral(strings(value))));
    values.forEach((value, index) => {
      expect(back[index]).toEqual(Object.fromEntries(Object.entries(value).map(([key, inner]) => [well(key), well(inner)])));
    });
  });
});
