// The unpackers as they ship: bundled as esbuild.mjs does it, where CommonJS libraries look different from what Node shows of them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { pack } from 'tar-stream';
import { run, temporaryFolder, titled } from './tools.ts';

const packers = ['gzip', 'bzip2', 'xz', 'zstd'] as const;
const tools = titled('bundled', ...packers);

describe.skipIf(tools.missing)(tools.title, () => {
  it('every compression is undone, a tar unpacked, and node-fetch there', async () => {
    const folder = await temporaryFolder();
    const root = join(import.meta.dirname, '../../..');
    await build({
      stdin: { contents: `
import { openDecompressed } from './src/system/decompress.ts';
import { unpackTar } from './src/system/archive.ts';
import { webFetch } from './src/system/webFetch.ts';
const [folder, ...files] = process.argv.slice(2);
const signal = new AbortController().signal;
for (const file of files) {
  let text = '';
  for await (const chunk of (await openDecompressed(file, signal)).chunks) text += Buffer.from(chunk).toString();
  console.log(text.length);
}
console.log((await unpackTar(folder + '/a.tar', folder + '/out', {}, { signal, progress: () => {} })).files.join());
console.log(await webFetch('http://127.0.0.1:9/', { method: 'GET', headers: {}, redirect: 'manual', signal, compress: false }).catch(error => error.code));`, resolveDir: root, loader: 'ts' },
      bundle: true, minify: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', mainFields: ['module', 'main'], outdir: join(folder, 'dist'), outExtension: { '.js': '.mjs' }, logLevel: 'error',
      banner: { js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);" },
    });
    const text = 'some text\n'.repeat(5000);
    await writeFile(join(folder, 'text'), text);
    for (const packer of packers) run('sh', ['-c', `${packer} -c '${join(folder, 'text')}' > '${join(folder, packer)}'`]);
    const tar = pack();
    tar.entry({ name: 'in/it.txt' }, 'x');
    tar.finalize();
    const chunks: Uint8Array[] = [];
    for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
    await writeFile(join(folder, 'a.tar'), Buffer.concat(chunks));
    const output = run(process.execPath, [join(folder, 'dist/stdin.mjs'), folder, ...packers.map(packer => join(folder, packer))]);
    expect(output.trim().split('\n')).toEqual([...packers.map(() => String(text.length)), 'in/it.txt', 'ECONNREFUSED']);
  });
});
