// npm run bench [-- name…]: runs test/bench/*.bench.ts, each in a process of its own, and prints their tables.
// A bench file exports functions whose names begin with `bench`; each resolves with rows { what, value, unit, budget?, note? }.
// A value over its budget fails the run. Results are also kept in out/bench.json.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDependencies, root } from '../../build/setup.mjs';

const child = process.argv[2] === '--in-child';
if (child) await runInChild(process.argv[3], process.argv[4]);
else await main(process.argv.slice(2));

async function main(wanted) {
  ensureDependencies();
  const [esbuild, { generate }, { rigStaysPut }, { ensureParts }, { slimNunjucks }] = await Promise.all([import('esbuild'), import('../../build/generate.mjs'), import('../rig/bundle-tests.mjs'), import('../rig/rig.mjs'), import('../../build/no-eval.mjs')]);
  await generate();
  for (const [name, { ok, reason, error }] of Object.entries(await ensureParts(['virtualbox']))) if (!ok) console.log(`rig ${name}: ${reason ?? error.message}`);
  const folder = path.join(root, 'test/bench'), out = path.join(root, 'out/bench');
  const names = fs.readdirSync(folder).filter(f => f.endsWith('.bench.ts')).filter(f => !wanted.length || wanted.some(w => f.includes(w))).sort();
  await esbuild.build({
    absWorkingDir: root, entryPoints: names.map(f => path.join(folder, f)), outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, format: 'esm', platform: 'node', target: 'node20', mainFields: ['module', 'main'],
    sourcemap: 'inline', external: ['vscode', 'playwright-core', 'esbuild', 'vitest'], plugins: [rigStaysPut, slimNunjucks], logLevel: 'warning',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(path.join(folder, 'x.ts')).href) },
    banner: { js: `import{createRequire as $createRequire}from'node:module';const require=$createRequire(${JSON.stringify(pathToFileURL(path.join(folder, 'x.ts')).href)});` },
  });
  const all = {};
  let over = 0;
  for (const name of names) {
    const bundle = path.join(out, name.replace(/\.ts$/, '.mjs')), results = path.join(out, `${name}.json`);
    const code = await spawned(process.execPath, ['--expose-gc', path.join(folder, 'run.mjs'), '--in-child', bundle, results]);
    if (code !== 0) { console.error(`${name} failed (exit ${code})`); process.exitCode = 1; continue; }
    all[name] = JSON.parse(fs.readFileSync(results, 'utf8'));
    over += print(name.replace(/\.bench\.ts$/, ''), all[name]);
  }
  fs.writeFileSync(path.join(root, 'out/bench.json'), JSON.stringify(all, null, 2));
  if (over) { console.log(`${over} over budget`); process.exitCode = 1; }
}

async function runInChild(bundle, results) {
  const module = await import(pathToFileURL(bundle).href);
  const rows = [];
  for (const [name, bench] of Object.entries(module)) if (name.startsWith('bench') && typeof bench === 'function') rows.push(...await bench());
  fs.writeFileSync(results, JSON.stringify(rows));
  process.exit(0);
}

function print(title, rows) {
  const cells = rows.map(({ what, value, unit, budget, note }) => [what, typeof value === 'number' ? `${Number(value.toPrecision(3))} ${unit}` : String(value),
    budget === undefined ? '' : `≤ ${budget} ${unit}${value > budget ? '  OVER' : ''}`, note ?? '']);
  const head = [title, 'measured', 'budget', 'note'].slice(0, cells.some(row => row[3]) ? 4 : 3);
  const widths = head.map((text, i) => Math.max(text.length, ...cells.map(row => row[i].length)));
  const line = row => `| ${head.map((_, i) => row[i].padEnd(widths[i])).join(' | ')} |`;
  console.log(`\n${line(head)}\n|${widths.map(w => '-'.repeat(w + 2)).join('|')}|\n${cells.map(line).join('\n')}`);
  return rows.filter(row => row.budget !== undefined && row.value > row.budget).length;
}

function spawned(file, args) {
  return new Promise((resolve, reject) => spawn(file, args, { cwd: root, stdio: 'inherit' }).on('error', reject).on('close', resolve));
}
