// Builds dist/:   node esbuild.mjs [--dev] [--watch] [--meta]
//   extension.js + chunks/   the host bundle (ESM): what is reached by import() lands in chunks that load when first used
//   webview/<view>.{js,css}  one pair a folder of webview/ that has a main.ts, for the browser side
//   webview/codicon.*        VS Code's icon font;   chunks/prism.wasm  the Ruby parser (@ruby/prism), where its loader looks: beside its chunk
// --dev: readable code and source maps; --watch: rebuild on change; --meta: also write out/meta.json (what is in which file).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { generate } from './build/generate.mjs';
import { withBuildLock } from './build/lock.mjs';
import { mergeEager } from './build/merge-eager.mjs';
import { novncCommonJs, plainGlobal, slimNunjucks } from './build/no-eval.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const flags = new Set(process.argv.slice(2));
const dev = flags.has('--dev') || flags.has('--watch');
const dist = path.join(root, 'dist');

const shared = {
  absWorkingDir: root, bundle: true, minify: !dev, sourcemap: dev ? 'linked' : false, metafile: true, logLevel: 'warning', legalComments: 'none', charset: 'utf8',
};

/** The extension host's side. Node built-ins and `vscode` stay imports; bundled CommonJS libraries get a `require` for the built-ins they ask for. */
const host = {
  ...shared, entryPoints: { extension: 'src/extension.ts' }, outdir: 'dist', format: 'esm', splitting: true, chunkNames: 'chunks/[name]-[hash]',
  platform: 'node', target: 'node20', external: ['vscode'], plugins: [slimNunjucks],
  mainFields: ['module', 'main'],
  banner: { js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);" },
};

/** The browser's side: one self-contained module a view, loaded by <script type="module">. */
const views = fs.existsSync(path.join(root, 'webview')) ? fs.readdirSync(path.join(root, 'webview')).filter(v => fs.existsSync(path.join(root, 'webview', v, 'main.ts'))) : [];
const styled = views.filter(v => fs.existsSync(path.join(root, 'webview', v, 'style.css')));
const browser = {
  ...shared, outdir: 'dist/webview', format: 'esm', platform: 'browser', target: 'chrome128', plugins: [novncCommonJs, plainGlobal],
  entryPoints: [...views.map(v => ({ in: `webview/${v}/main.ts`, out: v })), ...styled.map(v => ({ in: `webview/${v}/style.css`, out: v }))],
  external: ['*.ttf'],
};

function copyAssets() {
  const copies = [
    ['node_modules/@vscode/codicons/dist/codicon.css', 'webview/codicon.css'],
    ['node_modules/@vscode/codicons/dist/codicon.ttf', 'webview/codicon.ttf'],
    ['node_modules/@ruby/prism/src/prism.wasm', 'chunks/prism.wasm'],
  ];
  for (const [from, to] of copies) {
    fs.mkdirSync(path.dirname(path.join(dist, to)), { recursive: true });
    fs.copyFileSync(path.join(root, from), path.join(dist, to));
  }
}

/** Chunks have a hash in their name, and --dev leaves maps: those of an earlier build would be packaged too. */
function removeStale(metafiles) {
  const made = new Set(metafiles.flatMap(metafile => Object.keys(metafile.outputs)).map(file => path.join(root, file)));
  for (const name of fs.readdirSync(dist, { recursive: true }).map(String)) {
    const file = path.join(dist, name);
    if (/\.(js|css)(\.map)?$/.test(name) && !made.has(file) && !/codicon\.css$/.test(name)) fs.rmSync(file);
  }
}

await generate({ log: console.log });
const configs = [fs.existsSync(path.join(root, 'src/extension.ts')) && host, browser.entryPoints.length && browser].filter(Boolean);
copyAssets();

if (flags.has('--watch')) {
  for (const config of configs) await (await esbuild.context({ ...config, logLevel: 'info' })).watch();
  const regenerate = () => generate({ log: console.log }).catch(error => console.error(String(error)));
  for (const folder of ['schemas', 'templates']) fs.watch(path.join(root, folder), { recursive: true }, regenerate);
  console.log('watching (Ctrl+C stops)');
} else {
  await withBuildLock(buildOnce);
}

async function buildOnce() {
  const started = Date.now();
  const results = await Promise.all(configs.map(config => esbuild.build(config)));
  removeStale(results.map(result => result.metafile));
  if (!dev && configs.includes(host)) await mergeEager(root, results[configs.indexOf(host)].metafile.outputs);
  if (flags.has('--meta')) {
    fs.mkdirSync(path.join(root, 'out'), { recursive: true });
    const merged = { inputs: {}, outputs: {} };
    for (const { metafile } of results) { Object.assign(merged.inputs, metafile.inputs); Object.assign(merged.outputs, metafile.outputs); }
    fs.writeFileSync(path.join(root, 'out/meta.json'), JSON.stringify(merged));
  }
  console.log(`built dist/ in ${Date.now() - started} ms`);
}
