// A running VS Code server (code-server) with its own profile: for host tests, UI tests and `npm start`.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atExit } from './atExit.mjs';
import { extensionsFolder, installExtension } from './extensions.mjs';
import { quiet } from './quiet.mjs';

/** No telemetry, no adverts, no chat, no network: what a quiet editor needs. Later ones win. */
export const quietSettings = {
  'telemetry.telemetryLevel': 'off', 'workbench.startupEditor': 'none', 'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden', 'extensions.autoCheckUpdates': false, 'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true, 'chat.disableAIFeatures': true, 'update.showReleaseNotes': false,
  'json.schemaDownload.enable': false, 'security.workspace.trust.startupPrompt': 'never', 'git.openRepositoryInParentFolders': 'never',
};

/** Each changes what code-server does: opens elsewhere, demands a password, takes another port. */
const misleading = ['VSCODE_IPC_HOOK_CLI', 'PORT', 'PASSWORD', 'NODE_OPTIONS'];

/** See server.d.mts. */
export async function startServer({ host, home, port = 0, settings = {}, env = {}, vsix, trust = false, isolateHome = true }) {
  const settingsFile = path.join(home, 'data/User/settings.json');
  fs.mkdirSync(path.dirname(settingsFile), { recursive: true });
  fs.writeFileSync(path.join(home, 'config.yaml'), 'auth: none\ncert: false\n');
  const had = fs.existsSync(settingsFile) ? JSON.parse(fs.readFileSync(settingsFile, 'utf8')) : quietSettings;
  fs.writeFileSync(settingsFile, JSON.stringify({ ...had, ...settings }, null, 2));

  // VSCODE_CLI: the extension host's environment is this one as it is; else a login shell's PATH would take the place of ours.
  const environment = { ...process.env, ...env, VSCODE_CLI: '1', ...Object.fromEntries(misleading.map(name => [name, undefined])) };
  if (isolateHome) Object.assign(environment, { HOME: home, XDG_CONFIG_HOME: path.join(home, 'xdg'), XDG_DATA_HOME: path.join(home, 'xdg'), SHELL: '/bin/bash' });
  // The extension host takes its environment from a login shell, and Debian's /etc/profile sets PATH anew.
  if (isolateHome && environment.PATH) fs.writeFileSync(path.join(home, '.bash_profile'), `export PATH='${environment.PATH.replaceAll("'", `'\\''`)}'\n`);
  // Tests share what is installed; a profile that stays keeps extensions of its own.
  const extensions = vsix && isolateHome ? extensionsFolder(host, vsix, environment) : path.join(home, 'ext');
  const profile = ['--config', path.join(home, 'config.yaml'), '--user-data-dir', path.join(home, 'data'), '--extensions-dir', extensions];
  if (vsix && !isolateHome) installExtension(host, vsix, profile, environment);

  port ||= await freePort();
  const logFile = path.join(home, 'server.log');
  const log = fs.openSync(logFile, 'w');
  const child = spawn(host.node, [host.entry, ...profile, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check',
    // An extension host outlives a window that was closed under load and could not say goodbye; by default for three hours.
    '--disable-getting-started-override', '--reconnection-grace-time', '20', '-e', ...trust ? [] : ['--disable-workspace-trust']], { env: environment, stdio: ['ignore', log, log], detached: true });
  fs.closeSync(log);
  let spawnError;
  child.on('error', error => { spawnError = error; });
  const ended = new Promise(resolve => child.once('exit', resolve));
  // The whole group: server, extension host, file watcher, terminals.
  const kill = signal => { try { process.kill(-child.pid, signal); return true; } catch { return false; } };
  const forget = atExit(() => kill('SIGKILL'));
  const stop = async () => {
    forget();
    kill('SIGTERM');
    for (let i = 0; i < 60 && kill(0); i++) await sleep(50);
    if (kill(0)) kill('SIGKILL');
    await ended;
  };

  const base = `http://127.0.0.1:${port}`;
  for (let i = 0; !await answers(base); i++) {
    if (spawnError || child.exitCode !== null || i > 600) {
      await stop();
      throw new Error(`VS Code did not start on ${base}: ${spawnError ?? ''}${quiet(fs.readFileSync(logFile, 'utf8'))}`);
    }
    await sleep(50);
  }
  return { base, authority: `127.0.0.1:${port}`, port, home, logFile, ended, folderUrl: folder => `${base}/?folder=${folder.split(path.sep).map(encodeURIComponent).join('/')}`, stop };
}

/** Does a VS Code server answer there? */
export async function answers(base) {
  try { return (await fetch(`${base}/healthz`)).ok; } catch { return false; }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().on('error', reject).listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
  });
}
