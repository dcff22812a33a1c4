// Writes docs/config.md from the schema and the table of checks:   node build/docs.mjs [--check]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const file = path.join(root, 'docs/config.md');

const { outputFiles } = await esbuild.build({ absWorkingDir: root, entryPoints: ['src/config/docs.ts'], bundle: true, format: 'esm', platform: 'node', mainFields: ['module', 'main'], write: false });
const { configDocs } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
const text = configDocs();
const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
if (process.argv.includes('--check')) {
  if (before !== text) { console.error('docs/config.md is out of date: run  node build/docs.mjs'); process.exit(1); }
} else if (before !== text) {
  fs.writeFileSync(file, text);
  console.log('wrote docs/config.md');
}
