// Every recorded error as the error a person sees.
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/machines/errors.ts';
import { readFailure } from '../../../src/providers/virtualbox/parse/failure.ts';
import { isLock, problemOf } from '../../../src/providers/virtualbox/problems.ts';
import { recorded, recordedNames } from './recorded.ts';

const expected: Readonly<Record<string, ErrorCode>> = {
  'err-clonevm-link-no-snapshot': 'invalidInput', 'err-clonevm-name-exists': 'alreadyExists', 'err-clonevm-no-snapshot': 'notFound', 'err-clonevm-running': 'locked',
  'err-closemedium-attached': 'protected', 'err-controlvm-pause-paused': 'wrongState', 'err-controlvm-poweroff-off': 'wrongState', 'err-createmedium-exists': 'alreadyExists',
  'err-createvm-name-exists': 'alreadyExists', 'err-createvm-ostype': 'invalidInput', 'err-discardstate-exit-0': 'wrongState', 'err-export-exists': 'alreadyExists',
  'err-guestcontrol-no-additions': 'notReady', 'err-hostonlyif-create': 'notReady', 'err-hostonlyif-remove': 'notFound', 'err-hostonlynet-add': 'invalidInput', 'err-hostonlynet-add-bad-values': 'invalidInput',
  'err-import-no-file': 'notFound', 'err-list-hostonlynets': 'invalidInput', 'err-list-hostonlynets-again': 'invalidInput', 'err-modifymedium-shrink': 'notSupported', 'err-modifyvm-cpus-1000': 'invalidInput',
  'err-modifyvm-locked': 'locked', 'err-modifyvm-memory-0': 'invalidInput', 'err-modifyvm-memory-huge': 'invalidInput', 'err-modifyvm-memory-not-a-number': 'unexpected', 'err-modifyvm-natpf-delete-none': 'notFound',
  'err-modifyvm-natpf-duplicate': 'alreadyExists', 'err-modifyvm-natpf-syntax': 'invalidInput', 'err-modifyvm-nic-type': 'invalidInput', 'err-modifyvm-unknown-option': 'invalidInput', 'err-sharedfolder-add-duplicate': 'alreadyExists',
  'err-sharedfolder-add-no-path': 'notFound', 'err-showvminfo-no-vm': 'notFound', 'err-snapshot-delete-children': 'wrongState', 'err-snapshot-delete-none': 'notFound', 'err-snapshot-list-none': 'unexpected', 'err-snapshot-restore-running': 'wrongState',
  'err-startvm-driverless': 'notReady', 'err-startvm-intnet-driverless': 'notReady', 'err-startvm-no-frontend': 'notInstalled', 'err-startvm-no-kernel-driver': 'notReady', 'err-startvm-no-vm': 'notFound', 'err-startvm-running': 'locked',
  'err-storageattach-no-additions': 'unexpected', 'err-storageattach-no-controller': 'notFound', 'err-storageattach-no-medium': 'notFound', 'err-unknown-command': 'invalidInput', 'err-unregistervm-linked-base': 'protected', 'err-unregistervm-no-vm': 'notFound', 'err-unregistervm-running': 'locked',
};
const failureOf = (name: string) => {
  const { exitCode, stdout, stderr } = recorded(name);
  return readFailure(exitCode, stdout, stderr)!;
};
const said = (stderr: string, exitCode = 1) => problemOf(readFailure(exitCode, '', stderr)!, 'linux');

