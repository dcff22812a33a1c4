// axe-core inside a webview: what it finds serious or critical, as short lines.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import type { FrameLocator } from 'playwright-core';

const source = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly impact: string | null; readonly help: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** [] = nothing serious. The script goes in as an expression of the debugger's, so the page's CSP stays as it is. */
export async function axeProblems(frame: FrameLocator): Promise<readonly string[]> {
  const result = await frame.locator('body').evaluate(`(async () => { ${source}; return axe.run(); })()`) as AxeResult;
  return result.violations.filter(one => one.impact === 'serious' || one.impact === 'critical').map(one => `${one.id}: ${one.help}: ${one.nodes[0]?.html.slice(0, 200) ?? ''}`);
}
