// Key symbols of X11, as the RFB protocol sends them: for typing a text, and for combinations that the editor or the system would keep.

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

/** On the US layout, which QEMU assumes for symbols. */
const shifted = new Set('~!@#$%^&*()_+{}|:"<>?ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** Key by key: QEMU takes no capital from the symbol alone, so Shift is held where it is needed. */
export function keysFor(text: string): readonly { readonly key: Key; readonly hold?: Key }[] {
  return [...text.replaceAll('\r\n', '\n')].map(character => {
    const point = character.codePointAt(0) ?? 0;
    const keysym = character === '\n' ? 0xff0d : character === '\t' ? 0xff09 : point < 0x100 ? point : 0x01000000 | point;
    return { key: { keysym, code: null }, ...(shifted.has(character) ? { hold: shift } : {}) };
  });
}
