// Test files for the extension host: TypeScript in test/host/, one CommonJS file each in out/host/, since the host require()s them.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

/** The rig's modules know their own place on disk: they are loaded from there, not bundled. */
export const rigStaysPut = {
  name: 'rig-stays-put',
  setup(build) {
    build.onResolve({ filter: /\/rig\/[\w-]+\.mjs$/ }, args => ({ path: path.resolve(args.resolveDir, args.path), external: true }));
  },
};

/** @returns {Promise<string[]>} the bundles, in the order of the files' names */
export async function bundleHostTests(root) {
  const folder = path.join(root, 'test/host'), out = path.join(root, 'out/host');
  const sources = fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true }).map(String).filter(f => f.endsWith('.test.ts')).sort() : [];
  fs.rmSync(out, { recursive: true, force: true });
  if (!sources.length) return [];
  await esbuild.build({
    absWorkingDir: root, entryPoints: sources.map(f => ({ in: path.join(folder, f), out: f.replace(/\.ts$/, '') })), outdir: out, outExtension: { '.js': '.cjs' },
    bundle: true, format: 'cjs', platform: 'node', target: 'node20', sourcemap: 'inline', external: ['vscode'], plugins: [rigStaysPut], logLevel: 'warning',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(path.join(folder, 'x.ts')).href) },
  });
  return sources.map(f => path.join(out, f.replace(/\.ts$/, '.cjs')));
}