describe('what VBoxManage says when it fails', () => {
  it('is known for every recorded error', () => {
    expect(Object.keys(expected).sort()).toEqual(recordedNames.filter(name => name.startsWith('err-')).sort());
  });
  it.each(Object.entries(expected))('%s → %s', (name, code) => {
    const problem = problemOf(failureOf(name), 'linux');
    expect(problem.code).toBe(code);
    expect(problem.message).not.toMatch(/\{\d\}|Context:|Details:/);
    expect(problem.message.length).toBeLessThan(400);
    expect(problem.detail.raw).toBeTruthy();
    expect(problem.detail.hint ?? '').not.toContain('{driver}');
  });
  it('is tried again only when it is about the lock: the same code stands for other things, too', () => {
    expect(recordedNames.filter(name => name.startsWith('err-')).filter(name => isLock(failureOf(name))).sort()).toEqual(['err-clonevm-running', 'err-modifyvm-locked', 'err-startvm-running', 'err-unregistervm-running']);
  });
  it.each([
    ['VBoxManage: error: VT-x is not available (VERR_VMX_NO_VMX)\n', 'notReady'],
    ['VBoxManage: error: VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED)\n', 'notReady'],
    ['VBoxManage: error: VirtualBox can\'t operate in VMX root mode. Please disable the KVM kernel extension (VERR_VMX_IN_VMX_ROOT_MODE)\n', 'conflict'],
    ['VBoxManage: error: Call to WHvSetupPartition failed: ERROR_SUCCESS (Last=0xc000000d/87) (VERR_NEM_VM_CREATE_FAILED)\n', 'conflict'],
    ['VBoxManage.exe: error: Kernel driver not accessible (VERR_VM_DRIVER_NOT_ACCESSIBLE)\n', 'notReady'],
    ['VBoxHeadless: Error -1908 in suplibOsInit!\nVBoxHeadless: Kernel driver not installed\n', 'notReady'],
    ['0%...VBOX_E_FILE_ERROR\nVBoxManage: error: Failed to create medium\nVBoxManage: error: VDI: setting image size failed for \'/x.vdi\' (VERR_DISK_FULL)\n', 'noSpace'],
    ['VBoxManage: error: Failed to create the VirtualBox object!\nVBoxManage: error: Code NS_ERROR_FAILURE (0x80004005) - Operation failed\n', 'didNotAnswer'],
    ['VBoxManage: error: Code E_ACCESSDENIED (0x80070005) - Access denied (extended info not available)\nVBoxManage: error: Context: "EnableStaticIPConfig(Bstr(pIp).raw(), Bstr(pNetmask).raw())" at line 242 of file VBoxManageHostonly.cpp\n', 'noPermission'],
    ['VBoxManage: error: The IP address configured for the host-only network is not within the allowed ranges.\nVBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component HostNetworkInterfaceWrap\n', 'invalidInput'],
    ['VBoxManage: error: The graphics controller does not support the given feature\nVBoxManage: error: Details: code VBOX_E_NOT_SUPPORTED (0x80bb0009), component X\n', 'notSupported'],
    ['VBoxManage: error: The object functionality is limited\nVBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component MachineWrap, interface IMachine, callee nsISupports\n', 'notReady'],
    ['VBoxManage: error: The machine \'g\' is in a state which is incompatible with launching a separate UI process\nVBoxManage: error: Details: code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap, interface IMachine, callee nsISupports\nVBoxManage: error: Context: "LaunchVMProcess(a->session)" at line 920 of file VBoxManageMisc.cpp\n', 'wrongState'],
    ['VBoxManage: fatal error: RTR3Init: VERR_NO_TRANSLATION\n', 'notReady'],
  ] as const)('%s', (stderr, code) => { expect(said(stderr).code).toBe(code); });
  it('about a session that is just closing is one about the lock', () => {
    const failure = readFailure(1, '', 'VBoxManage: error: Failed to get a console object from the direct session (VBOX_E_INVALID_OBJECT_STATE)\nVBoxManage: error: Details: code VBOX_E_VM_ERROR (0x80bb0003), component SessionMachine, interface IMachine, callee nsISupports\n')!;
    expect(isLock(failure)).toBe(true);
    expect(problemOf(failure, 'linux').code).toBe('locked');
    // As an off machine says it that two questions meet at.
    const ended = readFailure(1, '', 'VBoxManage: error: The object is not ready\nVBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component ConsoleWrap\nVBoxManage: error: The session is not locked (session state: Unlocked)\n')!;
    expect(isLock(ended)).toBe(true);
  });
  it('that nobody has seen before is shown as it is', () => {
    expect(said('VBoxManage: error: The moon is in the wrong phase\n')).toMatchObject({ code: 'unexpected', message: 'VirtualBox said: The moon is in the wrong phase' });
    expect(said('', 3)).toMatchObject({ code: 'unexpected' });
  });
});
