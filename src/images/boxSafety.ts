// A disk in a box may say that its data, or what it differs from, are in a file somewhere on this computer. Such a box would carry that file into a guest.
import * as path from 'node:path';
import { GaiaError } from '../machines/errors.ts';
import { readRange } from '../system/files.ts';
import type { BoxFolder } from './boxFacts.ts';

/** Throws GaiaError `invalidInput` when a VMDK or qcow2 of the box leads out of its folder. */
export async function checkBoxDisks(box: BoxFolder): Promise<void> {
  for (const disk of box.disks) {
    const elsewhere = namedFiles(await readRange(disk, 0, 64 * 1024)).find(name => !isBeside(name));
    if (elsewhere !== undefined) throw new GaiaError('invalidInput', { message: 'The box was refused: its disk {0} names a file outside of the box.', values: [path.basename(disk)], raw: elsewhere });
  }
}

/** Other files that the beginning of this disk names. Pure. */
export function namedFiles(head: Uint8Array): readonly string[] {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length > 20 && bytes.toString('latin1', 0, 4) === 'QFI\xfb') {
    const at = Number(bytes.readBigUInt64BE(8));
    return at === 0 ? [] : [bytes.toString('utf8', at, at + bytes.readUInt32BE(16))];
  }
  const text = bytes.toString('latin1');
  if (!text.startsWith('KDMV') && !/^\s*# Disk DescriptorFile/i.test(text)) return [];
  // The name in quotes of each extent, but for a sparse file's own, which every single-file VMDK repeats; and the parent's.
  const extents = [...text.matchAll(/^(?:RW|RDONLY|NOACCESS)[ \t]+\d+[ \t]+\w+[ \t]+"([^"\r\n]*)"/gim)].map(match => match[1] ?? '');
  const parents = [...text.matchAll(/^parentFileNameHint[ \t]*=[ \t]*"([^"\r\n]*)"/gim)].map(match => match[1] ?? '');
  return [...extents, ...parents];
}

function isBeside(name: string): boolean {
  return name !== '' && name !== '..' && !/[\\/\0]/.test(name) && !/^[a-z]:/i.test(name);
}
