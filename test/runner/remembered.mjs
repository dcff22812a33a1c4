// A tier that passed need not run again while nothing of the project has changed. What is not run is told apart in the totals.
import fs from 'node:fs';
import path from 'node:path';
import { fingerprint } from '../../build/fingerprint.mjs';
import { root } from '../../build/setup.mjs';

/** All that a verdict may depend on: tests read sources, documents and texts too. */
const sources = ['src', 'test', 'webview', 'build', 'schemas', 'templates', 'media', 'l10n', 'examples', 'docs', 'README.md', 'CHANGELOG.md', 'LICENSE', '.vscodeignore',
  ...fs.readdirSync(root).filter(name => /\.(json|ts|mjs)$/.test(name))];

/**
 * The verdict of an earlier run on the same files, or that of `run`, which is kept when nothing failed.
 * @param {string} name of the tier @param {Record<string, string>} missing parts of the rig this computer cannot have
 * @param {() => Promise<import('./tiers.mjs').Outcome>} run @param {{anew: boolean}} options whether it runs in any case
 * @returns {Promise<import('./tiers.mjs').Outcome & {remembered?: boolean}>}
 */
export async function remembered(name, missing, run, { anew }) {
  const stamp = path.join(root, `out/cache/${name.replace(/\W+/g, '-')}.passed.json`);
  const now = fingerprint(sources) + JSON.stringify(missing);
  const then = !anew && fs.existsSync(stamp) ? JSON.parse(fs.readFileSync(stamp, 'utf8')) : undefined;
  if (then?.now === now) return { ...then.outcome, remembered: true };
  const outcome = await run();
  // Files that changed meanwhile were perhaps not those that were tested.
  if (!outcome.failed.length && fingerprint(sources) + JSON.stringify(missing) === now) {
    fs.mkdirSync(path.dirname(stamp), { recursive: true });
    fs.writeFileSync(stamp, JSON.stringify({ now, outcome: { passed: outcome.passed, failed: [], skipped: outcome.skipped } }));
  }
  return outcome;
}
