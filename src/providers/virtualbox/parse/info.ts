// `showvminfo --machinereadable`: key="value", but ad hoc. Values span lines, some are escaped and some are not, keys may be quoted, some
// lines are no pair at all (facts, section 2). So this reader is tolerant, and what must be exact (names, descriptions, snapshots, flags of
// shared folders) is taken from the settings file where that can be read.

/** Key → value, in the order of the answer; of a key that comes twice, the first. */
export type VmInfo = ReadonlyMap<string, string>;

const pair = /^(?:"((?:[^"\\]|\\.)*)"|([A-Za-z][^=\s"]*))=(=?)(.*)$/;

export function parseVmInfo(stdout: string): VmInfo {
  const lines = stdout.split('\n');
  const info = new Map<string, string>();
  for (let at = 0; at < lines.length; at++) {
    const match = pair.exec(lines[at] as string);
    if (!match) continue;
    const key = match[1] === undefined ? (match[2] as string) : unescaped(match[1]);
    let raw = match[4] as string;
    if (raw.startsWith('"') && !isClosed(raw, lines[at + 1])) {
      // `VideoMode="640,480,32"@0,0 1` is closed too, but goes on.
      while (at + 1 < lines.length) {
        at++;
        raw += `\n${lines[at] as string}`;
        if (raw.endsWith('"') && isStart(lines[at + 1])) break;
      }
    }
    if (!info.has(key)) info.set(key, valueOf(raw));
  }
  return info;
}

/** Does this first line hold the whole value? A quote at its end closes it only if another pair (or nothing) follows. */
function isClosed(raw: string, next: string | undefined): boolean {
  if (/^"[^"]*"@/.test(raw)) return true;
  return raw.length > 1 && raw.endsWith('"') && isStart(next);
}

function isStart(line: string | undefined): boolean {
  return line === undefined || line.trim() === '' || pair.test(line) || /^ rec_screen\d+$/.test(line);
}

function valueOf(raw: string): string {
  if (!raw.startsWith('"') || !raw.endsWith('"') || raw.length < 2) return raw;
  return unescaped(raw.slice(1, -1));
}

/** 7.x escapes `"` and `\` in most values, 6.1 in none, and neither does in names of snapshots: only what is consistently escaped is unescaped. */
function unescaped(text: string): string {
  const consistent = !/(?:^|[^\\])(?:\\\\)*"/.test(text) && /^(?:[^\\]|\\["\\])*$/.test(text);
  return consistent ? text.replace(/\\(["\\])/g, '$1') : text;
}
