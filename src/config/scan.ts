// One quick pass over the text before it is parsed: how deep it nests, and where the elements of "machines" stand, so that
// a keystroke in one machine parses that machine and not the other ninety-nine.

export interface Slice {
  readonly start: number;
  readonly end: number;
}

export interface Scan {
  /** Brackets and braces close what they opened. */
  readonly balanced: boolean;
  readonly depth: number;
  /** Where it got deeper than `limit`, or -1. */
  readonly tooDeepAt: number;
  /** The objects in the array `machines` of the root; empty when there is none. */
  readonly machines: readonly Slice[];
}

const quote = 34, slash = 47, star = 42, backslash = 92, newline = 10, carriageReturn = 13, colon = 58;
const openBrace = 123, closeBrace = 125, openBracket = 91, closeBracket = 93;

export function scan(text: string, limit: number): Scan {
  const machines: Slice[] = [];
  const open: number[] = [];
  let deepest = 0;
  let tooDeepAt = -1;
  let balanced = true;
  let keyStart = -1, keyEnd = -1; // the last string directly in the root object
  let afterKey = false; // … was followed by a colon
  let inMachines = false;
  let start = -1;
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) {
      const from = i + 1;
      for (i++; i < length; i++) {
        const q = text.charCodeAt(i);
        if (q === quote || q === newline || q === carriageReturn) break;
        if (q === backslash) i++;
      }
      if (open.length === 1) { keyStart = from; keyEnd = i; afterKey = false; }
    } else if (c === slash) {
      const next = text.charCodeAt(i + 1);
      if (next === slash) {
        while (i < length && text.charCodeAt(i) !== newline && text.charCodeAt(i) !== carriageReturn) i++;
      } else if (next === star) {
        const end = text.indexOf('*/', i + 2);
        i = end < 0 ? length : end + 1;
      }
    } else if (c === colon) {
      if (open.length === 1) afterKey = true;
    } else if (c === openBrace || c === openBracket) {
      if (open.length === 1 && c === openBracket && afterKey && open[0] === openBrace && text.slice(keyStart, keyEnd) === 'machines') { inMachines = true; machines.length = 0; }
      if (open.length === 2 && inMachines && c === openBrace) start = i;
      open.push(c);
      if (open.length > deepest) deepest = open.length;
      if (open.length > limit && tooDeepAt < 0) tooDeepAt = i;
    } else if (c === closeBrace || c === closeBracket) {
      const opened = open.pop();
      if (opened !== (c === closeBrace ? openBrace : openBracket)) balanced = false;
      if (open.length === 2 && inMachines && c === closeBrace && start >= 0) { machines.push({ start, end: i + 1 }); start = -1; }
      if (open.length === 1) { inMachines = false; afterKey = false; keyStart = keyEnd = -1; }
    }
  }
  return { balanced: balanced && open.length === 0, depth: deepest, tooDeepAt, machines };
}
