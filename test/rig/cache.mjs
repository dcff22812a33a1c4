// What all parts of the rig share: the cache folder, programs on PATH, Debian packages.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Everything the rig downloads lies here, outside the source tree; each part in a folder named by its version. */
export const cacheDir = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'gaia-rig');

/** This machine cannot have that part of the rig: what needs it is skipped, with the message as the reason. Anything else that goes wrong is a failure. */
export class Unavailable extends Error {
  name = 'Unavailable';
}

/** The absolute path of a program, or undefined. */
export function onPath(program) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const ending of endings) {
      const file = path.join(folder, program + ending);
      if (folder && fs.existsSync(file)) return file;
    }
  }
  return undefined;
}

/**
 * Runs a program of the set-up; resolves with its stdout, rejects with the end of what it said when it fails.
 * @param {string} file @param {string[]} args @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<string>}
 */
export function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '', both = '';
    child.stdout?.on('data', chunk => { stdout += chunk; both += chunk; });
    child.stderr?.on('data', chunk => { both += chunk; });
    child.on('error', reject);
    child.on('close', code => code === 0 ? resolve(stdout) : reject(new Error(`${path.basename(file)} ${args[0] ?? ''} failed (exit ${code})\n${both.trim().split('\n').slice(-25).join('\n')}`)));
  });
}

const debianInstalled = name => /^install ok installed$/m.test(spawnSync('dpkg-query', ['-W', '-f', '${Status}\n', name], { encoding: 'utf8' }).stdout ?? '');
const debianKnows = name => /Candidate: (?!\(none\))/.test(spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' }).stdout ?? '');

/** What several parts ask for at the same time is installed in one go. */
let wanted = new Set(), installing;
const unknown = new Set();

/** Installs what is missing of these Debian packages. Needs root, or sudo that asks nothing; else Unavailable with the command to run. */
export async function debianPackages(names) {
  const missing = () => names.filter(name => !debianInstalled(name));
  if (!names.length) return;
  if (process.platform !== 'linux' || !onPath('apt-get')) throw new Unavailable(`${names.join(', ')}: no apt-get on this machine`);
  const lacking = missing().filter(name => unknown.has(name));
  if (lacking.length) throw new Unavailable(`this release of the system has no package ${lacking.join(', ')}`);
  if (!missing().length) return;
  if (process.getuid() !== 0 && spawnSync('sudo', ['-n', 'true']).status !== 0) {
    throw new Unavailable(`needs Debian packages and root to install them: sudo apt-get install --no-install-recommends ${missing().join(' ')}`);
  }
  for (const name of missing()) wanted.add(name);
  installing ??= new Promise(resolve => setTimeout(resolve, 50)).then(installWanted).finally(() => { installing = undefined; });
  await installing;
  await debianPackages(names);        // again: some may have been asked for while another go was on its way
}

/** Fetches Debian packages into a folder and installs nothing. Needs root where the lists of packages are missing or old. */
export async function debianFiles(names, folder) {
  const fetchThem = () => apt(['download', ...names], { cwd: folder });
  while (installing) await installing;
  await fetchThem().catch(async () => {
    installing ??= apt(['update']).finally(() => { installing = undefined; });
    await installing;
    await fetchThem();
  });
}

function apt(args, options) {
  const [file, ...rest] = [...process.getuid() === 0 ? [] : ['sudo', '-n'], 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', ...args];
  return run(file, rest, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, ...options });
}

async function installWanted() {
  const names = [...wanted];
  wanted = new Set();
  console.error(`rig: installing Debian packages ${names.join(', ')}`);
  await apt(['update']);
  for (const name of names) if (!debianKnows(name)) unknown.add(name);
  const known = names.filter(name => !unknown.has(name));
  if (known.length) await apt(['install', '-y', '--no-install-recommends', ...known]);
}
