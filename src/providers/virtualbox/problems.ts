// What VBoxManage says when it fails → an error a person can understand. One table: the first row that fits is taken. The words matched are
// those of the tool in English (it is run with an English locale); where it gives a code, the code decides.
import type { ErrorCode } from '../../machines/errors.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { ToolFailure } from './parse/failure.ts';

interface Row {
  /** COM result code that must be there. */
  readonly result?: number;
  /** Must be found in what was said (messages, code, context). */
  readonly says?: RegExp;
  readonly exitCode?: number;
  readonly code: ErrorCode;
  /** l10n key; {0} = what VirtualBox said. */
  readonly message: string;
  readonly hint?: string;
}

/** The codes VirtualBox gives. */
export const results = {
  objectNotFound: 0x80bb0001,
  invalidVmState: 0x80bb0002,
  vmError: 0x80bb0003,
  fileError: 0x80bb0004,
  iprtError: 0x80bb0005,
  invalidObjectState: 0x80bb0007,
  notSupported: 0x80bb0009,
  objectInUse: 0x80bb000c,
  guestError: 0x80bb000f,
  failure: 0x80004005,
  accessDenied: 0x80070005,
  invalidArgument: 0x80070057,
} as const;

export const driverHints: Readonly<Record<string, string>> = {
  linux: 'Install the kernel module of VirtualBox and load it: "sudo /sbin/vboxconfig", or the package virtualbox-dkms with the headers of your kernel. With Secure Boot the module must be signed.',
  darwin: 'Allow the system extension of Oracle in System Settings, Privacy & Security, then restart the Mac.',
  win32: 'Reinstall VirtualBox as administrator, or start its driver: "sc start vboxsup" in a terminal of an administrator.',
};

