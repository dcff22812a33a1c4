// Typing a text into a machine: as keys of the keyboard that the machine is set to.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { typingOf } from '../../../webview/console/keys.ts';
import { codes, layouts, strokeFor } from '../../../webview/console/layouts.ts';
import type { LayoutName } from '../../../webview/console/layouts.ts';

const names = Object.keys(layouts) as LayoutName[];
const codesOf = (text: string, layout: LayoutName): string[] => typingOf(text, layout).presses.map(keys => keys.map(key => key.code ?? `symbol ${key.keysym.toString(16)}`).join('+'));

/** What each key makes, by level (plain, Shift, AltGr, both). */
const truth = JSON.parse(readFileSync(new URL('../../truth/keyboards/xkb.json', import.meta.url), 'utf8')) as Readonly<Record<string, readonly (readonly string[])[]>>;

describe('keyboards', () => {
  it.each(names)('%s: each character is where xkb has it', name => {
    const { plain, shift, altGr = '', altGrShift = '' }: { plain: string; shift: string; altGr?: string; altGrShift?: string } = layouts[name];
    const characters = [...new Set([...plain, ...shift, ...altGr, ...altGrShift])].filter(character => character !== ' ');
    expect(characters.length).toBeGreaterThan(93);
    const wrong = characters.map(character => {
      const stroke = strokeFor(name, character)!;
      const real = truth[name]?.[(stroke.shift ? 1 : 0) + (stroke.altGr ? 2 : 0)]?.[codes.indexOf(stroke.code as (typeof codes)[number])];
      return { character, real, wanted: stroke.dead ? `dead:${character}` : character };
    }).filter(one => one.real !== one.wanted);
    expect(wrong).toEqual([]);
  });
  it.each(names)('%s: each row has a place for every key', name => {
    for (const keys of [layouts[name].plain, layouts[name].shift]) expect([...keys]).toHaveLength(48);
  });
  it.each(names)('%s: types what a shell needs', name => {
    for (const character of `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:;,!"#$%&'()*+<=>?@[]^{|}\\`) expect(strokeFor(name, character), `${character} on ${name}`).toBeDefined();
    expect(typingOf('ls -la /etc\n', name).unsure).toBe('');
  });
  it('takes another key for the same letter, and for a slash Shift with a digit', () => {
    expect(codesOf('yz/', 'us')).toEqual(['KeyY', 'KeyZ', 'Slash']);
    expect(codesOf('yz/', 'de')).toEqual(['KeyZ', 'KeyY', 'ShiftLeft+Digit7']);
    expect(codesOf('aq1', 'fr')).toEqual(['KeyQ', 'KeyA', 'ShiftLeft+Digit1']);
  });
  it('holds AltGr, and sends a space after a dead key', () => {
    expect(codesOf('@{ä€', 'de')).toEqual(['AltRight+KeyQ', 'AltRight+Digit7', 'Quote', 'AltRight+KeyE']);
    expect(codesOf('^x', 'de')).toEqual(['Backquote', 'Space', 'KeyX']);
    expect(codesOf('{', 'it')).toEqual(['ShiftLeft+AltRight+BracketLeft']);
  });
  it('sends the symbol of what the keyboard lacks, and says so', () => {
    expect(codesOf('ä', 'us')).toEqual(['symbol e4']);
    expect(codesOf('日', 'de')).toEqual(['symbol 10065e5']);
    expect(typingOf('日本日 ok', 'de').unsure).toBe('日本');
  });
  it('presses Enter once for each end of a line, however it is written', () => {
    expect(codesOf('a\r\nb\rc\n', 'us')).toEqual(['KeyA', 'Enter', 'KeyB', 'Enter', 'KeyC', 'Enter']);
    expect(codesOf('\t ', 'us')).toEqual(['Tab', 'Space']);
  });
});
