// A real OpenSSH server on loopback with a home, a host name and an /etc/hosts of its own, so that nothing of this computer is touched.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { openSsh } from '../../rig/openssh.mjs';

export interface Sshd {
  readonly port: number;
  readonly user: string;
  /** The home of whoever logs in. */
  readonly home: string;
  readonly folder: string;
  /** Public keys that may sign in: ~/.ssh/authorized_keys. */
  readonly authorizedKeys: string;
  stop(): Promise<void>;
}

/** Why there can be none here, or undefined. */
export function sshdMissing(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root (a host name of its own)';
  return openSsh() ? undefined : 'there is no OpenSSH server: npm run rig -- openssh';
}

export async function startSshd(authorized: string): Promise<Sshd> {
  const server = openSsh();
  if (!server) throw new Error(sshdMissing());
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-sshd-'));
  const home = path.join(folder, 'home');
  fs.mkdirSync(path.join(home, '.ssh'), { recursive: true, mode: 0o700 });
  const authorizedKeys = path.join(home, '.ssh/authorized_keys');
  fs.writeFileSync(authorizedKeys, authorized, { mode: 0o600 });
  const hostKey = path.join(folder, 'host_key');
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
  fs.writeFileSync(path.join(folder, 'hosts'), '127.0.0.1 localhost\n');
  fs.writeFileSync(path.join(folder, 'hostname'), 'before\n');
  // sshd wants a user of its own, which a machine without it lacks.
  const users = fs.readFileSync('/etc/passwd', 'utf8');
  fs.writeFileSync(path.join(folder, 'passwd'), /^sshd:/m.test(users) ? users : `${users}sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n`);
  const port = await freePort();
  fs.writeFileSync(path.join(folder, 'config'), [
    `Port ${String(port)}`, 'ListenAddress 127.0.0.1', `HostKey ${hostKey}`, `PidFile ${path.join(folder, 'pid')}`, `AuthorizedKeysFile ${authorizedKeys}`,
    'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'UsePAM no', 'StrictModes no', 'PermitRootLogin yes', `SetEnv HOME=${home}`, 'Subsystem sftp internal-sftp', 'MaxStartups 50', ...server.configuration, '',
  ].join('\n'));
  fs.mkdirSync('/run/sshd', { recursive: true });
  const script = 'for own in hosts hostname passwd; do mount --bind "$1/$own" "/etc/$own" || exit 1; done; hostname before && exec "$2" -D -e -f "$1/config"';
  const child = spawn('unshare', ['--uts', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder, server.sshd], { env: { ...process.env, ...server.env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  for (const end = Date.now() + 10_000; !said.includes('Server listening'); await new Promise(resolve => setTimeout(resolve, 20))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`sshd did not start: ${said}`);
  }
  return {
    port, user: 'root', home, folder, authorizedKeys,
    stop: async () => {
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => { resolve(port); });
    });
  });
}
