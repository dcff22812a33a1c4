// Finding VBoxManage, its locale, tries again on a lock and on nothing else, and what a diagnosis says.
import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { diagnose } from '../../../src/providers/virtualbox/diagnose.ts';
import { executableCandidates, homeCandidates } from '../../../src/providers/virtualbox/executable.ts';
import * as requests from '../../../src/providers/virtualbox/requests.ts';
import { onPath } from '../../../src/system/findProgram.ts';
import { chooseLocale } from '../../../src/system/locale.ts';
import type { Platform } from '../../../src/system/platform.ts';
import { ProcessCrash } from '../../../src/system/process.ts';
import type { Reply } from './fakeBox.ts';
import { context, fakeBox, signal } from './fakeBox.ts';
import { recorded } from './recorded.ts';

const platform = (more: Partial<Platform>): Platform => ({ os: 'linux', arch: 'x64', env: {}, home: '/home/dev', temporary: '/tmp', processors: 2, ...more });
const replyOf = (name: string): Reply => recorded(name);

describe('VBoxManage', () => {
  it('is looked for in the installer\'s variables, PATH and the usual places, never in the working folder', () => {
    const windows = executableCandidates(platform({ os: 'win32', home: 'C:\\Users\\dev', env: { Path: 'tools;.;;"C:\\Quoted Dir";C:\\bin', VBOX_MSI_INSTALL_PATH: 'D:\\VBox\\', ProgramFiles: 'C:\\Program Files' } }));
    expect(windows).toEqual(['D:\\VBox\\VBoxManage.exe', 'C:\\Quoted Dir\\VBoxManage.exe', 'C:\\bin\\VBoxManage.exe', 'C:\\Program Files\\Oracle\\VirtualBox\\VBoxManage.exe']);
    const linux = executableCandidates(platform({ env: { PATH: '.:bin::/opt/x/bin' } }));
    expect(linux.slice(0, 2)).toEqual(['/opt/x/bin/VBoxManage', '/opt/x/bin/vboxmanage']);
    expect(linux).toContain('/usr/bin/VBoxManage');
    expect(executableCandidates(platform({ os: 'darwin' }))[0]).toBe('/Applications/VirtualBox.app/Contents/MacOS/VBoxManage');
    for (const path of [...linux, ...windows]) expect(path).toMatch(/^(?:\/|[A-Z]:\\)/);
    expect(onPath(['wsl'], { os: 'win32', env: { PATH: 'C:\\Windows\\System32' } })).toEqual(['C:\\Windows\\System32\\wsl.exe']);
  });
  it('is the setting\'s, if there is one, and nothing else', () => {
    expect(executableCandidates(platform({}), '/opt/vb')).toEqual(['/opt/vb', '/opt/vb/VBoxManage']);
    expect(executableCandidates(platform({}), '~/vb/VBoxManage')[0]).toBe('/home/dev/vb/VBoxManage');
    expect(executableCandidates(platform({}), 'VBoxManage')).toEqual([]);
  });
  it('keeps its settings where each system has them', () => {
    expect(homeCandidates(platform({}))).toEqual(['/home/dev/.VirtualBox', '/home/dev/.config/VirtualBox']);
    expect(homeCandidates(platform({ env: { VBOX_USER_HOME: '/x' } }))).toEqual(['/x']);
    expect(homeCandidates(platform({ os: 'darwin', home: '/Users/dev' }))).toEqual(['/Users/dev/Library/VirtualBox']);
    expect(homeCandidates(platform({ os: 'win32', home: 'C:\\Users\\dev' }))).toEqual(['C:\\Users\\dev\\.VirtualBox']);
  });
  it('runs in a UTF-8 locale, English where there is a choice', async () => {
    expect(chooseLocale(['C', 'C.utf8', 'POSIX', 'de_DE.utf8'])).toBe('C.utf8');
    expect(chooseLocale(['C', 'de_DE.utf8', 'en_US.UTF-8'])).toBe('en_US.UTF-8');
    expect(chooseLocale(['C', 'de_DE.utf8', 'en_GB.utf8'])).toBe('en_GB.utf8');
    expect(chooseLocale(['C', 'POSIX', 'de_DE.utf8'])).toBe('de_DE.utf8');
    expect(chooseLocale(['C', 'POSIX'])).toBe('C');
    expect(chooseLocale([])).toBe('C.UTF-8');
    const box = fakeBox(() => ({}), { files: { '/usr/bin/locale': '' } });
    await box.tool.ask(requests.listVms(), signal);
    await box.tool.ask(requests.listVms(), signal);
    expect(box.requests.map(request => request.args[0])).toEqual(['-a', 'list', 'list']);
    expect(box.requests[1]?.env?.['LC_ALL']).toBe('C.utf8');
    const windows = fakeBox(() => ({}), { platform: { os: 'win32', env: { PATH: 'C:\\v' } }, files: { 'C:\\v\\VBoxManage.exe': '' } });
    await windows.tool.ask(requests.listVms(), signal);
    expect(windows.requests[0]?.env).toEqual({});
  });
  it('is asked again when VBoxSVC was just ending, and not for ever; a change is not repeated', async () => {
    const gone: Reply = { exitCode: 1, stderr: 'VBoxManage: error: Failed to create the VirtualBox object!\nVBoxManage: error: Code NS_ERROR_FACTORY_NOT_REGISTERED (0x80040154) - Class not registered (extended info not available)\nVBoxManage: error: Most likely, the VirtualBox COM server is not running or failed to start.\n' };
    let failures = 1;
    const box = fakeBox(() => (failures-- > 0 ? gone : { stdout: 'fine' }));
    expect((await box.tool.ask(requests.listVms(), signal)).stdout).toBe('fine');
    expect(box.runs).toHaveLength(2);
    expect(box.slept).toEqual([500]);
    failures = 4;
    await expect(box.tool.ask(requests.listVms(), signal)).rejects.toMatchObject({ code: 'didNotAnswer' });
    expect(box.runs).toHaveLength(6);
    expect(box.slept).toEqual([500, 500, 1500, 3000]);
    failures = 1;
    await expect(box.tool.change(requests.powerOff('x'), context)).rejects.toMatchObject({ code: 'didNotAnswer' });
    expect(box.runs).toHaveLength(7);
    // What it says when the service goes between two of its calls, seen on 7.2.
    for (const stderr of ['VBoxManage: error: Code NS_ERROR_UNEXPECTED (0x8000FFFF) - Unexpected error (extended info not available)\n', 'VBoxManage: warning: Failed to load API language: NS_ERROR_ABORT\n', '']) {
      let surprises = 1;
      const between = fakeBox(() => (surprises-- > 0 ? { exitCode: 1, stderr } : { stdout: 'fine' }));
      expect((await between.tool.ask(requests.listVms(), signal)).stdout, stderr).toBe('fine');
    }
  });
  it('is asked again when something was just being made or removed, and a change is not', async () => {
    // A look at a machine's disks, while a machine beside it was made (7.2, busy computer).
    const passing: Reply = { exitCode: 1, stderr: 'VBoxManage: error: The object is not ready\nVBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component MediumWrap, interface IMedium, callee nsISupports\n' };
    let failures = 2;
    const box = fakeBox(() => (failures-- > 0 ? passing : { stdout: 'fine' }));
    expect((await box.tool.ask(requests.listVms(), signal)).stdout).toBe('fine');
    expect(box.slept).toEqual([100, 200]);
    failures = 1;
    await expect(box.tool.change(requests.powerOff('x'), context)).rejects.toMatchObject({ code: 'locked', message: 'VirtualBox is just making or removing something that belongs to it.' });
  });
  it('is asked again when it broke down itself because its service ended, and a change is not repeated', async () => {
    const crash = new GaiaError('unexpected', { message: 'crashed', cause: new ProcessCrash('SIGSEGV') });
    let crashes = 1;
    const box = fakeBox(() => (crashes-- > 0 ? crash : { stdout: 'fine' }));
    expect((await box.tool.ask(requests.listVms(), signal)).stdout).toBe('fine');
    expect(box.runs).toHaveLength(2);
    crashes = 4;
    await expect(box.tool.ask(requests.listVms(), signal)).rejects.toBe(crash);
    expect(box.runs).toHaveLength(6);
    crashes = 1;
    await expect(box.tool.change(requests.powerOff('x'), context)).rejects.toBe(crash);
    expect(box.runs).toHaveLength(7);
    // The same on Windows, where a fault is an exit code.
    let faults = 1;
    const windows = fakeBox(() => (faults-- > 0 ? { exitCode: 0xc000_0005 } : { stdout: 'fine' }));
    expect((await windows.tool.ask(requests.listVms(), signal)).stdout).toBe('fine');
  });
  it('is searched again when it has gone', async () => {
    let gone = false;
    const box = fakeBox(() => (gone ? new GaiaError('notInstalled', { message: 'gone' }) : {}));
    await box.tool.ask(requests.listVms(), signal);
    gone = true;
    await expect(box.tool.ask(requests.listVms(), signal)).rejects.toMatchObject({ code: 'notInstalled' });
    box.files.delete('/usr/bin/VBoxManage');
    box.files.set('/opt/VirtualBox/VBoxManage', '');
    gone = false;
    await box.tool.ask(requests.listVms(), signal);
    expect(box.requests.at(-1)?.file).toBe('/opt/VirtualBox/VBoxManage');
  });
});

