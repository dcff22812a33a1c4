// The one encoder for what goes to Proxmox VE: forms, queries, path segments, property strings ("a,b=c") and disk sizes.
import { GaiaError } from '../../machines/errors.ts';

export type ParamValue = string | number | boolean | readonly string[];
export type Params = Readonly<Record<string, ParamValue | undefined>>;

/**
 * `application/x-www-form-urlencoded`, also for queries. Booleans are 0/1 (a form's `true` is refused); an array becomes the
 * key repeated; everything but unreserved characters is percent-encoded, since `;` separates pairs too. undefined is left out.
 */
export function encodeForm(params: Params): string {
  const pairs: string[] = [];
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined) continue;
    const values = Array.isArray(value) ? (value as readonly string[]) : [value as string | number | boolean];
    for (const one of values) pairs.push(`${percent(key)}=${percent(typeof one === 'boolean' ? (one ? '1' : '0') : String(one))}`);
  }
  return pairs.join('&');
}

/** Fills `{name}` of a path template. A volume id keeps no bare slash; a UPID none of its `!` or `:`. */
export function encodePath(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined || value === '' || value === '.' || value === '..') throw new RangeError(`No usable value for {${name}} of ${template}`);
    return percent(String(value));
  });
}

function percent(text: string): string {
  // A lone surrogate is no text; encodeURIComponent would throw.
  return encodeURIComponent(text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** One value of a config line like `scsi0` or `net0`: `first,key=value,…`. */
export interface PropertyString {
  /** The part without a key: volume id, model. */
  readonly first?: string;
  readonly options: Readonly<Record<string, string>>;
}

/** `local-lvm:vm-100-disk-0,size=32G` → first and options. `virtio=BC:24:…,bridge=vmbr0` has no first. */
export function parsePropertyString(text: string): PropertyString {
  let first: string | undefined;
  const options: Record<string, string> = {};
  for (const part of text.split(',')) {
    const match = /^([A-Za-z][\w.-]*)=(.*)$/s.exec(part);
    if (match) options[match[1] as string] = match[2] as string;
    else if (part !== '') first ??= part;
  }
  return { ...(first === undefined ? {} : { first }), options };
}

/** The reverse. A comma would end a value and start another option, so it is refused (GaiaError `invalidInput`). */
export function formatPropertyString(value: { readonly first?: string | undefined; readonly options?: Readonly<Record<string, ParamValue | undefined>> }): string {
  const parts: string[] = value.first === undefined ? [] : [clean(value.first)];
  for (const [key, option] of Object.entries(value.options ?? {})) {
    if (option === undefined) continue;
    parts.push(`${clean(key)}=${clean(typeof option === 'boolean' ? (option ? '1' : '0') : String(option))}`);
  }
  return parts.join(',');
}

function clean(text: string): string {
  if (/[,\u0000-\u001f]/.test(text)) throw new GaiaError('invalidInput', { message: 'Proxmox VE cannot take a comma or line break in “{0}”.', values: [text] });
  return text;
}

const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Proxmox VE's own sizes, `32G`, `1124M`, `104858K`, `1.5T`, plain bytes. undefined when it is none. */
export function parseDiskSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text.trim());
  return match ? Math.round(Number(match[1]) * (units[match[2] as string] as number)) : undefined;
}

/** Bytes for PUT resize, in the largest unit that says them exactly; never less than asked. */
export function formatDiskSize(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'K'] as const) {
    const size = units[unit] as number;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${Math.ceil(bytes / 1024)}K`;
}

/** Bytes as the GiB number of `storage:<GiB>`: fractions are allowed, five digits keep it within 11 KiB, rounded up. */
export function formatGiB(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return Number.isInteger(gib) ? String(gib) : (Math.ceil(gib * 1e5) / 1e5).toFixed(5).replace(/0+$/, '');
}

/** `disk_size` of a file: a number is MiB, a string carries its unit ("64G", "64 GB", "512MB"; none = MiB). undefined when it is neither. */
export function parseConfigSize(value: unknown): number | undefined {
  if (typeof value === 'number') return value > 0 ? Math.round(value * 2 ** 20) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(value);
  if (!match) return undefined;
  const unit = (match[2] as string).toUpperCase() || 'M';
  return Math.round(Number(match[1]) * (units[unit] as number));
}

/** Tags as the server keeps them: lower case, `;`-separated. Throws GaiaError `invalidInput` for what it would refuse. */
export function formatTags(tags: readonly string[]): string {
  for (const tag of tags) {
    if (!/^[a-z0-9_][a-z0-9_\-+.]*$/i.test(tag)) throw new GaiaError('invalidInput', { message: 'Proxmox VE cannot take the tag “{0}”.', values: [tag], hint: 'A tag starts with a letter, digit or _ and goes on with letters, digits and _ - + . only.' });
  }
  return [...new Set(tags.map(tag => tag.toLowerCase()))].join(';');
}

/** Tags from any spelling: `a;b`, `a,b`, `a b`. */
export function parseTags(text: string | undefined): string[] {
  return (text ?? '').split(/[;, ]+/).filter(tag => tag !== '');
}
