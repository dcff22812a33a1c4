// An installation without questions, prepared by a real VirtualBox: it is told what to install by a CD that it knows.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIso } from '../../../src/images/iso9660.ts';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import { nativeOf, settingsOf, startGaia } from './gaia.ts';
import type { Gaia } from './gaia.ts';

const missing = virtualBoxMissing() ?? (spawnSync('xorriso', ['-version']).status === 0 ? undefined : 'xorriso is not installed');
const password = 'Zw3i$ "Hürden"';

describe.skipIf(missing)(`an unattended installation${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let gaia: Gaia;

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-unattended-'));
    const disc = path.join(folder, 'disc');
    const write = (name: string, text: string): void => {
      fs.mkdirSync(path.dirname(path.join(disc, name)), { recursive: true });
      fs.writeFileSync(path.join(disc, name), text);
    };
    write('.disk/info', 'Ubuntu-Server 22.04.3 LTS "Jammy Jellyfish" - Release amd64 (20230810)\n');
    write('casper/vmlinuz', '');
    write('casper/initrd', '');
    for (const name of ['txt.cfg', 'isolinux.cfg']) write(`isolinux/${name}`, 'default install\nlabel install\n  menu label ^Install Ubuntu\n  kernel /casper/vmlinuz\n  append  initrd=/casper/initrd quiet ---\n');
    execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-J', '-R', '-V', 'Ubuntu-Server 22.04', '-o', path.join(folder, 'ubuntu.iso'), disc], { stdio: 'ignore' });
    fs.writeFileSync(path.join(folder, 'other.iso'), buildIso('OTHER', [{ name: 'read.me', bytes: Buffer.from('x') }], new Date(0)));
    Object.assign(process.env, box.variables, { GAIA_TEST_PASSWORD: password });
    gaia = startGaia({ folder, executable: box.vboxmanage });
  });
  afterAll(async () => {
    delete process.env['GAIA_TEST_PASSWORD'];
    gaia.dispose();
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const file = (iso: string): string => JSON.stringify({ name: 'server', provider: 'virtualbox', config: { iso: path.join(folder, iso), hostname: 'server', cpus: 1, memory: 512, disk_size: '64MB', start: false, provider_config: { unattended: { user: 'dev', password_env: 'GAIA_TEST_PASSWORD', full_name: 'Dev Eloper', locale: 'de_DE', time_zone: 'Europe/Berlin' } } } });

  it('has the answers that the file gives, and the password nowhere but in the installer\'s own', async () => {
    const [outcome] = await gaia.apply(file('ubuntu.iso'));
    expect(outcome?.error?.detail).toBeUndefined();
    const id = nativeOf(gaia.machine('server').id);
    const own = path.join(box.machineFolder, 'server');
    const answers = fs.readFileSync(path.join(own, `Unattended-${id}-user-data`), 'utf8');
    expect(answers).toMatch(/username: '?dev'?/);
    expect(answers).toMatch(/hostname: '?server'?/);
    expect(answers).toContain('locale: de_DE');
    const hash = /password: '(\$6\$[^']+)'/.exec(answers)?.[1] ?? '';
    expect(execFileSync('openssl', ['passwd', '-6', '-salt', hash.split('$')[2] ?? '', '-stdin'], { input: password, encoding: 'utf8' }).trim()).toBe(hash);
    expect(gaia.commands.join('\n')).toContain('unattended install');
    expect(gaia.commands.join('\n')).not.toContain('Zw3i');
    const said = settingsOf(await box.run(['showvminfo', id, '--machinereadable']));
    expect([...said.values()].some(value => value.endsWith('-aux-iso.viso'))).toBe(true);
    expect((await gaia.plan(file('ubuntu.iso'))).steps).toMatchObject([{ kind: 'none' }]);
    await gaia.operations.run({ verb: 'delete', id: gaia.machine('server').id, disks: 'delete' }).result;
    gaia.bindings.clear();
    expect(fs.existsSync(own)).toBe(false);
    expect(await box.run(['list', 'dvds'])).not.toContain('Unattended');
  });

  it('is refused for a CD that VirtualBox does not know, before anything is made', async () => {
    expect(await gaia.apply(file('other.iso'))).toMatchObject([{ outcome: 'failed', error: { code: 'notSupported' } }]);
    expect(await box.run(['list', 'vms'])).toBe('');
    expect(fs.existsSync(path.join(box.machineFolder, 'server'))).toBe(false);
  });
});
