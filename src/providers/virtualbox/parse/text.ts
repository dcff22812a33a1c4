// Bytes of VBoxManage as text, and the banners that wrapper scripts print before the real answer taken off.

/**
 * UTF-8 where it is valid, else Windows' Western code page: on Windows the tool writes in the ANSI code page when its output is a pipe.
 * Names that matter are taken from the settings files, which are UTF-8 everywhere.
 */
export function decode(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    text = new TextDecoder('windows-1252').decode(bytes);
  }
  return text.replaceAll('\r\n', '\n');
}

// Both the wrapper of Oracle and that of Debian print their warning about the kernel module on stdout, before the real output
// (facts, section 2). They differ in wording, but both begin and end so.
const driverWarning = /^WARNING: [^]*?until this problem is fixed\.[ \t]*\n/m;
const copyright = /^(?:Oracle )?(?:VM )?VirtualBox Command Line Management Interface Version[^\n]*\n(?:(?:\(C\)|Copyright)[^\n]*\n(?:All rights reserved\.\n)?)?\n?/m;

/** The answer without the warning of the wrapper script and without the copyright lines. */
export function withoutBanner(text: string): string {
  return text.replace(driverWarning, '').replace(copyright, '');
}

export function hasDriverWarning(text: string): boolean {
  return driverWarning.test(text);
}
