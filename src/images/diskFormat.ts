// What a file is, by what it begins (and ends) with, never by its name: disk images, appliances, installers, root file systems. Pure.
import type { Compression } from '../system/decompress.ts';
import { compressionOf } from '../system/decompress.ts';
import { isWebPage } from '../system/download.ts';

export type DiskFormat = 'raw' | 'qcow2' | 'qcow' | 'vdi' | 'vmdk' | 'vhd' | 'vhdx';
export type FileFormat = DiskFormat | 'ova' | 'ovf' | 'iso' | 'tar';

export interface Recognized {
  readonly kind: FileFormat | 'compressed' | 'archive' | 'webPage' | 'unknown';
  readonly compression?: Compression;
  /** Size of the disk that the guest sees. */
  readonly virtualBytes?: number;
  /** Why it must not, or cannot, be used as it is: a text of `refusals`. */
  readonly refused?: Refusal;
  /** Things that not every reader of the format can read. */
  readonly features?: readonly ('zstd' | 'extendedL2' | 'compressed' | 'streamOptimized')[];
}

/** Messages; {0} is the file. */
export const refusals = {
  backingFile: '{0} was refused: it is only the difference to another file, which it names.',
  outsideFile: '{0} was refused: it is only a description of a disk whose data are in other files.',
  encrypted: '{0} is encrypted, and Gaia cannot open it.',
  split: '{0} is one part of a disk that is split into several files.',
} as const;
export type Refusal = keyof typeof refusals;

/** Bytes of a file's beginning and end that `recognize` wants to see. */
export const headBytes = 64 * 1024;
export const tailBytes = 512;

