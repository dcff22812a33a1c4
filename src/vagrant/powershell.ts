// The one encoder of this folder for PowerShell: text in, an expression that is that text in Windows PowerShell 5.1 and in 7, whatever
// the encoding the script file is saved in: only ASCII comes out, and nothing in it can be run.

/** A single-quoted literal; what is not printable ASCII (PowerShell also takes typographic quotes for quotes) is joined in as `[char]`. */
export function psText(text: string): string {
  const parts: string[] = [];
  for (const piece of text.match(/[\x20-\x7e]+|[^\x20-\x7e]/g) ?? []) {
    parts.push(/^[\x20-\x7e]/.test(piece) ? `'${piece.replaceAll("'", "''")}'` : `[char]0x${piece.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
  }
  if (parts.length === 0) return "''";
  if (parts.length === 1 && parts[0]?.startsWith("'")) return parts[0];
  // The first operand decides what `+` does: a text must come first.
  if (!parts[0]?.startsWith("'")) parts.unshift("''");
  return `(${parts.join(' + ')})`;
}

/** A text of several lines, one literal a line. */
export function psLines(text: string, indent = ''): string {
  const lines = text.split('\n');
  if (lines.length === 1) return psText(text);
  return `(@(\n${lines.map(line => `${indent}  ${psText(line)}`).join(',\n')}\n${indent}) -join [char]10)`;
}

/** One line of comment. */
export function psComment(text: string): string {
  return `# ${text.replace(/[^\x20-\x7e]+/g, ' ').trim()}`;
}

/** A word for a POSIX shell. NUL cannot be in one and is left out. */
export function shellWord(text: string): string {
  const clean = text.replaceAll('\0', '');
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(clean) ? clean : `'${clean.replaceAll("'", "'\\''")}'`;
}
