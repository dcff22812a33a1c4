// Property strings of guests: drives and NICs taken apart and put together, sizes as Proxmox writes them.

/** `local-lvm:vm-100-disk-0,size=32G,ssd=1` → the first part and the rest by name. */
export interface Drive {
  file: string;
  readonly options: Map<string, string>;
}

export const isDriveKey = (key: string): boolean => /^(?:(?:scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0|unused\d+|rootfs|mp\d+)$/.test(key);
export const isNicKey = (key: string): boolean => /^net\d+$/.test(key);

export function parseDrive(value: string): Drive {
  const [first = '', ...rest] = value.split(',');
  const options = new Map<string, string>();
  let file = first.replace(/^(?:file|volume)=/, '');
  for (const part of [...(first.includes('=') && !/^(?:file|volume)=/.test(first) ? [first] : []), ...rest]) {
    const cut = part.indexOf('=');
    const [name, content] = cut < 0 ? [part, ''] : [part.slice(0, cut), part.slice(cut + 1)];
    if (name === 'file' || name === 'volume') file = content;
    else options.set(name, content);
  }
  return { file, options };
}

export const printDrive = (drive: Drive): string => [drive.file, ...[...drive.options].map(([k, v]) => `${k}=${v}`)].join(',');

export const isCdrom = (drive: Drive): boolean => drive.options.get('media') === 'cdrom' || drive.file === 'none' || drive.file === 'cdrom' || drive.file.endsWith(':cloudinit') || drive.file.includes('-cloudinit');

const units = ['', 'K', 'M', 'G', 'T'];

/** Bytes → `32G`, `1124M`, `104858K`: the largest unit that divides. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < 4 && value !== 0 && value % 1024 === 0) {
    value /= 1024;
    unit += 1;
  }
  return `${String(value)}${units[unit] as string}`;
}

/** `32G` → bytes. */
export function parseSize(value: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(value);
  if (!match) return 0;
  return Math.round(Number(match[1]) * 1024 ** units.indexOf(match[2] as string));
}

/** MiB of `memory`, which may be written `current=2048`. */
export const memoryMiB = (value: string | number | undefined): number => Number(String(value ?? 512).replace(/^current=/, ''));

/** `2 KiB` as in task logs. */
export function humanSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${names[unit] as string}`;
}

/** Takes keys away. */
export function unset(record: Record<string, unknown>, ...keys: readonly string[]): void {
  for (const key of keys) Reflect.deleteProperty(record, key);
}
