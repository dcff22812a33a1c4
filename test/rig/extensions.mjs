// A packaged extension as a person installs it: into an extensions folder, by the editor itself. Once a process: each server of the tests
// would take seconds to do it again.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { quiet } from './quiet.mjs';

/** Installs `vsix` with the command line of the editor. Throws with what that said. */
export function installExtension(host, vsix, profile, env) {
  const result = spawnSync(host.node, [host.entry, ...profile, '--force', '--install-extension', vsix], { env, encoding: 'utf8' });
  if (result.status !== 0 || !/successfully installed/.test(result.stdout)) throw new Error(`${vsix} does not install: ${result.error ?? ''}${quiet(result.stdout + result.stderr)}`);
}

const folders = new Map();

/** An extensions folder of this process with `vsix` in it. The server's environment is the one of the first who asks. */
export function extensionsFolder(host, vsix, env) {
  const key = `${vsix} ${fs.statSync(vsix).mtimeMs}`;
  let folder = folders.get(key);
  if (!folder) {
    removeThoseOfTheDead();
    const home = path.join(os.tmpdir(), `gaia-extensions-${process.pid}-${folders.size}`);
    fs.mkdirSync(home);
    folder = path.join(home, 'ext');
    fs.writeFileSync(path.join(home, 'config.yaml'), 'auth: none\ncert: false\n');
    installExtension(host, vsix, ['--config', path.join(home, 'config.yaml'), '--user-data-dir', path.join(home, 'data'), '--extensions-dir', folder], env);
    folders.set(key, folder);
  }
  return folder;
}

/** Workers of a test run are killed, not ended: what they leave is removed by the next. */
function removeThoseOfTheDead() {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const pid = Number(/^gaia-extensions-(\d+)-/.exec(name)?.[1]);
    if (pid && !lives(pid)) fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
  }
}

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
