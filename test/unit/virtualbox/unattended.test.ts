// Installing without questions: what the file may say, and how it is handed over.
import { describe, expect, it } from 'vitest';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { modifyOptions } from '../../../src/providers/virtualbox/settings.ts';
import { detectSystem, parseDetected, passwordOf, unattendedCall, unattendedOf } from '../../../src/providers/virtualbox/unattended.ts';
import { context, fakeBox, signal } from './fakeBox.ts';

const spec = (unattended: unknown, more: Partial<MachineSpec> = {}): MachineSpec => ({ name: 'web 1', provider: 'virtualbox', source: { kind: 'iso', url: '/iso/debian.iso' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: { unattended }, ...more });
const least = { user: 'dev', password_env: 'VM_PASSWORD' };
// As VirtualBox 7.2.22 printed it.
const answer = 'OSTypeId="Ubuntu22_64"\nOSVersion="22.04.3 LTS \\"Jammy Jellyfish\\" - Release amd64"\nOSFlavor="Ubuntu-Server "\nOSLanguages="en-US"\nOSHints=""\nIsInstallSupported="on"\n';

describe('an unattended installation', () => {
  it('is asked for by an object with a user and the name of a variable', () => {
    expect(unattendedOf(spec(undefined))).toBeUndefined();
    expect(unattendedOf(spec(least, { source: { kind: 'empty' } }))).toBeUndefined();
    expect(() => unattendedOf(spec(true))).toThrow('must be an object');
    expect(() => unattendedOf(spec({ user: 'dev' }))).toThrow('password_env');
    expect(unattendedOf(spec(least))).toMatchObject({ user: 'dev', hostname: 'web-1.home.arpa' });
    expect(unattendedOf(spec(least, { hostname: 'web.lan' }))).toMatchObject({ hostname: 'web.lan' });
    expect(modifyOptions({ unattended: least, vram: 16 }, { windows: false })).toEqual(['--vram', '16']);
  });

  it.each([['user', 'a b'], ['user', "x'; rm"], ['full_name', "O'Neil"], ['full_name', 'a\nb'], ['locale', 'german'], ['time_zone', 'a b'], ['country', 'Germany'], ['password_env', 'my password']])('refuses %s %j, which would become part of a script', (key, value) => {
    expect(() => unattendedOf(spec({ ...least, [key]: value }))).toThrow(key);
  });

  it('hands the password over by standard input alone, and shows it nowhere', async () => {
    const wanted = unattendedOf(spec({ ...least, full_name: 'Dev Eloper', locale: 'de_DE', country: 'DE', time_zone: 'Europe/Berlin', minimal: true }));
    if (!wanted) throw new Error('not asked for');
    const box = fakeBox(() => ({ stdout: 'user-password = hunter2' }));
    const call = unattendedCall('U', '/iso/debian.iso', wanted, passwordOf(wanted, { VM_PASSWORD: 'hunter2' }));
    await box.tool.change(call, context);
    const [request] = box.requests.slice(-1);
    expect(request?.args).toEqual(['unattended', 'install', 'U', '--iso=/iso/debian.iso', '--user=dev', '--password-file=stdin', '--hostname=web-1.home.arpa', '--full-user-name=Dev Eloper', '--locale=de_DE', '--country=DE', '--time-zone=Europe/Berlin', '--package-selection-adjustment=minimal', '--start-vm=none']);
    expect(request).toMatchObject({ stdin: 'hunter2\n', secrets: ['hunter2'] });
    expect(box.tool.describe(call).text).not.toContain('hunter2');
    expect(() => passwordOf(wanted, {})).toThrow('VM_PASSWORD');
    expect(() => passwordOf(wanted, { VM_PASSWORD: 'a\nb' })).toThrow('one line');
  });

  it('is only begun when VirtualBox knows the system on the CD', async () => {
    expect(parseDetected(answer)).toEqual({ osType: 'Ubuntu22_64', version: '22.04.3 LTS "Jammy Jellyfish" - Release amd64', supported: true });
    const failing = { exitCode: 1, stderr: 'VBoxManage: error: Code NS_ERROR_NOT_IMPLEMENTED (0x80004001) - Not implemented (extended info not available)\n' };
    expect(await detectSystem(fakeBox(() => ({ ...failing, stdout: answer })).tool, '/iso/x.iso', signal)).toMatchObject({ osType: 'Ubuntu22_64' });
    await expect(detectSystem(fakeBox(() => ({ stdout: answer.replace('="on"', '="off"') })).tool, '/iso/x.iso', signal)).rejects.toMatchObject({ code: 'notSupported' });
    await expect(detectSystem(fakeBox(() => ({ stdout: 'OSTypeId="Unknown"\nIsInstallSupported="off"\n' })).tool, '/iso/x.iso', signal)).rejects.toMatchObject({ code: 'notSupported' });
    await expect(detectSystem(fakeBox(() => ({ exitCode: 1, stderr: 'VBoxManage: error: no such file\n' })).tool, '/iso/x.iso', signal)).rejects.toMatchObject({ name: 'GaiaError' });
  });
});
