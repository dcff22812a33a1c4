// Sizes as people write them: a number is MB, a text carries its unit. All are 1024-based, as VirtualBox, Hyper-V, Proxmox and Vagrant count.
const factors: { readonly [unit: string]: number } = { '': 1024 ** 2, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Bytes of `64G`, `"32 GiB"`, `20480` (MB), `"1.5T"`; undefined for anything that is no size above 0. */
export function sizeBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? Math.round(value * 1024 ** 2) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|(B))?\s*$/i.exec(value);
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * (factors[(match[2] ?? match[3] ?? '').toUpperCase()] as number));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `64 GiB`, `512 MiB`, `1.5 TiB`: for people. */
export function describeBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes, unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${String(Number(value.toFixed(2)))} ${units[unit] as string}`;
}
