// Keyboards: which key, with Shift or AltGr, makes which character. A machine is told of keys, not of characters, so to type a text into it
// one has to know what its keyboard is set to. Drawn after the layouts of xkb; each string goes from the key left of 1 to the one of the slash.

const codes = [
  'Backquote', 'Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8', 'Digit9', 'Digit0', 'Minus', 'Equal',
  'KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI', 'KeyO', 'KeyP', 'BracketLeft', 'BracketRight',
  'KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK', 'KeyL', 'Semicolon', 'Quote', 'Backslash',
  'IntlBackslash', 'KeyZ', 'KeyX', 'KeyC', 'KeyV', 'KeyB', 'KeyN', 'KeyM', 'Comma', 'Period', 'Slash',
] as const;

interface Layout {
  readonly label: string;
  /** A space = the key makes nothing of use here. */
  readonly plain: string;
  readonly shift: string;
  readonly altGr?: string;
  readonly altGrShift?: string;
  /** Keys that wait for the next one; followed by Space they stand for themselves. */
  readonly dead?: string;
}

export const layouts = {
  us: {
    label: 'English (US)',
    plain: '`1234567890-=' + 'qwertyuiop[]' + "asdfghjkl;'\\" + ' zxcvbnm,./',
    shift: '~!@#$%^&*()_+' + 'QWERTYUIOP{}' + 'ASDFGHJKL:"|' + ' ZXCVBNM<>?',
  },
  gb: {
    label: 'English (UK)',
    plain: '`1234567890-=' + 'qwertyuiop[]' + "asdfghjkl;'#" + '\\zxcvbnm,./',
    shift: '¬!"£$%^&*()_+' + 'QWERTYUIOP{}' + 'ASDFGHJKL:@~' + '|ZXCVBNM<>?',
    altGr: '    €        ',
  },
  de: {
    label: 'Deutsch',
    plain: '^1234567890ß´' + 'qwertzuiopü+' + 'asdfghjklöä#' + '<yxcvbnm,.-',
    shift: '°!"§$%&/()=?`' + 'QWERTZUIOPÜ*' + "ASDFGHJKLÖÄ'" + '>YXCVBNM;:_',
    altGr: '  ²³   {[]}\\ ' + '@ €        ~' + '            ' + '|      µ   ',
    dead: '^´`',
  },
  ch: {
    label: 'Schweiz',
    plain: "§1234567890'^" + 'qwertzuiopü¨' + 'asdfghjklöä$' + '<yxcvbnm,.-',
    shift: '°+"*ç%&/()=?`' + 'QWERTZUIOPè!' + 'ASDFGHJKLéà£' + '>YXCVBNM;:_',
    altGr: '  @#  ¬|¢  ´~' + '  €       []' + '          {}' + '\\          ',
    dead: '^¨`´~',
  },
  fr: {
    label: 'Français',
    plain: '²&é"\'(-è_çà)=' + 'azertyuiop^$' + 'qsdfghjklmù*' + '<wxcvbn,;:!',
    shift: ' 1234567890°+' + 'AZERTYUIOP¨£' + 'QSDFGHJKLM%µ' + '>WXCVBN?./§',
    altGr: '  ~#{[|`\\^@]}' + '  €         ' + '            ' + '           ',
    dead: '^¨',
  },
  es: {
    label: 'Español',
    plain: "º1234567890'¡" + 'qwertyuiop`+' + 'asdfghjklñ´ç' + '<zxcvbnm,.-',
    shift: 'ª!"·$%&/()=?¿' + 'QWERTYUIOP^*' + 'ASDFGHJKLÑ¨Ç' + '>ZXCVBNM;:_',
    altGr: '\\|@#~ ¬      ' + '  €       []' + '          {}' + '           ',
    dead: '`´^¨',
  },
  it: {
    label: 'Italiano',
    plain: "\\1234567890'ì" + 'qwertyuiopè+' + 'asdfghjklòàù' + '<zxcvbnm,.-',
    shift: '|!"£$%&/()=?^' + 'QWERTYUIOPé*' + 'ASDFGHJKLç°§' + '>ZXCVBNM;:_',
    altGr: '           `~' + '  €       []' + '         @# ' + '           ',
    altGrShift: '             ' + '          {}',
  },
  se: {
    label: 'Svenska',
    plain: '§1234567890+´' + 'qwertyuiopå¨' + "asdfghjklöä'" + '<zxcvbnm,.-',
    shift: '½!"#¤%&/()=?`' + 'QWERTYUIOPÅ^' + 'ASDFGHJKLÖÄ*' + '>ZXCVBNM;:_',
    altGr: '  @£$€ {[]}\\ ' + '  €        ~' + '            ' + '|          ',
    dead: '´¨`^~',
  },
} as const satisfies Readonly<Record<string, Layout>>;

export type LayoutName = keyof typeof layouts;

export interface Stroke {
  readonly code: string;
  readonly shift: boolean;
  readonly altGr: boolean;
  /** Space follows, or nothing appears. */
  readonly dead: boolean;
}

export function isLayout(name: unknown): name is LayoutName {
  return typeof name === 'string' && name in layouts;
}

/** How this keyboard makes the character; undefined = it cannot. */
export function strokeFor(name: LayoutName, character: string): Stroke | undefined {
  const layout: Layout = layouts[name];
  const levels = [[layout.plain, false, false], [layout.shift, true, false], [layout.altGr ?? '', false, true], [layout.altGrShift ?? '', true, true]] as const;
  for (const [keys, shift, altGr] of levels) {
    const at = character === ' ' ? -1 : [...keys].indexOf(character);
    const code = codes[at];
    if (code !== undefined) return { code, shift, altGr, dead: layout.dead?.includes(character) ?? false };
  }
  return undefined;
}
