// Where a program lies. Never the working folder, and never a relative entry of PATH: a workspace must not be able to put its own tool in the way.
import * as path from 'node:path';
import type { Platform } from './platform.ts';
import { variable } from './platform.ts';

/** The paths at which PATH would find `names`, in order, absolute entries only. On Windows `.exe` is added where a name has no extension. */
export function onPath(names: readonly string[], platform: Pick<Platform, 'os' | 'env'>): readonly string[] {
  const flavour = platform.os === 'win32' ? path.win32 : path.posix;
  const folders = (variable(platform, 'PATH') ?? '').split(flavour.delimiter).map(folder => folder.replace(/^"(.*)"$/, '$1'));
  return folders
    .filter(folder => flavour.isAbsolute(folder))
    .flatMap(folder => names.map(name => flavour.join(folder, platform.os === 'win32' && flavour.extname(name) === '' ? `${name}.exe` : name)));
}

/** The first of `candidates` that is a file; undefined = none is. */
export async function firstFile(candidates: readonly string[], info: (file: string) => Promise<{ readonly kind: string } | undefined>): Promise<string | undefined> {
  for (const candidate of new Set(candidates)) {
    // A folder of PATH that may not be read holds nothing for us.
    if ((await info(candidate).catch(() => undefined))?.kind === 'file') return candidate;
  }
  return undefined;
}
