// Gaia's SSH configuration, read back by the real ssh.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostWord, sshConfigText, withInclude, withoutHost } from '../../../src/provisioning/sshConfig.ts';
import type { SshHost } from '../../../src/provisioning/sshConfig.ts';
import { replaceKeepingMode } from '../../../src/system/files.ts';

const hasSsh = spawnSync('ssh', ['-V']).status === 0;
let folder: string;
beforeAll(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-ssh config-')); });
afterAll(() => { fs.rmSync(folder, { recursive: true, force: true }); });

const aHost = (host: string, more: Partial<SshHost['target']> = {}): SshHost => ({ host, target: { host: '127.0.0.1', port: 2222, user: 'vagrant', keyFiles: [path.join(folder, 'key of web')], knownHostsFile: path.join(folder, 'known hosts'), alias: 'gaia-virtualbox-local-1', ...more } });

/** What ssh itself understands. */
function asked(config: string, host: string): Map<string, string> {
  const out = execFileSync('ssh', ['-G', '-F', config, host], { encoding: 'utf8' });
  return new Map(out.trim().split('\n').map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

describe.skipIf(!hasSsh)('the SSH configuration, as ssh reads it', () => {
  it('names address, user, port, key and known hosts of each machine, with blanks in the paths', () => {
    const file = path.join(folder, 'config');
    fs.writeFileSync(file, sshConfigText([aHost('web'), aHost('db', { host: '192.168.56.7', port: 22, user: 'dev', alias: 'gaia-2' })]));
    const web = asked(file, 'web');
    expect(Object.fromEntries(['hostname', 'user', 'port', 'identityfile', 'userknownhostsfile', 'hostkeyalias', 'identitiesonly', 'passwordauthentication'].map(key => [key, web.get(key)]))).toEqual({
      hostname: '127.0.0.1', user: 'vagrant', port: '2222', identityfile: path.join(folder, 'key of web'), userknownhostsfile: expect.stringContaining('known hosts'), hostkeyalias: 'gaia-virtualbox-local-1', identitiesonly: 'yes', passwordauthentication: 'no',
    });
    const db = asked(file, 'db');
    expect([db.get('hostname'), db.get('user'), db.get('port'), db.get('hostkeyalias')]).toEqual(['192.168.56.7', 'dev', '22', 'gaia-2']);
    expect(asked(file, 'elsewhere').get('port')).toBe('22');
  });

  it('is found through the one line in the user\'s own config, whose other lines still hold', () => {
    const ours = path.join(folder, 'our [config]*');
    fs.writeFileSync(ours, sshConfigText([aHost('web')]));
    const users = path.join(folder, 'users');
    fs.writeFileSync(users, withInclude('Host mine\n  Port 99\n', ours) ?? '');
    expect(asked(users, 'web').get('port')).toBe('2222');
    expect(asked(users, 'mine').get('port')).toBe('99');
  });
});

describe('the line in the user\'s config', () => {
  it('is added once, and leaves every byte of theirs', () => {
    for (const config of ['', 'Host *\n  ForwardAgent no', '# mine\r\nHost a\r\n\tPort 1\r\n']) {
      const next = withInclude(config, '/home/me/gaia/config');
      expect(next?.endsWith(config)).toBe(true);
      expect(next?.split(/\r?\n/)[0]).toBe('Include /home/me/gaia/config');
      expect(withInclude(next ?? '', '/home/me/gaia/config')).toBeUndefined();
    }
    expect(withInclude('', 'C:\\Users\\A B\\gaia\\config')).toBe('Include "C:/Users/A B/gaia/config"\n');
  });

  it.skipIf(process.platform === 'win32')('is written through a link, with the rights the file had', async () => {
    const real = path.join(folder, 'dotfiles-config');
    const link = path.join(folder, 'linked');
    fs.writeFileSync(real, 'old', { mode: 0o640 });
    fs.chmodSync(real, 0o640);
    fs.symlinkSync(real, link);
    await replaceKeepingMode(link, 'new');
    expect(fs.readFileSync(real, 'utf8')).toBe('new');
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(fs.statSync(real).mode & 0o777).toBe(0o640);
    await replaceKeepingMode(path.join(folder, 'fresh'), 'x');
    expect(fs.statSync(path.join(folder, 'fresh')).mode & 0o777).toBe(0o600);
  });
});

describe('names', () => {
  it('become one word that is no pattern', () => {
    expect(['web', 'my web *?', '!no', '-x', '…'].map(hostWord)).toEqual(['web', 'my-web', 'no', 'x', 'machine']);
  });

  it('of a deleted machine leave the known hosts, and no other', () => {
    expect(withoutHost('gaia-1 ssh-ed25519 A\ngaia-12 ssh-ed25519 B\ngaia-1 ssh-rsa C\n', 'gaia-1')).toBe('gaia-12 ssh-ed25519 B\n');
  });
});
