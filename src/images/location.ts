// Where a source's text points to: an address of the web, or a file of this computer. Pure.
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GaiaError } from '../machines/errors.ts';

export type Location = { readonly kind: 'web'; readonly url: string } | { readonly kind: 'file'; readonly path: string };

/** `https://…`, `file:///…`, `~/x`, an absolute path, or one relative to `baseFolder`. */
export function locate(text: string, options: { readonly baseFolder?: string | undefined; readonly home: string }): Location {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) return { kind: 'web', url: trimmed };
  if (/^file:/i.test(trimmed)) {
    try {
      return { kind: 'file', path: fileURLToPath(trimmed) };
    } catch (cause) {
      throw new GaiaError('invalidInput', { message: '{0} is not an address of a file on this computer.', values: [trimmed], cause });
    }
  }
  // One letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(trimmed)?.[1];
  if (scheme !== undefined) throw new GaiaError('notSupported', { message: 'Gaia does not fetch from {0} addresses.', values: [`${scheme}://`], hint: 'Use an http or https address, or a path.' });
  if (trimmed === '') throw new GaiaError('invalidInput', { message: 'The path or address is empty.' });
  const expanded = trimmed === '~' || /^~[\\/]/.test(trimmed) ? path.join(options.home, trimmed.slice(1)) : trimmed;
  return { kind: 'file', path: path.resolve(options.baseFolder ?? '.', expanded) };
}

/** The last part of an address or path, for people and as a file name. */
export function nameOf(location: Location): string {
  if (location.kind === 'file') return path.basename(location.path);
  const last = new URL(location.url).pathname.split('/').filter(part => part !== '').at(-1) ?? new URL(location.url).hostname;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** A name that every system takes for a file. */
export function safeFileName(name: string): string {
  const safe = name.replaceAll(/[^\p{L}\p{N}._+ -]/gu, '_').replace(/^[. ]+/, '').replace(/[. ]+$/, '').slice(-120);
  return safe === '' || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(safe) ? `file-${safe}` : safe;
}
