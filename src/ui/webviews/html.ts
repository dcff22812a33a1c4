// The one HTML frame of every Gaia webview: strict CSP, one nonce, no inline script or style, data never in the markup.

export interface PageParts {
  readonly title: string;
  readonly language: string;
  readonly nonce: string;
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** Addresses from `asWebviewUri`. */
  readonly script: string;
  readonly styles: readonly string[];
}

export function pageHtml(parts: PageParts): string {
  const csp = [
    `default-src 'none'`,
    `script-src 'nonce-${parts.nonce}'`,
    `style-src ${parts.cspSource}`,
    `font-src ${parts.cspSource}`,
    `img-src ${parts.cspSource} blob: data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escapeHtml(parts.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(csp)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
${parts.styles.map(style => `<link rel="stylesheet" href="${escapeHtml(style)}">`).join('\n')}
<title>${escapeHtml(parts.title)}</title>
</head>
<body>
<main id="root"></main>
<script type="module" nonce="${parts.nonce}" src="${escapeHtml(parts.script)}"></script>
</body>
</html>`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** 128 random bits, as CSP wants them. */
export function makeNonce(): string {
  return crypto.randomUUID().replaceAll('-', '');
}
