// The guest OS type of VirtualBox for a new machine: what the config says, else a guess from the words of its source.

// First row that fits wins; the tail `_64`/`_arm64` is added by architecture where the type has both.
const rows: readonly { readonly says: RegExp; readonly type: string }[] = [
  { says: /windows.?11|win11/, type: 'Windows11' },
  { says: /windows.?server|server.?(?:2022|2025)|win2k22/, type: 'Windows2022' },
  { says: /windows|win10/, type: 'Windows10' },
  { says: /ubuntu|bionic|focal|jammy|noble/, type: 'Ubuntu' },
  { says: /debian|bookworm|bullseye|trixie/, type: 'Debian' },
  { says: /fedora/, type: 'Fedora' },
  { says: /red.?hat|rhel|centos|alma|rocky/, type: 'RedHat' },
  { says: /oracle.?linux|\bol[789]\b/, type: 'Oracle' },
  { says: /opensuse|\bsles?\b/, type: 'OpenSUSE' },
  { says: /arch.?linux|\barch\b/, type: 'ArchLinux' },
  { says: /gentoo/, type: 'Gentoo' },
  { says: /freebsd/, type: 'FreeBSD' },
  { says: /openbsd/, type: 'OpenBSD' },
  { says: /alpine|linux|kali|mint|nixos/, type: 'Linux' },
];

const armTypes: ReadonlySet<string> = new Set(['Windows11', 'Ubuntu', 'Debian', 'Fedora', 'Oracle', 'ArchLinux', 'FreeBSD', 'OpenBSD', 'Linux']);

export function guestType(words: string, said: unknown, architecture: 'x86' | 'arm'): string {
  if (typeof said === 'string' && said !== '') return said;
  const type = rows.find(row => row.says.test(words.toLowerCase()))?.type ?? 'Other';
  if (architecture === 'x86') return `${type}_64`;
  return `${armTypes.has(type) ? type : type.startsWith('Windows') ? 'Windows11' : type === 'Other' ? type : 'Linux'}_arm64`;
}

export function isWindows(osType: string): boolean {
  return /^win/i.test(osType);
}
