// Debian's OpenSSH server, unpacked aside: installed, it would listen on this computer from the next start on.
import fs from 'node:fs';
import path from 'node:path';
import { cacheDir, debianFiles, debianPackages, onPath, run, Unavailable } from './cache.mjs';

const folder = path.join(cacheDir, 'openssh');
const unpacked = path.join(folder, 'usr/sbin/sshd');
/** Of libwrap, which few machines have without sshd. */
const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map(name => path.join(folder, name));

/** From 9.8 and 10.0 on the server is in several programs, which the configuration names. */
const helpers = { SshdSessionPath: 'sshd-session', SshdAuthPath: 'sshd-auth' };

/** The server to start, where it finds its libraries, and lines for its configuration; undefined where there is none. */
export function openSsh() {
  if (fs.existsSync('/usr/sbin/sshd')) return { sshd: '/usr/sbin/sshd', env: {}, configuration: [] };
  if (!fs.existsSync(unpacked)) return undefined;
  const configuration = Object.entries(helpers).map(([option, program]) => [option, path.join(folder, 'usr/lib/openssh', program)]).filter(([, file]) => fs.existsSync(file)).map(line => line.join(' '));
  return { sshd: unpacked, env: { LD_LIBRARY_PATH: libraries.join(':') }, configuration };
}

/** Fetches it where none is there (0.5 MB). Throws Unavailable. */
export async function ensureOpenSsh() {
  if (process.platform !== 'linux' || process.getuid() !== 0) throw new Unavailable('the tests of a real SSH server need Linux and root');
  if (openSsh()) return openSsh();
  if (process.arch !== 'x64' || !onPath('apt-get') || !onPath('dpkg-deb')) throw new Unavailable('there is no OpenSSH server here, and no apt-get to fetch it with');
  await debianPackages(['openssh-client']);
  const packages = path.join(folder, 'packages');
  fs.mkdirSync(packages, { recursive: true });
  await debianFiles(['openssh-server', 'libwrap0'], packages);
  for (const file of fs.readdirSync(packages)) await run('dpkg-deb', ['-x', path.join(packages, file), folder]);
  fs.rmSync(packages, { recursive: true });
  if (!/not found/.test(await run('ldd', [unpacked], { env: { ...process.env, ...openSsh().env } }))) return openSsh();
  fs.rmSync(folder, { recursive: true });
  throw new Unavailable('the OpenSSH server of this release needs more than it brings: apt-get install openssh-server');
}
