// A real VS Code for tests: code-server from npm (no desktop download, no compiler) and the Node it needs.
// About 270 MB fetched and 810 MB kept, in 15-40 s; a second call is instant. The versions and their lock are in host/.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, onPath, run, Unavailable } from './cache.mjs';

const versions = path.join(path.dirname(fileURLToPath(import.meta.url)), 'host');
const wanted = JSON.parse(fs.readFileSync(path.join(versions, 'package.json'), 'utf8')).dependencies['code-server'];
const dir = path.join(cacheDir, `host-${wanted}`);
const vscode = path.join(dir, 'node_modules/code-server/lib/vscode');
const complete = () => fs.existsSync(path.join(vscode, 'node_modules'));

/**
 * Installs what is missing. Throws Unavailable.
 * @returns {Promise<{entry: string, node: string, version: string}>} absolute paths of code-server's program and of the Node that runs it
 */
export async function ensureHost() {
  if (process.platform === 'win32') throw new Unavailable('code-server does not run on Windows: use WSL, or desktop VS Code');
  if (!complete()) await install();
  return { entry: path.join(dir, 'node_modules/code-server/out/node/entry.js'), node: findNode(), version: wanted };
}

async function install() {
  console.error(`rig: fetching VS Code for the browser (code-server ${wanted}, about 270 MB)`);
  fs.mkdirSync(cacheDir, { recursive: true });
  const part = `${dir}.${process.pid}.part`;        // made aside, then renamed: a cut-off install is never taken for a whole one
  const npm = (cwd, ...args) => run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, shell: false });
  try {
    fs.mkdirSync(part, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) fs.copyFileSync(path.join(versions, file), path.join(part, file));
    // Always without install scripts: some would compile for minutes and fail. code-server's own installer does the second step.
    await npm(part, 'ci', '--ignore-scripts');
    await npm(path.join(part, 'node_modules/code-server/lib/vscode'), 'install', '--omit=dev', '--ignore-scripts');
    await buildLogger(part);
    if (fs.existsSync(dir) && !complete()) fs.rmSync(dir, { recursive: true, force: true });
    fs.renameSync(part, dir);
  } catch (error) {
    if (!complete()) throw error;        // else another run was faster
  } finally {
    fs.rmSync(part, { recursive: true, force: true });
  }
}

/** VS Code writes its logs by a native module that has no prebuilt form. Where there is a compiler it is built (20 s); without, log views stay empty. */
async function buildLogger(folder) {
  const own = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`);
  if (!fs.existsSync(own) || !['make', 'g++', 'python3'].every(onPath)) return;
  const env = { ...process.env, PATH: `${path.join(own, 'bin')}${path.delimiter}${process.env.PATH ?? ''}`, npm_config_nodedir: own };
  await run('npm', ['rebuild', '@vscode/spdlog', '--loglevel=error'], { cwd: path.join(folder, 'node_modules/code-server/lib/vscode'), env })
    .catch(error => { console.error(`rig: this VS Code will show no logs: ${error.message.split('\n')[0]}`); });
}

/** Why the logs of this VS Code stay empty, or undefined when they do not. For `it.skipIf`. */
export function hostLogsMissing() {
  return fs.existsSync(path.join(vscode, 'node_modules/@vscode/spdlog/build/Release/spdlog.node')) ? undefined
    : 'the VS Code of the rig was made without a compiler (make, g++, python3) and writes no logs: install them, then npm run rig -- clean, and npm run rig -- host';
}

/** code-server 4.139 needs Node 22.15 or later; the rig carries one for Linux. */
function findNode() {
  const own = path.join(dir, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node');
  if (fs.existsSync(own)) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major >= 24 || (major === 22 && minor >= 15)) return process.execPath;
  throw new Unavailable(`code-server needs Node >= 22.15 on ${process.platform} ${process.arch}, this is ${process.versions.node}`);
}