describe('a lock', () => {
  it('is waited for, with longer and longer pauses, and not for ever', async () => {
    let left = 2;
    const box = fakeBox(() => (left-- > 0 ? replyOf('err-modifyvm-locked') : {}));
    await box.tool.change(requests.modify('U', '--cpus', '2'), context);
    expect(box.slept).toEqual([100, 200]);
    left = 1000;
    box.slept.length = 0;
    await expect(box.tool.change(requests.modify('U', '--cpus', '2'), context)).rejects.toMatchObject({ code: 'locked' });
    expect(box.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(5000);
    expect([...box.slept].sort((a, b) => a - b)).toEqual(box.slept);
  });
  it('that a running machine holds is not waited for', async () => {
    const box = fakeBox(() => replyOf('err-modifyvm-locked'));
    await expect(box.tool.change(requests.modify('U', '--cpus', '2'), context, () => Promise.resolve(true))).rejects.toMatchObject({ code: 'locked' });
    expect(box.runs.length).toBe(1);
  });
  it('is the only thing tried again', async () => {
    for (const name of ['err-snapshot-delete-children', 'err-createvm-name-exists', 'err-startvm-driverless', 'err-unregistervm-linked-base']) {
      const box = fakeBox(() => replyOf(name));
      await expect(box.tool.change(requests.modify('U'), context)).rejects.toBeInstanceOf(GaiaError);
      expect(box.runs.length, name).toBe(1);
    }
  });
  it('is not taken for success by an exit code of 0', async () => {
    const box = fakeBox(() => replyOf('err-discardstate-exit-0'));
    await expect(box.tool.change(requests.discardState('U'), context)).rejects.toMatchObject({ code: 'wrongState' });
  });
});

describe('a diagnosis', () => {
  const codes = async (box: ReturnType<typeof fakeBox>): Promise<string[]> => (await diagnose(box.tool, signal)).problems.map(problem => problem.code);
  const healthy = (args: string): Reply => (args === '--version' ? replyOf('version') : replyOf('list-hostinfo'));

  it('is silent when all is well', async () => {
    const box = fakeBox(args => (args === '--version' ? replyOf('version') : { stdout: recorded('list-hostinfo').stdout.replace('HW virtualization: no', 'HW virtualization: yes') }), { files: { '/dev/vboxdrv': '' } });
    expect(await diagnose(box.tool, signal)).toEqual({ usable: true, version: '7.2.22', problems: [] });
  });
  it.each([
    [{ '/etc/os-release': 'NAME="Pop!_OS"\nID=pop\nID_LIKE="ubuntu debian"\n' }, 'sudo apt install virtualbox'],
    [{ '/etc/os-release': 'ID=fedora\n' }, 'sudo dnf install VirtualBox'],
    [{ '/etc/os-release': 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n' }, 'sudo zypper install virtualbox'],
  ])('says how to install it here: %j', async (files, command) => {
    const box = fakeBox(healthy, { files });
    box.files.delete('/usr/bin/VBoxManage');
    const { usable, problems } = await diagnose(box.tool, signal);
    expect(usable).toBe(false);
    expect(problems[0]).toMatchObject({ code: 'virtualbox.notInstalled', actions: [{ command: 'gaia.runInTerminal', args: [command] }, { url: 'https://www.virtualbox.org/wiki/Downloads' }] });
  });
  it('says how on Windows and macOS', async () => {
    for (const [os, command] of [['win32', 'winget install --id Oracle.VirtualBox'], ['darwin', 'brew install --cask virtualbox']] as const) {
      const box = fakeBox(healthy, { platform: { os, env: {} } });
      box.files.clear();
      expect((await diagnose(box.tool, signal)).problems[0]?.actions?.[0]?.args).toEqual([command]);
    }
  });
  it('tells what is wrong apart', async () => {
    expect(await codes(fakeBox(() => ({ stdout: '6.0.24r139119\n' })))).toEqual(['virtualbox.tooOld']);
    expect(await codes(fakeBox(healthy))).toEqual(['virtualbox.driverMissing']);
    expect(await codes(fakeBox(healthy, { files: { '/dev/vboxdrv': '', '/sys/module/kvm/parameters/enable_virt_at_load': 'Y\n' } }))).toEqual(['virtualbox.hypervisorConflict']);
    expect(await codes(fakeBox(healthy, { files: { '/dev/vboxdrv': '' } }))).toEqual(['virtualbox.noHardwareVirtualization']);
    expect(await codes(fakeBox(healthy, { platform: { os: 'win32', env: { PATH: 'C:\\v', SystemRoot: 'C:\\Windows' } }, files: { 'C:\\v\\VBoxManage.exe': '', 'C:\\Windows\\System32\\vmcompute.exe': '' } }))).toEqual(['virtualbox.hypervisorConflict']);
    expect(await codes(fakeBox(args => (args === '--version' ? replyOf('version') : new GaiaError('didNotAnswer', { message: 'late' }))))).toEqual(['virtualbox.didNotAnswer']);
    expect(await codes(fakeBox(() => new GaiaError('noPermission', { message: 'no' })))).toEqual(['virtualbox.noPermission']);
    expect(await codes(fakeBox(() => ({ exitCode: 1, stderr: 'VBoxManage: error: odd\n' })))).toEqual(['virtualbox.failed']);
  });
  it('never throws, but for an abort', async () => {
    const abort = new AbortController();
    const box = fakeBox(() => {
      abort.abort();
      return new GaiaError('cancelled', { message: 'x' });
    });
    await expect(diagnose(box.tool, abort.signal)).rejects.toThrow();
  });
});