/** `head` and `tail` as above (the whole file, if it is smaller); `name` only decides whether bytes without any mark may be a raw disk. */
export function recognize(head: Uint8Array, tail: Uint8Array, sizeBytes: number, name: string): Recognized {
  const view = new Reader(head);
  const compression = compressionOf(head);
  if (compression) return { kind: 'compressed', compression };
  if (view.text(0, 4) === 'QFI\xfb') return qcow(view);
  if (view.le32(0x40) === 0xbeda107f) return vdi(view);
  if (view.text(0, 4) === 'KDMV') return vmdk(view);
  if (view.text(0, 4) === 'COWD') return { kind: 'vmdk', refused: 'outsideFile' };
  if (view.text(0, 8) === 'vhdxfile') return { kind: 'vhdx' };
  const end = new Reader(tail);
  if (end.text(tail.length - 512, 8) === 'conectix') return vhd(end, tail.length - 512);
  if (view.text(0, 8) === 'conectix') return vhd(view, 0);
  const primary = view.text(32769, 5);
  if (primary === 'CD001' || primary === 'BEA01') return { kind: 'iso' };
  if (view.text(257, 5) === 'ustar') return { kind: /\.ovf$/i.test(view.text(0, 100).replace(/\0.*$/s, '')) ? 'ova' : 'tar' };
  if (view.text(0, 4) === 'PK\x03\x04' || view.text(0, 6) === '7z\xbc\xaf\x27\x1c' || view.text(0, 4) === 'Rar!') return { kind: 'archive' };
  if (isWebPage(head.subarray(0, 1024))) return { kind: 'webPage' };
  const text = new TextDecoder().decode(head.subarray(0, 4096));
  if (/^\uFEFF?\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<(\w+:)?Envelope[\s>]/.test(text)) return { kind: 'ovf' };
  if (/^\s*# Disk DescriptorFile/i.test(text)) return { kind: 'vmdk', refused: 'outsideFile' };
  // A boot record, a partition table, or the name's word for it.
  const boots = view.le16(510) === 0xaa55 || view.text(512, 8) === 'EFI PART' || view.le16(1080) === 0xef53;
  if (sizeBytes >= 512 && (boots || (/\.(img|raw|dd|bin)$/i.test(name) && !looksLikeText(head)))) return { kind: 'raw', virtualBytes: Math.ceil(sizeBytes / 512) * 512 };
  return { kind: 'unknown' };
}

function qcow(view: Reader): Recognized {
  const version = view.be32(4);
  if (version === 1) return { kind: 'qcow', virtualBytes: view.be64(24), ...(view.be64(8) === 0 ? {} : { refused: 'backingFile' as const }) };
  const incompatible = version >= 3 ? view.be64(72) : 0;
  const features: ('zstd' | 'extendedL2')[] = [];
  if ((incompatible & 0b1000) !== 0 && view.byte(104) === 1) features.push('zstd');
  if ((incompatible & 0b10000) !== 0) features.push('extendedL2');
  const refused: Refusal | undefined = view.be64(8) !== 0 ? 'backingFile' : (incompatible & 0b100) !== 0 ? 'outsideFile' : view.be32(32) !== 0 ? 'encrypted' : undefined;
  return { kind: 'qcow2', virtualBytes: view.be64(24), features, ...(refused ? { refused } : {}) };
}

function vdi(view: Reader): Recognized {
  const type = view.le32(0x4c);
  return { kind: 'vdi', virtualBytes: view.le64(0x170), ...(type === 3 || type === 4 ? { refused: 'backingFile' as const } : {}) };
}

function vmdk(view: Reader): Recognized {
  const virtualBytes = view.le64(12) * 512;
  const at = view.le64(28) * 512;
  const descriptor = at > 0 ? view.text(at, Math.min(view.le64(36) * 512, 20 * 1024)) : '';
  const refused = vmdkRefusal(descriptor);
  const streamOptimized = (view.le32(8) & 0x10000) !== 0;
  return { kind: 'vmdk', virtualBytes, ...(streamOptimized ? { features: ['streamOptimized' as const] } : {}), ...(refused ? { refused } : {}) };
}

/** A VMDK's own description may name a parent, or other files for its data. */
function vmdkRefusal(descriptor: string): Refusal | undefined {
  const parent = /^parentCID\s*=\s*([0-9a-f]+)/im.exec(descriptor)?.[1];
  if (parent !== undefined && parent.toLowerCase() !== 'ffffffff') return 'backingFile';
  const extents = [...descriptor.matchAll(/^(?:RW|RDONLY|NOACCESS)\s+\d+\s+(\w+)(?:\s+"([^"]*)")?/gim)];
  if (extents.length > 1) return 'split';
  return extents.some(([, type]) => !/^(SPARSE|ZERO)$/i.test(type ?? '')) ? 'outsideFile' : undefined;
}

function vhd(view: Reader, at: number): Recognized {
  return { kind: 'vhd', virtualBytes: view.be64(at + 48), ...(view.be32(at + 60) === 4 ? { refused: 'backingFile' as const } : {}) };
}

function looksLikeText(head: Uint8Array): boolean {
  const start = head.subarray(0, 512);
  return start.length > 0 && start.every(byte => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
}

/** Numbers and texts at places that may lie behind the end: then 0 and ''. */
class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  byte(at: number): number { return this.bytes[at] ?? 0; }
  text(at: number, length: number): string { return at < 0 ? '' : String.fromCharCode(...this.bytes.subarray(at, at + length)); }
  hex(at: number, length: number): string { return Buffer.from(this.bytes.subarray(at, at + length)).toString('hex'); }
  le16(at: number): number { return at + 2 <= this.bytes.length ? this.view.getUint16(at, true) : 0; }
  le32(at: number): number { return at + 4 <= this.bytes.length ? this.view.getUint32(at, true) : 0; }
  be32(at: number): number { return at >= 0 && at + 4 <= this.bytes.length ? this.view.getUint32(at) : 0; }
  le64(at: number): number { return at + 8 <= this.bytes.length ? Number(this.view.getBigUint64(at, true)) : 0; }
  be64(at: number): number { return at >= 0 && at + 8 <= this.bytes.length ? Number(this.view.getBigUint64(at)) : 0; }
}

/** GUIDs as they lie in the file. */
const regions = { metadata: '06a27c8b90479a4bb8fe575f050f886e', fileParameters: '3767a1ca36fa434db3b633f0aa44e76b', virtualDiskSize: '2442a52f1bcd7648b2115dbed83bf4b8' } as const;

/** The size of a VHDX's disk and whether it is only a difference stand further inside. `read(offset, length)` reads the file. */
export async function recognizeVhdx(read: (offset: number, length: number) => Promise<Uint8Array>): Promise<Recognized> {
  const table = new Reader(await read(0x30000, 64 * 1024));
  const count = table.text(0, 4) === 'regi' ? Math.min(table.le32(8), 2047) : 0;
  for (let at = 16; at < 16 + count * 32; at += 32) {
    if (table.hex(at, 16) !== regions.metadata) continue;
    const start = table.le64(at + 16);
    const items = new Reader(await read(start, 64 * 1024));
    let virtualBytes: number | undefined;
    let differs = false;
    for (let item = 32; item < 32 + Math.min(items.le16(10), 2047) * 32; item += 32) {
      const value = async (length: number): Promise<Reader> => new Reader(await read(start + items.le32(item + 16), length));
      if (items.hex(item, 16) === regions.virtualDiskSize) virtualBytes = (await value(8)).le64(0);
      if (items.hex(item, 16) === regions.fileParameters) differs = ((await value(8)).le32(4) & 2) !== 0;
    }
    return { kind: 'vhdx', ...(virtualBytes === undefined ? {} : { virtualBytes }), ...(differs ? { refused: 'backingFile' as const } : {}) };
  }
  return { kind: 'vhdx' };
}
