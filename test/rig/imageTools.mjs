// The tools that know disk images and volumes best: what Gaia writes is read by them, and what they write by Gaia.
import { debianPackages, onPath } from './cache.mjs';

/** The program that is looked for, and the Debian package that has it. */
const tools = { 'qemu-img': 'qemu-utils', xorriso: 'xorriso', isoinfo: 'genisoimage', '7z': 'p7zip-full', bzip2: 'bzip2', xz: 'xz-utils', zstd: 'zstd' };

/** Installs those that are not there (12 MB). Throws Unavailable. */
export async function ensureImageTools() {
  await debianPackages(Object.entries(tools).filter(([program]) => !onPath(program)).map(([, name]) => name));
}
