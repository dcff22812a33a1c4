// Keyboards: which key, with Shift or AltGr, makes which character. A machine is told of keys, not of characters, so to type a text into it
// one has to know what its keyboard is set to. They are those of xkb (test/truth/keyboards); each string goes from the key left of 1 to the one of the slash.

/** In the order of the strings below. */
export const codes = [
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
  dk: {
    label: 'Dansk',
    plain: '½1234567890+´' + 'qwertyuiopå¨' + "asdfghjklæø'" + '<zxcvbnm,.-',
    shift: '§!"#¤%&/()=?`' + 'QWERTYUIOPÅ^' + 'ASDFGHJKLÆØ*' + '>ZXCVBNM;:_',
    altGr: '  @£$  {[]} |' + '  €        ~' + '            ' + '\\      µ   ',
    dead: '´¨`^~',
  },
  no: {
    label: 'Norsk',
    plain: '|1234567890+\\' + 'qwertyuiopå¨' + "asdfghjkløæ'" + '<zxcvbnm,.-',
    shift: '§!"#¤%&/()=?`' + 'QWERTYUIOPÅ^' + 'ASDFGHJKLØÆ*' + '>ZXCVBNM;:_',
    altGr: '  @£$  {[]}  ' + '  €        ~' + '            ' + '       µ   ',
    dead: '¨`^~',
  },
  fi: {
    label: 'Suomi',
    plain: '§1234567890+´' + 'qwertyuiopå¨' + "asdfghjklöä'" + '<zxcvbnm,.-',
    shift: '½!"#¤%&/()=?`' + 'QWERTYUIOPÅ^' + 'ASDFGHJKLÖÄ*' + '>ZXCVBNM;:_',
    altGr: '  @£$  {[]}\\ ' + '  €        ~' + '            ' + '|      µ   ',
    dead: '´¨`^~',
  },
  is: {
    label: 'Íslenska',
    plain: ' 1234567890ö-' + "qwertyuiopð'" + 'asdfghjklæ´+' + '<zxcvbnm,.þ',
    shift: '¨!"#$%&/()=Ö_' + 'QWERTYUIOPÐ?' + 'ASDFGHJKLÆ *' + '>ZXCVBNM;:Þ',
    altGr: '¬ ²³   {[]}\\ ' + '@ €      | ~' + '         ^ `' + '       µ   ',
    dead: '´¨',
  },
  nl: {
    label: 'Nederlands',
    plain: '@1234567890/°' + 'qwertyuiop¨*' + 'asdfghjkl+´<' + ']zxcvbnm,.-',
    shift: '§!"#$%&_()\'? ' + 'QWERTYUIOP |' + 'ASDFGHJKL± >' + '[ZXCVBNM;:=',
    altGr: '¬ ²³   £{} \\ ' + '  €       ~ ',
    altGrShift: '             ' + '          ^ ' + '          ` ',
    dead: '¨´',
  },
  be: {
    label: 'België, Belgique',
    plain: '²&é"\'(§è!çà)-' + 'azertyuiop $' + 'qsdfghjklmùµ' + '<wxcvbn,;:=',
    shift: '³1234567890°_' + 'AZERTYUIOP¨*' + 'QSDFGHJKLM%£' + '>WXCVBN?./+',
    altGr: '¬|@#  ^{[ }\\ ' + '  €        ]' + '           `' + '          ~',
    dead: '¨`~',
  },
  ch_fr: {
    label: 'Suisse',
    plain: "§1234567890'^" + 'qwertzuiopè¨' + 'asdfghjkléà$' + '<yxcvbnm,.-',
    shift: '°+"*ç%&/()=?`' + 'QWERTZUIOPü!' + 'ASDFGHJKLöä£' + '>YXCVBNM;:_',
    altGr: '¬|@#     ]} ~' + '  €       [ ' + '          { ' + '\\      µ   ',
    dead: '^¨`~',
  },
  ca: {
    label: 'Canada (français)',
    plain: '#1234567890-=' + 'qwertyuiop^¸' + 'asdfghjkl;`<' + '«zxcvbnm,.é',
    shift: '|!"/$%?&*()_+' + 'QWERTYUIOP ¨' + 'ASDFGHJKL: >' + "»ZXCVBNM' É",
    altGr: '\\ @£  ¬ ²³   ' + '        § []' + '         ~{}' + '°      µ   ',
    dead: '^¸`¨',
  },
  pt: {
    label: 'Português',
    plain: "\\1234567890'«" + 'qwertyuiop+´' + 'asdfghjklçº~' + '<zxcvbnm,.-',
    shift: '|!"#$%&/()=?»' + 'QWERTYUIOP*`' + 'ASDFGHJKLÇª^' + '>ZXCVBNM;:_',
    altGr: '¬ @£§  {[]}  ' + '  €         ' + '            ' + '       µ   ',
    dead: '´~`^',
  },
  br: {
    label: 'Português (Brasil)',
    plain: "'1234567890-=" + 'qwertyuiop [' + 'asdfghjklç ]' + '\\zxcvbnm,.;',
    shift: '"!@#$% &*()_+' + 'QWERTYUIOP {' + 'ASDFGHJKLÇ }' + '|ZXCVBNM<>:',
    altGr: '¬ ²³£       §' + '/?°         ' + '          ~ ' + '       µ   ',
    altGrShift: '             ' + '          ` ' + '          ^ ',
  },
  pl: {
    label: 'Polski',
    plain: '`1234567890-=' + 'qwertyuiop[]' + "asdfghjkl;'\\" + '<zxcvbnm,./',
    shift: '~!@#$%^&*()_+' + 'QWERTYUIOP{}' + 'ASDFGHJKL:"|' + '>ZXCVBNM  ?',
    altGr: '¬ ²³ € §     ' + '            ' + '            ' + '       µ   ',
  },
  cz: {
    label: 'Čeština',
    plain: ';+ěščřžýáíé=´' + 'qwertzuiopú)' + 'asdfghjklů§¨' + '\\yxcvbnm,.-',
    shift: ' 1234567890%ˇ' + 'QWERTZUIOP/(' + 'ASDFGHJKL"!\'' + '|YXCVBNM?:_',
    altGr: '` @#$ ^&*{}  ' + '  €       []' + '~           ' + ' °      <> ',
    dead: '´¨ˇ',
  },
  hu: {
    label: 'Magyar',
    plain: '0123456789öüó' + 'qwertzuiopőú' + 'asdfghjkléáű' + 'íyxcvbnm,.-',
    shift: '§\'"+!%/=()ÖÜÓ' + 'QWERTZUIOPŐÚ' + 'ASDFGHJKLÉÁŰ' + 'ÍYXCVBNM?:_',
    altGr: '¬~ ^   `     ' + '\\|    €     ' + '   []    $  ' + '<>#&@{} ; *',
  },
  si: {
    label: 'Slovenščina',
    plain: "¸1234567890'+" + 'qwertzuiopšđ' + 'asdfghjklčćž' + '<yxcvbnm,.-',
    shift: '¨!"#$%&/()=?*' + 'QWERTZUIOPŠĐ' + 'ASDFGHJKLČĆŽ' + '>YXCVBNM;:_',
    altGr: '             ' + '\\|€         ' + '   []       ' + '    @{}§   ',
    altGrShift: ' ~ ^   `     ',
  },
  tr: {
    label: 'Türkçe',
    plain: '"1234567890*-' + 'qwertyuıopğü' + 'asdfghjklşi,' + '<zxcvbnmöç.',
    shift: "é!'^+%&/()=?_" + 'QWERTYUIOPĞÜ' + 'ASDFGHJKLŞİ;' + '>ZXCVBNMÖÇ:',
    altGr: '  £#$  {[]}\\|' + '@ €        ~' + '           `' + '       µ   ',
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
