// Is VirtualBox usable here, and if not, exactly why not and what to do: not installed, too old, no answer, no rights, no kernel driver,
// another hypervisor in the way. Costs two spawns; asked when something is wrong or a person asks, not at every refresh.
import * as path from 'node:path';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { Diagnosis, Problem } from '../../machines/provider.ts';
import { variable } from '../../system/platform.ts';
import { homeCandidates } from './executable.ts';
import { atLeast } from './parse/version.ts';
import { driverHints } from './problems.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';
import { oldest } from './versions.ts';

const downloads: ErrorAction = { title: 'Download VirtualBox', url: 'https://www.virtualbox.org/wiki/Downloads' };
const tooOld = (version: string) => ({ message: 'VirtualBox {0} is too old: Gaia needs {1} or later.', values: [version, oldest.short], actions: [downloads] });

export async function diagnose(tool: Tool, signal: AbortSignal): Promise<Diagnosis> {
  let version: string | undefined;
  try {
    const found = await tool.version(signal);
    version = found.short;
    if (!atLeast(found, oldest.major, oldest.minor)) {
      return { usable: false, version, problems: [{ severity: 'error', code: 'virtualbox.tooOld', ...tooOld(version) }] };
    }
    // The cheapest question that only the service (VBoxSVC) can answer.
    const host = (await tool.ask(requests.listOf('hostinfo'), signal)).stdout;
    const problems = [...(await driverProblems(tool)), ...(await conflictProblems(tool, host))];
    return { usable: true, version, problems };
  } catch (error) {
    signal.throwIfAborted();
    return { usable: false, ...(version === undefined ? {} : { version }), problems: [await problemFrom(tool, asGaiaError(error))] };
  }
}

/**
 * Throws `notSupported` for a VirtualBox that answers, but is older than Gaia knows. One spawn when VBoxManage is new to us, none afterwards.
 * What has no version to say is let through: the real question tells what is wrong with it.
 */
export async function refuseTooOld(tool: Tool, signal: AbortSignal): Promise<void> {
  const found = await tool.version(signal).catch(() => undefined);
  if (found && !atLeast(found, oldest.major, oldest.minor)) throw new GaiaError('notSupported', tooOld(found.short));
}

async function problemFrom(tool: Tool, error: GaiaError): Promise<Problem> {
  const { message, values, hint, raw } = error.detail;
  const base = { severity: 'error' as const, message, ...(values === undefined ? {} : { values }), ...(hint === undefined ? {} : { hint }), ...(raw === undefined ? {} : { raw }) };
  switch (error.code) {
    case 'notInstalled':
      return { ...base, code: 'virtualbox.notInstalled', actions: await installActions(tool) };
    case 'noPermission':
      return { ...base, code: 'virtualbox.noPermission', hint: hint ?? 'Your account must be allowed to run VBoxManage.' };
    case 'didNotAnswer':
      return {
        ...base,
        code: 'virtualbox.didNotAnswer',
        hint: 'VirtualBox\'s service (VBoxSVC) hangs or is very slow. A machine that another account runs without a window can cause that. Close VirtualBox, end VBoxSVC, and try again.',
        actions: [{ title: 'Try Again', command: 'gaia.refresh' }],
      };
    default: {
      const home = await foreignHome(tool);
      if (home !== undefined) return { ...base, code: 'virtualbox.noPermission', message: 'No permission for VirtualBox\'s folder {0}.', values: [home], hint: 'If VirtualBox was once run with sudo, its folder belongs to root: give it back to your account with "sudo chown -R $USER <folder>".' };
      return { ...base, code: 'virtualbox.failed' };
    }
  }
}

/** VirtualBox's own folder, if its registry is there but may not be read. */
async function foreignHome(tool: Tool): Promise<string | undefined> {
  for (const home of homeCandidates(tool.doors.platform)) {
    try {
      await tool.doors.files.readText(path.join(home, 'VirtualBox.xml'));
    } catch (error) {
      if (GaiaError.is(error, 'noPermission')) return home;
    }
  }
  return undefined;
}

