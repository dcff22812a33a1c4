// npm start: opens VS Code with Gaia on a copy of examples/. Sets up what is missing; a second run reuses it all.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ensureDependencies, root } from './setup.mjs';

const help = `npm start -- [options]      opens VS Code with Gaia on a copy of examples/ (.run/workspace)
Desktop VS Code where \`code\` is on PATH, with a profile of its own; else VS Code in the browser, and the address is printed.
  --demo          with a private, real VirtualBox and a handful of machines (Debian-like Linux x64; installs it at the first use)
  --no-demo       with what this computer has
                  Neither: asks, if no hypervisor was found; not interactive: --demo
  --browser       VS Code in the browser, also where \`code\` is on PATH
  --port N        of the browser's VS Code (8431). Keep to one: secrets and window state are kept by address
  --no-open       only prints the address
  --fresh         forgets profile, workspace and demo machines (.run/) first`;

let options;
try {
  ({ values: options } = parseArgs({ options: {
    help: { type: 'boolean', short: 'h' }, demo: { type: 'boolean' }, 'no-demo': { type: 'boolean' }, browser: { type: 'boolean' },
    port: { type: 'string', default: '8431' }, 'no-open': { type: 'boolean' }, fresh: { type: 'boolean' },
  } }));
} catch (error) { fail(`${error.message}\n\n${help}`); }
if (options.help) { console.log(help); process.exit(0); }

const started = Date.now();
const home = path.join(root, '.run'), workspace = path.join(home, 'workspace');
/** What has to end when we do, the last made first. */
const closing = [];
let ending = false;

ensureDependencies();
const [{ ensurePackage }, { onPath, Unavailable }, { answers }] = await Promise.all([import('./package.mjs'), import('../test/rig/cache.mjs'), import('../test/rig/server.mjs')]);
const base = `http://127.0.0.1:${options.port}`;
if (await answers(base)) fail(`Something answers on ${base} already: is Gaia running there? Open it, or use --port.`);

endWithSignals();
try {
  if (options.fresh) fs.rmSync(home, { recursive: true, force: true });
  copyExamples();
  const { vsix, fresh } = await ensurePackage();
  if (fresh) say('Gaia is built');
  const variables = await wantDemo() ? await demo() : {};
  if (!await openDesktop(variables)) await openBrowser(vsix, variables);
} catch (error) {
  await close();
  fail(error instanceof Unavailable ? error.message : error.stack);
}

/** Files of examples/ that the copy does not have yet; what was changed in the copy stays. */
function copyExamples() {
  fs.mkdirSync(workspace, { recursive: true });
  fs.cpSync(path.join(root, 'examples'), workspace, { recursive: true, force: false });
}

async function wantDemo() {
  if (options.demo) return true;
  if (options['no-demo'] || hypervisor()) return false;
  if (process.platform !== 'linux' || process.arch !== 'x64' || !onPath('apt-get')) return false;
  if (!process.stdin.isTTY) { say('no hypervisor found: with the private VirtualBox of the test rig (--no-demo: without)'); return true; }
  const ask = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await ask.question('No hypervisor was found on this computer. Show demo machines in a private VirtualBox (60 MB download, once)? [Y/n] ');
  ask.close();
  return !/^n/i.test(answer.trim());
}

/** Something that Gaia would find by itself. */
function hypervisor() {
  const places = ['/usr/lib/virtualbox/VBoxManage', '/Applications/VirtualBox.app/Contents/MacOS/VBoxManage', 'C:\\Program Files\\Oracle\\VirtualBox\\VBoxManage.exe'];
  return Boolean(onPath('VBoxManage') || onPath('wsl.exe') || process.env.PROXMOX_HOST || process.platform === 'win32' || places.some(file => fs.existsSync(file)));
}

async function demo() {
  const [{ ensureVirtualBox }, { openDemo }] = await Promise.all([import('../test/rig/virtualbox.mjs'), import('./demo.mjs')]);
  const { version } = await ensureVirtualBox();
  const opened = await openDemo(path.join(home, 'virtualbox'));
  closing.push(() => opened.close());
  await opened.prepare();
  say(`demo machines in a private VirtualBox ${version}`);
  return opened.variables;
}

/** True when desktop VS Code was there and has been closed again. */
async function openDesktop(variables) {
  // In a terminal of VS Code's remote server `code` speaks to another computer; as root desktop VS Code refuses.
  if (options.browser || !onPath('code') || process.env.VSCODE_IPC_HOOK_CLI || process.getuid?.() === 0) return false;
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return false;
  say('opening desktop VS Code (close its window to end)');
  const args = ['--new-window', '--wait', '--extensionDevelopmentPath', root, '--user-data-dir', path.join(home, 'desktop'), '--extensions-dir', path.join(home, 'desktop-extensions'), '--disable-workspace-trust', workspace];
  // By execa: on Windows `code` is a command file, which needs quoting of its own.
  const { execa } = await import('execa');
  const { exitCode } = await execa('code', args, { stdio: 'inherit', env: variables, reject: false });
  if (exitCode !== 0) { say('desktop VS Code did not open; using the browser'); return false; }
  await close();
  return true;
}

async function openBrowser(vsix, variables) {
  const [{ ensureHost }, { startServer }] = await Promise.all([import('../test/rig/host.mjs'), import('../test/rig/server.mjs')]);
  const server = await startServer({ host: await ensureHost(), home: path.join(home, 'browser'), port: Number(options.port), vsix, env: variables, isolateHome: false });
  closing.push(() => server.stop());
  const url = server.folderUrl(workspace);
  say(`ready in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  console.log(`\n  Open ${url}\n\n  The machines are behind the Gaia icon at the left. Ctrl+C stops.`);
  if (!options['no-open'] && process.stdout.isTTY) {
    const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
    if (onPath(opener) && (process.platform === 'darwin' || process.env.DISPLAY)) spawn(opener, [url], { stdio: 'ignore', detached: true }).on('error', () => {}).unref();
  }
  await server.ended;
  if (!ending) { await close(); fail(`The editor has stopped; see ${server.logFile}`); }
}

async function close() {
  ending = true;
  for (const end of closing.splice(0).reverse()) await end().catch(error => console.error(error.message));
}

function endWithSignals() {
  const end = async () => {
    if (ending) return;
    console.log('\nstopping');
    await close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
  // npm that is ended by a signal takes its shell along, but not always us.
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) void end(); }, 500).unref();
}

function say(text) {
  console.log(`gaia: ${text}`);
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
