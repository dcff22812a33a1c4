// Makes one file of what loads with extension.js. esbuild puts code that several chunks use into a chunk of its own, and the extension host
// pays about a millisecond for each file it opens: with 18 of them that was most of the activation. The small files stay for the lazy chunks
// that import them; each now passes on what extension.js holds, so that a class stays one class.
import fs from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';

/**
 * @param {string} root  what the paths in `outputs` start from
 * @param {import('esbuild').Metafile['outputs']} outputs  of the build that has just written its files
 */
export async function mergeEager(root, outputs) {
  const entry = 'dist/extension.js';
  const eager = loadedWith(entry, outputs);
  const chunks = eager.filter(file => file !== entry).map((file, at) => ({ file, names: outputs[file].exports.map(name => ({ inside: name, outside: `c${at}_${name}` })) }));
  const staysOutside = {
    name: 'lazy-stays-outside',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path: wanted, resolveDir }) => {
        const file = slashed(path.relative(root, path.resolve(resolveDir, wanted)));
        return eager.includes(file) ? { path: path.join(root, file) } : { path: importPath(entry, file), external: true };
      });
    },
  };
  const { outputFiles: [merged] } = await esbuild.build({
    stdin: { contents: [`export*from"./extension.js"`, ...chunks.map(({ file, names }) => passOn(names.map(n => [n.inside, n.outside]), importPath(entry, file)))].join(';'), resolveDir: path.join(root, 'dist') },
    bundle: true, write: false, minify: true, charset: 'utf8', legalComments: 'none', format: 'esm', platform: 'node', target: 'node20', external: ['vscode'], plugins: [staysOutside], logLevel: 'warning',
  });
  fs.writeFileSync(path.join(root, entry), merged.contents);
  for (const { file, names } of chunks) fs.writeFileSync(path.join(root, file), passOn(names.map(n => [n.outside, n.inside]), importPath(file, entry)));
}

const passOn = (pairs, from) => `export{${pairs.map(([name, as]) => `${name} as ${as}`).join(',')}}from${JSON.stringify(from)};`;
const slashed = file => file.replaceAll(path.sep, '/');

function importPath(from, to) {
  const relative = slashed(path.relative(path.dirname(from), to));
  return relative.startsWith('.') ? relative : `./${relative}`;
}

/** The file and all that it imports statically. */
function loadedWith(file, outputs, found = new Set()) {
  if (found.has(file)) return [...found];
  found.add(file);
  for (const { path: next, kind, external } of outputs[file].imports) if (kind === 'import-statement' && !external) loadedWith(next, outputs, found);
  return [...found];
}
