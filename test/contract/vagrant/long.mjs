// Runs long.ts (see there).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const viteNode = path.join(path.dirname(createRequire(import.meta.url).resolve('vite-node/package.json')), 'vite-node.mjs');
const done = spawnSync(process.execPath, [viteNode, path.join(here, 'long.ts'), ...process.argv.slice(2)], { stdio: 'inherit', cwd: path.resolve(here, '../../..') });
process.exit(done.status ?? 1);
