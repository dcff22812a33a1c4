// Key symbols of X11, as the RFB protocol sends them: for typing a text, and for combinations that the editor or the system would keep.

import { strokeFor } from './layouts.ts';
import type { LayoutName } from './layouts.ts';

export interface Key {
  readonly keysym: number;
  /** `KeyboardEvent.code`, for servers that take scan codes. */
  readonly code: string | null;
}

const shift: Key = { keysym: 0xffe1, code: 'ShiftLeft' };
const control: Key = { keysym: 0xffe3, code: 'ControlLeft' };
const alt: Key = { keysym: 0xffe9, code: 'AltLeft' };
/** Both sides of each. */
export const modifiers: readonly Key[] = [shift, control, alt, { keysym: 0xffe2, code: 'ShiftRight' }, { keysym: 0xffe4, code: 'ControlRight' }, { keysym: 0xffea, code: 'AltRight' }];
const functionKey = (number: number): Key => ({ keysym: 0xffbd + number, code: `F${String(number)}` });

/** Label → keys pressed together, in this order. */
export const combinations: Readonly<Record<string, readonly Key[]>> = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map(number => [`Ctrl+Alt+F${String(number)}`, [control, alt, functionKey(number)]])),
  'Ctrl+Alt+Backspace': [control, alt, { keysym: 0xff08, code: 'Backspace' }],
  'Alt+Tab': [alt, { keysym: 0xff09, code: 'Tab' }],
  'Alt+F4': [alt, functionKey(4)],
  Esc: [{ keysym: 0xff1b, code: 'Escape' }],
  Tab: [{ keysym: 0xff09, code: 'Tab' }],
  'Super / Windows': [{ keysym: 0xffeb, code: 'MetaLeft' }],
};

const altGr: Key = { keysym: 0xfe03, code: 'AltRight' };
const enter: Key = { keysym: 0xff0d, code: 'Enter' };
const tab: Key = { keysym: 0xff09, code: 'Tab' };
const space: Key = { keysym: 0x20, code: 'Space' };

export interface Typing {
  /** Each pressed together and let go, one after the other. */
  readonly presses: readonly (readonly Key[])[];
  /** What this keyboard has no key for. It is sent by its symbol, which few machines understand. */
  readonly unsure: string;
}

/** A text as keys of a keyboard. A server that takes scan codes gets the key, another one the symbol. */
export function typingOf(text: string, layout: LayoutName): Typing {
  const presses: (readonly Key[])[] = [];
  let unsure = '';
  for (const character of text.replaceAll(/\r\n?/g, '\n')) {
    const point = character.codePointAt(0) ?? 0;
    const keysym = point < 0x100 ? point : 0x01000000 | point;
    const control = { '\n': enter, '\t': tab, ' ': space }[character];
    const stroke = strokeFor(layout, character);
    if (control) presses.push([control]);
    else if (stroke) presses.push([...stroke.shift ? [shift] : [], ...stroke.altGr ? [altGr] : [], { keysym, code: stroke.code }], ...stroke.dead ? [[space]] : []);
    else {
      presses.push([{ keysym, code: null }]);
      if (!unsure.includes(character)) unsure += character;
    }
  }
  return { presses, unsure };
}
