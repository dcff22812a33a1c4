// npm run proxmox:demo: bundles demo.ts for plain Node and runs it.
import { build } from 'esbuild';
import { fileURLToPath, pathToFileURL } from 'node:url';

const outfile = fileURLToPath(new URL('../../out/proxmox-demo.mjs', import.meta.url));
await build({ entryPoints: [fileURLToPath(new URL('demo.ts', import.meta.url))], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' });
await import(pathToFileURL(outfile).href);
