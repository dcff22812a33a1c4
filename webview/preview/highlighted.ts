// Cuts highlighted HTML into lines. A span that goes over a line end (a heredoc, a comment) is closed and opened again. Pure.

/** `html`: what highlight.js returns, i.e. escaped text and `<span class="…">`. One entry a line, each whole by itself. */
export function linesOfHighlighted(html: string): readonly string[] {
  const open: string[] = [];
  return html.split('\n').map(line => {
    const before = open.join('');
    for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
      if (tag === '</span>') open.pop();
      else open.push(tag);
    }
    return `${before}${line}${'</span>'.repeat(open.length)}`;
  });
}
