// Where VBoxManage lies: the setting, the variables of the Windows installer, PATH, then the places the installers use. Never the working folder.
import * as path from 'node:path';
import { onPath } from '../../system/findProgram.ts';
import type { Platform } from '../../system/platform.ts';
import { variable } from '../../system/platform.ts';

/** Case matters on Linux: V5. */
const posixNames = ['VBoxManage', 'vboxmanage'];

/** Every path at which it may be, the likeliest first. `setting` may name the program or its folder; if it is given, nothing else counts. */
export function executableCandidates(platform: Platform, setting?: string): readonly string[] {
  const flavour = platform.os === 'win32' ? path.win32 : path.posix;
  if (setting) {
    const full = setting.startsWith('~/') ? flavour.join(platform.home, setting.slice(2)) : setting;
    if (!flavour.isAbsolute(full)) return [];
    return [full, flavour.join(full, platform.os === 'win32' ? 'VBoxManage.exe' : 'VBoxManage')];
  }
  if (platform.os === 'win32') {
    // The installer sets the first; versions before 5 set the second. More than one folder may stand in it.
    const installed = ['VBOX_MSI_INSTALL_PATH', 'VBOX_INSTALL_PATH'].flatMap(name => (variable(platform, name) ?? '').split(';'));
    const usual = ['ProgramW6432', 'ProgramFiles', 'ProgramFiles(x86)'].flatMap(name => variable(platform, name) ?? []).map(folder => flavour.join(folder, 'Oracle', 'VirtualBox'));
    const programs = (folders: readonly string[]): readonly string[] => folders.filter(folder => flavour.isAbsolute(folder)).map(folder => flavour.join(folder, 'VBoxManage.exe'));
    return [...programs(installed), ...onPath(['VBoxManage'], platform), ...programs(usual)];
  }
  const places = platform.os === 'darwin'
    ? ['/Applications/VirtualBox.app/Contents/MacOS/VBoxManage', '/usr/local/bin/VBoxManage', '/opt/homebrew/bin/VBoxManage']
    : ['/usr/bin/VBoxManage', '/usr/local/bin/VBoxManage', '/opt/VirtualBox/VBoxManage', '/usr/lib/virtualbox/VBoxManage', '/run/current-system/sw/bin/VBoxManage', '/snap/bin/VBoxManage'];
  return [...onPath(posixNames, platform), ...places];
}

/** VirtualBox's own folder (VirtualBox.xml lies in it). On Linux the old place wins where it exists, as in VirtualBox itself. */
export function homeCandidates(platform: Platform): readonly string[] {
  const own = variable(platform, 'VBOX_USER_HOME');
  if (own) return [own];
  if (platform.os === 'win32') return [path.win32.join(variable(platform, 'USERPROFILE') ?? platform.home, '.VirtualBox')];
  if (platform.os === 'darwin') return [path.posix.join(platform.home, 'Library', 'VirtualBox')];
  const config = variable(platform, 'XDG_CONFIG_HOME') ?? path.posix.join(platform.home, '.config');
  return [path.posix.join(platform.home, '.VirtualBox'), path.posix.join(config, 'VirtualBox')];
}