async function driverProblems(tool: Tool): Promise<readonly Problem[]> {
  const { platform, files } = tool.doors;
  // Linux alone shows its driver as a file. Elsewhere a missing driver shows at the first start, with its own message.
  if (platform.os !== 'linux' || (await files.fileInfo('/dev/vboxdrv').catch(() => undefined))) return [];
  return [{
    severity: 'warning',
    code: 'virtualbox.driverMissing',
    message: 'The kernel driver of VirtualBox is not loaded: machines are listed, but none can start.',
    hint: driverHints['linux'] ?? '',
    actions: [{ title: 'Load the Driver', command: 'gaia.runInTerminal', args: ['sudo modprobe vboxdrv || sudo /sbin/vboxconfig'] }],
  }];
}

async function conflictProblems(tool: Tool, hostInfo: string): Promise<readonly Problem[]> {
  const { platform, files } = tool.doors;
  if (platform.os === 'win32') {
    const system = variable(platform, 'SystemRoot') ?? 'C:\\Windows';
    // The service of the Windows hypervisor's machines is there exactly if one of its features is on.
    const hyperV = (await files.fileInfo(path.win32.join(system, 'System32', 'vmcompute.exe')).catch(() => undefined)) !== undefined;
    return hyperV ? [{ severity: 'warning', code: 'virtualbox.hypervisorConflict', message: 'Windows\' own hypervisor is on (Hyper-V, WSL2 or Docker), so VirtualBox runs machines through it, more slowly.', hint: 'This works. Only if machines fail to start: update VirtualBox, or turn the hypervisor off with "bcdedit /set hypervisorlaunchtype off", which WSL2 and Docker Desktop do not survive.' }] : [];
  }
  if (platform.os !== 'linux') return [];
  const enabled = (await files.readText('/sys/module/kvm/parameters/enable_virt_at_load').catch(() => undefined))?.trim();
  if (enabled === 'Y' && (await files.fileInfo('/dev/vboxdrv').catch(() => undefined))) {
    return [{ severity: 'warning', code: 'virtualbox.hypervisorConflict', message: 'KVM holds the processor\'s virtualization, so VirtualBox machines may fail to start.', hint: 'Unload it ("sudo modprobe -r kvm_intel" or "kvm_amd"), or start Linux with kvm.enable_virt_at_load=0.' }];
  }
  if ((await files.fileInfo('/dev/vboxdrv').catch(() => undefined)) && /^Processor supports HW virtualization: no$/m.test(hostInfo)) {
    return [{ severity: 'warning', code: 'virtualbox.noHardwareVirtualization', message: 'This computer\'s processor offers no virtualization (VT-x or AMD-V), so machines may not start.', hint: 'Turn it on in the firmware set-up.' }];
  }
  return [];
}

/** Linux distributions by the ID (or ID_LIKE) of /etc/os-release. */
const linuxInstall: Readonly<Record<string, string>> = {
  debian: 'sudo apt install virtualbox',
  ubuntu: 'sudo apt install virtualbox',
  fedora: 'sudo dnf install VirtualBox',
  rhel: 'sudo dnf install VirtualBox',
  arch: 'sudo pacman -S virtualbox',
  suse: 'sudo zypper install virtualbox',
  opensuse: 'sudo zypper install virtualbox',
  gentoo: 'sudo emerge app-emulation/virtualbox',
};

/** The command that installs VirtualBox here, to be run in a terminal; and always the download page. */
export async function installActions(tool: Tool): Promise<readonly ErrorAction[]> {
  const command = await installCommand(tool);
  return [...(command === undefined ? [] : [{ title: 'Install VirtualBox', command: 'gaia.runInTerminal', args: [command] }]), downloads];
}

async function installCommand(tool: Tool): Promise<string | undefined> {
  const { platform, files } = tool.doors;
  if (platform.os === 'win32') return 'winget install --id Oracle.VirtualBox';
  if (platform.os === 'darwin') return 'brew install --cask virtualbox';
  if (platform.os !== 'linux') return undefined;
  const release = (await files.readText('/etc/os-release').catch(() => undefined)) ?? '';
  const words = [...release.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap(match => (match[1] as string).replaceAll('"', '').split(/\s+/)).flatMap(word => [word, word.split('-')[0] as string]);
  return words.map(word => linuxInstall[word]).find(command => command !== undefined);
}
