// npm run package: dist/ for production, then out/gaia.vsix with nothing in it but what a user needs.
// Done anew only when something changed; --force does it anyway.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint } from './fingerprint.mjs';
import { withBuildLock } from './lock.mjs';
import { ensureDependencies, root } from './setup.mjs';

const vsix = path.join(root, 'out/gaia.vsix');
const stampFile = path.join(root, 'out/gaia.vsix.stamp');
const maxVsixBytes = 1_500_000;
/** Host code loaded at activation: extension.js and what it imports statically. */
const maxEagerBytes = 120_000;
const sources = ['src', 'webview', 'schemas', 'templates', 'media', 'l10n', 'build', 'esbuild.mjs', 'package.json', 'package-lock.json', 'package.nls.json', '.vscodeignore', 'README.md', 'CHANGELOG.md', 'LICENSE'];

/** What may be in the package, as paths under extension/. */
const allowed = [/^dist\//, /^schemas\/[\w.-]+\.json$/, /^templates\//, /^media\/(?!screenshots\/)/, /^l10n\//, /^package(\.nls(\.[\w-]+)?)?\.json$/, /^(README|readme)\.md$/, /^(CHANGELOG|changelog)\.md$/, /^LICENSE(\.txt|\.md)?$/];

/**
 * Builds and packages when needed. Throws with the reason when the package is not as it must be.
 * @returns {Promise<{vsix: string, bytes: number, files: number, eager: number, fresh: boolean}>}
 */
export function ensurePackage(options) {
  return withBuildLock(() => buildPackage(options));
}

async function buildPackage({ force = false } = {}) {
  const wanted = fingerprint(sources);
  const fresh = force || !fs.existsSync(vsix) || !fs.existsSync(path.join(root, 'dist/extension.js')) || !fs.existsSync(stampFile) || fs.readFileSync(stampFile, 'utf8') !== wanted;
  if (fresh) {
    fs.mkdirSync(path.dirname(vsix), { recursive: true });
    fs.rmSync(stampFile, { force: true });
    await node('esbuild.mjs', '--meta');
    const made = path.join(root, `out/gaia.${process.pid}.vsix`);
    try {
      await node('node_modules/@vscode/vsce/vsce', 'package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--allow-package-secrets', 'privatekey', '--out', made);
      fs.renameSync(made, vsix);
    } finally { fs.rmSync(made, { force: true }); }
    fs.writeFileSync(stampFile, wanted);
  }
  return { vsix, fresh, ...check() };
}

function check() {
  const names = entries(fs.readFileSync(vsix));
  const files = names.filter(name => name.startsWith('extension/') && !name.endsWith('/')).map(name => name.slice('extension/'.length));
  const strangers = files.filter(name => !allowed.some(pattern => pattern.test(name)));
  if (strangers.length) throw new Error(`does not belong into the package: ${strangers.join(', ')} (.vscodeignore)`);
  for (const needed of ['package.json', 'dist/extension.js']) if (!files.includes(needed)) throw new Error(`${needed} is missing in the package`);
  const bytes = fs.statSync(vsix).size;
  if (bytes > maxVsixBytes) throw new Error(`the package has ${bytes} bytes, more than ${maxVsixBytes}`);
  const compiling = fs.readdirSync(path.join(root, 'dist'), { recursive: true }).map(String).filter(f => f.endsWith('.js'))
    .filter(f => /[^\w.$]eval\(|[^\w.$]new Function\(|[^\w.$]Function\("/.test(fs.readFileSync(path.join(root, 'dist', f), 'utf8')));
  if (compiling.length) throw new Error(`compiles code at run time (eval or new Function): ${compiling.join(', ')}`);
  checkPrivateKeys();
  const eager = eagerBytes();
  if (eager > maxEagerBytes) throw new Error(`activation loads ${eager} bytes of code, more than ${maxEagerBytes}: import() what is not needed at once (out/meta.json says what is in which file)`);
  return { bytes, files: files.length, eager };
}

/** vsce refuses private keys. The one that may be there is known to everybody: Vagrant's, which every box trusts until its first boot. */
function checkPrivateKeys() {
  const known = fs.readFileSync(path.join(root, 'src/provisioning/insecureKey.ts'), 'utf8').replace(/\\n|\s/g, '');
  for (const name of fs.readdirSync(path.join(root, 'dist'), { recursive: true }).map(String).filter(file => file.endsWith('.js'))) {
    const text = fs.readFileSync(path.join(root, 'dist', name), 'utf8');
    for (const [key] of text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\n|\s)*[A-Za-z0-9+/=](?:\\n|[A-Za-z0-9+/=\s])+/g)) {
      if (!known.includes(key.replace(/\\n|\s/g, ''))) throw new Error(`a private key is in dist/${name}`);
    }
  }
}

/** Bytes of dist/extension.js and of all chunks it reaches without import(). */
function eagerBytes() {
  const { outputs } = JSON.parse(fs.readFileSync(path.join(root, 'out/meta.json'), 'utf8'));
  const seen = new Set();
  const visit = file => {
    if (seen.has(file) || !outputs[file]) return;
    seen.add(file);
    for (const { path: next, kind } of outputs[file].imports) if (kind !== 'dynamic-import') visit(next);
  };
  visit('dist/extension.js');
  return [...seen].reduce((sum, file) => sum + outputs[file].bytes, 0);
}

/** The names in a zip file, from its central directory. */
function entries(zip) {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const names = [];
  for (let at = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)];
    names.push(zip.toString('utf8', at + 46, at + 46 + nameLength));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return names;
}

function node(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', chunk => { said += chunk; });
    child.stderr.on('data', chunk => { said += chunk; });
    child.on('error', reject);
    child.on('close', code => code === 0 ? resolve() : reject(new Error(`${args.slice(0, 2).join(' ')} failed (exit ${code})\n${said}`)));
  });
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  ensureDependencies();
  try {
    const { bytes, files, eager, fresh } = await ensurePackage({ force: process.argv.includes('--force') });
    console.log(`${path.relative(root, vsix)}: ${(bytes / 1e6).toFixed(2)} MB, ${files} files, ${(eager / 1e3).toFixed(0)} KB loaded at activation${fresh ? '' : ' (unchanged)'}`);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
