// Translations: every placeholder of a text is in its translation, and no link or icon got lost.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): Record<string, string> => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')) as Record<string, string>;
const marks = (text: string): string[] => [...new Set(text.match(/\{\w+\}|\]\(command:[\w.]+\)|\$\([\w-]+\)|`[^`]+`/g) ?? [])].sort();

const languages = fs.readdirSync(path.join(root, 'l10n')).flatMap(name => /^bundle\.l10n\.([\w-]+)\.json$/.exec(name)?.[1] ?? []);

describe.each(languages)('the translation into %s', language => {
  it('keeps placeholders, links and code of the texts', () => {
    const wrong = Object.entries(read(`l10n/bundle.l10n.${language}.json`)).filter(([text, translated]) => JSON.stringify(marks(text)) !== JSON.stringify(marks(translated)));
    expect(wrong).toEqual([]);
  });

  it('keeps them in the manifest', () => {
    const english = read('package.nls.json');
    const wrong = Object.entries(read(`package.nls.${language}.json`)).filter(([key, translated]) => JSON.stringify(marks(english[key] ?? '')) !== JSON.stringify(marks(translated)));
    expect(wrong).toEqual([]);
  });
});