const lockSays = /\block(?:ed|ing)?\b|\bbeing (?:un)?locked\b|LockMachine|LaunchVMProcess/i;
/** The session closed while the tool still talked to it: the machine's process is ending, or another command has just let go. The codes (VM_ERROR, E_ACCESSDENIED) stand for much else. */
const closingSays = /console object from the direct session|session is not locked \(session state|session state: Unlocked/i;

/** Something that VirtualBox just makes or removes was in the way of a look: a disk of another machine, say. */
const passingSays = /The object is not ready/;

/** VBoxSVC ended while it was asked, or just before: it ends by itself some 5 s after its last client, and a call may meet it then. */
const serviceSays = /Failed to create the VirtualBox object|0x800706b[ae]|0x80010108|NS_ERROR_CALL_FAILED|NS_ERROR_ABORT|NS_ERROR_NOT_CONNECTED|(?:NS_ERROR_|E_)UNEXPECTED \(0x8000FFFF\)[^\n]*\(extended info not available\)|RPC_|server (?:is not available|died)/i;

const rows: readonly Row[] = [
  // savestate does its work and still says this when the machine's process ends before the answer (often on 7.2, on a busy computer); it comes with E_ACCESSDENIED.
  { says: /Assertion failed: \[[^]*contact the product vendor/, code: 'unexpected', message: 'VirtualBox met a fault of its own: {0}', hint: 'The machine may still be as you wanted it: look at its state before you try again.' },
  { says: /Cannot attach to .* in driverless mode/, code: 'notReady', message: 'The kernel driver of VirtualBox is not loaded, and this network mode needs it.', hint: 'Load the driver ("sudo /sbin/vboxconfig" on Linux), or use NAT.' },
  { says: /VERR_SUP_DRIVERLESS|VERR_VM_DRIVER_|Kernel driver not (?:installed|accessible)|suplibOsInit|VERR_SUPDRV_/, code: 'notReady', message: 'The kernel driver of VirtualBox is not loaded, so no machine can start.', hint: '{driver}' },
  { says: /VERR_VMX_IN_VMX_ROOT_MODE|VMX root mode|VERR_SVM_IN_USE|being used by another hypervisor/i, code: 'conflict', message: 'Another hypervisor (KVM, for example) is using the processor\'s virtualization.', hint: 'Stop its machines, or unload it ("sudo modprobe -r kvm_intel" or "kvm_amd"), then start the machine again.' },
  { says: /VERR_NEM_|WHv[A-Z]\w+/, code: 'conflict', message: 'Windows\' own hypervisor (Hyper-V) is active and VirtualBox could not run this machine through it.', hint: 'Update VirtualBox, or turn Hyper-V off ("bcdedit /set hypervisorlaunchtype off" as administrator, then restart). WSL2 and Docker Desktop need it on.' },
  { says: /VERR_CPUM_INVALID_HWVIRT_CONFIG/, code: 'notSupported', message: 'This computer cannot give the machine nested virtualization.', hint: 'Turn the setting "nested-hw-virt" off.' },
  { says: /VERR_VMX_|VERR_SVM_|VT-x is (?:not available|disabled)|AMD-V is (?:not available|disabled)/, code: 'notReady', message: 'The processor\'s virtualization (VT-x or AMD-V) is not available.', hint: 'Turn it on in the firmware set-up of this computer; in a virtual machine, ask for nested virtualization.' },
  { says: /not within the allowed ranges|VERR_ACCESS_DENIED.*hostonly|HostNetworkInterfaceWrap.*E_ACCESSDENIED/is, code: 'invalidInput', message: 'VirtualBox refuses this host-only address: {0}', hint: 'Use an address of 192.168.56.0/21, or allow the range in /etc/vbox/networks.conf with a line such as "* 10.0.0.0/8".' },
  { says: /VBoxNetAdpCtl|vboxnetctl/, code: 'notReady', message: 'The driver for host-only networks is not loaded.', hint: '{driver}' },
  { says: /VERR_DISK_FULL|No space left|VERR_FILE_TOO_BIG|disk (?:is )?full/i, code: 'noSpace', message: 'There is no room left on the disk: {0}', hint: 'Make room, or choose another folder, and try again.' },
  { result: results.invalidObjectState, says: /child snapshots/, code: 'wrongState', message: 'This snapshot has several children, so VirtualBox cannot delete it.', hint: 'Delete its children until one is left, then delete this one.' },
  { says: /incompatible with launching a separate UI/, code: 'wrongState', message: 'The machine shows itself in a window already, or is just changing its state.' },
  { says: closingSays, code: 'locked', message: 'Somebody else has just used the machine, or it is just stopping.', hint: 'Try again in some seconds.' },
  { result: results.invalidObjectState, says: lockSays, code: 'locked', message: 'The machine is locked: it runs, or another VirtualBox window or command works on it.', hint: 'Close its settings window, wait for the other command, or stop the machine; then try again.' },
  { says: /Could not launch the VM process.*VERR_FILE_NOT_FOUND/s, code: 'notInstalled', message: 'This VirtualBox has no program that shows a machine in a window.', hint: 'Install VirtualBox\'s graphical part (the package virtualbox-qt on Debian and Ubuntu), or start without a window.' },
  { says: /has terminated unexpectedly during startup|session was (?:aborted|closed)/, code: 'notReady', message: 'The machine\'s process ended right after its start.', hint: 'Look at VBox.log in the machine\'s Logs folder. The usual cause is a missing kernel driver. {driver}' },
  { result: results.objectInUse, says: /already exists/, code: 'alreadyExists', message: '{0}' },
  { says: /already exists|VERR_ALREADY_EXISTS|NAT rule of this (?:name|host port)/i, code: 'alreadyExists', message: '{0}' },
  { result: results.objectInUse, says: /child media|still attached|linked/i, code: 'protected', message: 'Something else still needs it: {0}' },
  { says: /machine with (?:the )?(?:same )?name|guest machine entered an invalid state/i, code: 'unexpected', message: 'VirtualBox said: {0}' },
  { result: results.objectNotFound, code: 'notFound', message: '{0}' },
  { says: /could not (?:find|be found)|VERR_(?:FILE|PATH)_NOT_FOUND/i, code: 'notFound', message: '{0}' },
  { result: results.invalidVmState, code: 'wrongState', message: 'The machine is not in a state for this: {0}' },
  { says: /is not currently running/, code: 'wrongState', message: 'The machine does not run.' },
  { result: results.guestError, code: 'notReady', message: 'The Guest Additions are not installed in the machine, or not ready yet.', hint: 'Insert their ISO, run the installer in the guest, and restart it.' },
  { result: results.notSupported, says: /graphics controller does not support/, code: 'notSupported', message: 'This graphics controller cannot do that.', hint: 'For 3D use the graphics controller vmsvga (Linux) or vboxsvga (Windows).' },
  { result: results.notSupported, code: 'notSupported', message: '{0}' },
  { says: passingSays, code: 'locked', message: 'VirtualBox is just making or removing something that belongs to it.', hint: 'Try again in some seconds.' },
  { says: /object functionality is limited/, code: 'notReady', message: 'VirtualBox cannot read the settings file of this machine.', hint: 'It may lie on a disk that is not connected, or be damaged: then the copy beside it, ending in .vbox-prev, is the last good one.' },
  { says: /E_ACCESSDENIED|VERR_ACCESS_DENIED|VERR_PERMISSION_DENIED|EACCES/, code: 'noPermission', message: 'VirtualBox may not do this with your account: {0}', hint: 'If VirtualBox was once run with sudo, its folders may belong to root: give them back to your account.' },
  { result: results.accessDenied, code: 'noPermission', message: 'VirtualBox may not do this with your account: {0}' },
  { says: /VERR_NO_TRANSLATION|VERR_PROC_NO_ARG_TRANSLATION/, code: 'notReady', message: 'VirtualBox cannot write this name in the locale it runs with.', hint: 'Install a UTF-8 locale (C.UTF-8 or en_US.UTF-8) on this computer.' },
  { says: serviceSays, code: 'didNotAnswer', message: 'The VirtualBox service (VBoxSVC) ended or does not answer.', hint: 'Try again in some seconds. If it stays so, close all VirtualBox windows and end the VBoxSVC process.' },
  { says: /Unknown option|Invalid command|Unknown subcommand|Missing or invalid argument|Not enough parameters/i, code: 'invalidInput', message: 'This version of VirtualBox does not understand the request: {0}' },
  { result: results.invalidArgument, says: /extended info not available/, code: 'notFound', message: 'VirtualBox knows nothing of that name here.' },
  { result: results.invalidArgument, code: 'invalidInput', message: '{0}' },
  { says: /Unknown or invalid guest OS type/, code: 'invalidInput', message: 'VirtualBox does not know this guest OS type.' },
  { says: /^Invalid |Invalid type/m, code: 'invalidInput', message: '{0}' },
  { exitCode: 2, code: 'invalidInput', message: 'This version of VirtualBox does not understand the request: {0}' },
];

/** The failure as a GaiaError. `os` chooses the hint about the driver. */
export function problemOf(failure: ToolFailure, os: string): GaiaError {
  const text = [...failure.messages, failure.code ?? '', failure.context ?? '', failure.messages.length === 0 ? failure.raw : ''].join('\n');
  const row = rows.find(candidate =>
    (candidate.result === undefined || candidate.result === failure.result) &&
    (candidate.says === undefined || candidate.says.test(text)) &&
    (candidate.exitCode === undefined || candidate.exitCode === failure.exitCode));
  const said = failure.messages.join(' ') || 'it gave no reason';
  if (!row) return new GaiaError('unexpected', { message: 'VirtualBox said: {0}', values: [said], raw: failure.raw });
  const hint = row.hint?.replace('{driver}', driverHints[os] ?? driverHints['linux'] ?? '').trim();
  return new GaiaError(row.code, { message: row.message, values: [said], raw: failure.raw, ...(hint === undefined ? {} : { hint }) });
}

/** From here on, exit codes of Windows are faults of the program itself. Elsewhere it may end without a word. */
const windowsFaults = 0xc000_0000;

/** VBoxSVC was on its way out. A question may then be asked again, of the new one; a change may not, as nobody knows how far it came. */
export function isServiceGone(failure: ToolFailure): boolean {
  return serviceSays.test(failure.raw) || failure.exitCode >= windowsFaults || failure.raw === `exit ${String(failure.exitCode)}`;
}

/** A question may be asked again at once. */
export function isPassing(failure: ToolFailure): boolean {
  return passingSays.test(failure.raw);
}

/** Only this may be tried again: another session holds, takes or gives back the machine's lock (V1). The code alone also stands for other things. */
export function isLock(failure: ToolFailure): boolean {
  const said = [...failure.messages, failure.context ?? ''].join('\n');
  if (closingSays.test(said)) return true;
  return failure.result === results.invalidObjectState && lockSays.test(said) && !/child snapshots|incompatible with launching/.test(failure.raw);
}
