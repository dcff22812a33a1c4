// Debian's Vagrant, with a home of its own; on a private VirtualBox where one is given.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { debianPackages, onPath, Unavailable } from './cache.mjs';

/** Installs Debian's Vagrant (16 MB) where none is there. Throws Unavailable. */
export async function ensureVagrant() {
  if (!onPath('vagrant')) await debianPackages(['vagrant']);
  return { vagrant: onPath('vagrant') };
}

/** Why there is no Vagrant here, or undefined. For `describe.skipIf`. */
export function vagrantMissing() {
  return onPath('vagrant') ? undefined : 'Vagrant is not installed: npm run rig -- vagrant';
}

/** See vagrant.d.mts. */
export function privateVagrant({ virtualBox } = {}) {
  const missing = vagrantMissing();
  if (missing) throw new Unavailable(missing);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-vagrant-'));
  const env = {
    ...process.env, ...virtualBox?.variables, VAGRANT_HOME: home, VAGRANT_CHECKPOINT_DISABLE: '1', VAGRANT_NO_COLOR: '1',
    // Vagrant 2.3 knows VirtualBox up to 7.0: bin70 says so, and passes all else to the real one.
    ...virtualBox ? { PATH: [virtualBox.bin70, virtualBox.variables.PATH].join(path.delimiter), VAGRANT_DEFAULT_PROVIDER: 'virtualbox' } : {},
  };
  const call = (args, { cwd = home, timeoutMs = 180_000, env: more } = {}) => new Promise((resolve, reject) => {
    const child = spawn('vagrant', args, { env: { ...env, ...more }, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '', stderr = '';
    child.stdout.setEncoding('utf8').on('data', chunk => { stdout += chunk; });
    child.stderr.setEncoding('utf8').on('data', chunk => { stderr += chunk; });
    child.on('error', reject);
    child.on('close', (code, signal) => signal ? reject(new Error(`vagrant ${args.join(' ')} did not answer within ${timeoutMs} ms\n${stdout}${stderr}`)) : resolve({ exitCode: code, stdout, stderr }));
  });
  return {
    home, env, call,
    async run(args, options) {
      const result = await call(args, options);
      if (result.exitCode !== 0) throw new Error(`vagrant ${args.join(' ')} failed (exit ${result.exitCode})\n${result.stdout}${result.stderr}`);
      return result.stdout;
    },
    dispose: () => fs.rmSync(home, { recursive: true, force: true }),
  };
}
