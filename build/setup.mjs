// What `npm start` and `npm test` do first, with nothing but Node: dependencies that match the lock file.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Runs `npm ci` when node_modules is missing or is not what package-lock.json says. */
export function ensureDependencies() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) { console.error(`Gaia needs Node 20 or later, this is ${process.versions.node}.`); process.exit(1); }
  const stale = staleReason();
  if (!stale) return;
  console.error(`dependencies: npm ci (${stale})`);
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status !== 0) { console.error('dependencies: npm ci failed; is the registry reachable?'); process.exit(1); }
}

/** npm keeps a list of what it installed in node_modules/.package-lock.json. */
function staleReason() {
  const installedFile = path.join(root, 'node_modules/.package-lock.json');
  if (!fs.existsSync(installedFile)) return 'nothing is installed yet';
  const read = file => JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  const installed = read(installedFile);
  for (const [name, { version, optional, peer, devOptional }] of Object.entries(read(path.join(root, 'package-lock.json')))) {
    if (!name || !version) continue;
    const there = installed[name];
    // Optional ones of other platforms are not installed.
    if (!there ? !optional && !peer && !devOptional : there.version !== version) return `${name.replace(/^.*node_modules\//, '')} is not the version of the lock file`;
    if (there && !optional && !fs.existsSync(path.join(root, name, 'package.json'))) return `${name} is gone`;
  }
  return undefined;
}
