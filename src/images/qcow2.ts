// Reads the data of a qcow2 image (versions 2 and 3; zlib and zstd clusters; extended L2 entries), in the order of the disk.
// Format: docs/interop/qcow2.txt of QEMU. Hyper-V reads no qcow2 at all, VirtualBox 7.2 not all of it.
import * as zlib from 'node:zlib';
import { GaiaError } from '../machines/errors.ts';
import type { OpenFile } from '../system/files.ts';
import { readFrom } from '../system/files.ts';

export interface DataBlock {
  /** Place on the disk, in bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const offsetMask = 0x00ff_ffff_ffff_fe00n;
const compressedBit = 1n << 62n;

/** The disk's data, ascending; what is not given is zeros. `name` is for errors. */
export async function* qcow2Data(handle: OpenFile, name: string): AsyncGenerator<DataBlock> {
  const header = Buffer.from(await readFrom(handle, 0, 112));
  if (header.length < 72) throw damaged(name);
  const version = header.readUInt32BE(4);
  const clusterBits = header.readUInt32BE(20);
  const virtualBytes = Number(header.readBigUInt64BE(24));
  const l1Length = header.readUInt32BE(36);
  const l1Offset = Number(header.readBigUInt64BE(40));
  const incompatible = version >= 3 && header.length >= 80 ? header.readBigUInt64BE(72) : 0n;
  if (clusterBits < 9 || clusterBits > 21 || l1Length > 4 * 1024 * 1024 || virtualBytes > 2 ** 46) throw damaged(name);
  // Bit 1: left inconsistent by a crash; bits 0, 3, 4 are understood; 2 (another file's data) and unknown ones are not.
  if ((incompatible & ~0b11001n) !== 0n) throw new GaiaError('notSupported', { message: '{0} uses features of qcow2 that Gaia does not read.', values: [name], hint: 'Convert it with qemu-img.', raw: incompatible.toString(2) });
  const zstd = (incompatible & 0b1000n) !== 0n && header[104] === 1;
  const extended = (incompatible & 0b10000n) !== 0n;
  const clusterBytes = 2 ** clusterBits;
  const entryBytes = extended ? 16 : 8;
  const perTable = clusterBytes / entryBytes;
  const l1 = Buffer.from(await readFrom(handle, l1Offset, l1Length * 8));
  if (l1.length < l1Length * 8) throw damaged(name);

  for (let l1At = 0; l1At < l1Length; l1At++) {
    const tableOffset = Number(l1.readBigUInt64BE(l1At * 8) & offsetMask);
    if (tableOffset === 0) continue;
    const table = Buffer.from(await readFrom(handle, tableOffset, clusterBytes));
    if (table.length < clusterBytes) throw damaged(name);
    for (let at = 0; at < perTable; at++) {
      const entry = table.readBigUInt64BE(at * entryBytes);
      const offset = (l1At * perTable + at) * clusterBytes;
      if (entry === 0n || offset >= virtualBytes) continue;
      const wanted = Math.min(clusterBytes, virtualBytes - offset);
      if ((entry & compressedBit) !== 0n) {
        yield { offset, bytes: (await compressedCluster(handle, entry, clusterBits, zstd, name)).subarray(0, wanted) };
        continue;
      }
      const from = Number(entry & offsetMask);
      if (extended) {
        yield* subclusters(handle, from, table.readBigUInt64BE(at * entryBytes + 8), offset, clusterBytes, virtualBytes);
        continue;
      }
      if (from === 0 || (version >= 3 && (entry & 1n) !== 0n)) continue;
      yield { offset, bytes: padded(await readFrom(handle, from, wanted), wanted) };
    }
  }
}

async function* subclusters(handle: OpenFile, from: number, bitmap: bigint, offset: number, clusterBytes: number, virtualBytes: number): AsyncGenerator<DataBlock> {
  const size = clusterBytes / 32;
  for (let at = 0; at < 32; at++) {
    const place = offset + at * size;
    if ((bitmap & (1n << BigInt(at))) === 0n || place >= virtualBytes) continue;
    const wanted = Math.min(size, virtualBytes - place);
    yield { offset: place, bytes: padded(await readFrom(handle, from + at * size, wanted), wanted) };
  }
}

async function compressedCluster(handle: OpenFile, entry: bigint, clusterBits: number, zstd: boolean, name: string): Promise<Uint8Array> {
  const shift = BigInt(62 - (clusterBits - 8));
  const from = Number(entry & ((1n << shift) - 1n));
  const sectors = Number((entry & ((1n << 62n) - 1n)) >> shift);
  const packed = await readFrom(handle, from, (sectors + 1) * 512 - (from % 512));
  const clusterBytes = 2 ** clusterBits;
  const bytes = zstd ? await zstdCluster(packed, clusterBytes) : inflate(packed, clusterBytes);
  if (bytes?.length !== clusterBytes) throw damaged(name);
  return bytes;
}

/** Behind the cluster's end the sector holds something else: it is not read. */
function inflate(packed: Uint8Array, clusterBytes: number): Uint8Array | undefined {
  try {
    return zlib.inflateRawSync(packed, { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: clusterBytes });
  } catch {
    return undefined;
  }
}

async function zstdCluster(packed: Uint8Array, clusterBytes: number): Promise<Uint8Array | undefined> {
  const { Decompress } = await import('fzstd');
  const out = Buffer.alloc(clusterBytes);
  let length = 0;
  const decoder = new Decompress(chunk => {
    out.set(chunk.subarray(0, clusterBytes - length), length);
    length = Math.min(clusterBytes, length + chunk.length);
  });
  try {
    decoder.push(packed);
  } catch {
    // The rest of the sector is no frame; whether all came says the length.
  }
  return length === clusterBytes ? out : undefined;
}

/** A last cluster may end with the file: the rest is zeros. */
function padded(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length === length ? bytes : Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}

function damaged(name: string): GaiaError {
  return new GaiaError('invalidInput', { message: '{0} is damaged: it is no readable qcow2 image.', values: [name], hint: 'Remove it and download it again.' });
}
