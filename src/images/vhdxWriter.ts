// A dynamic VHDX, the format that Hyper-V's second generation boots from. After Microsoft's specification [MS-VHDX].
import type { OpenFile } from '../system/files.ts';
import type { DiskWriter } from './blockMap.ts';
import { BlockMap, mebi, uuid, writeAt } from './blockMap.ts';

const blockBytes = 2 * mebi;
const kibi = 1024;
/** Places of the fixed parts. */
const at = { headers: [64 * kibi, 128 * kibi], regions: [192 * kibi, 256 * kibi], log: mebi, metadata: 2 * mebi, table: 3 * mebi } as const;
/** Payload blocks between two entries for sector bitmaps; those exist in the table even where, as here, no bitmap does. */
const chunkRatio = (2 ** 23 * 512) / blockBytes;
const fullyPresent = 6n;

const guids = {
  table: '2DC27766-F623-4200-9D64-115E9BFD4A08',
  metadata: '8B7CA206-4790-4B9A-B8FE-575F050F886E',
  fileParameters: 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B',
  virtualDiskSize: '2FA54224-CD1B-4876-B211-5DBED83BF4B8',
  page83: 'BECA12AB-B2E6-4523-93EF-C309E000C746',
  logicalSector: '8141BF1D-A96F-4709-BA47-F233A8FAAB5F',
  physicalSector: 'CDA348C7-445D-4471-9CC9-E9885251C556',
} as const;

export function vhdxWriter(handle: OpenFile, virtualBytes: number): DiskWriter {
  const blocks = Math.ceil(virtualBytes / blockBytes);
  const entries = blocks + Math.floor(Math.max(blocks - 1, 0) / chunkRatio);
  const tableBytes = Math.max(1, Math.ceil((entries * 8) / mebi)) * mebi;
  const dataAt = at.table + tableBytes;
  const table = Buffer.alloc(tableBytes);
  const map = new BlockMap(handle, blockBytes, 0, dataAt, (index, place) => {
    table.writeBigUInt64LE((BigInt(place / mebi) << 20n) | fullyPresent, (index + Math.floor(index / chunkRatio)) * 8);
  });
  return {
    write: (offset, bytes) => map.write(offset, bytes),
    async finish() {
      const identifier = Buffer.alloc(520);
      identifier.write('vhdxfile', 0, 'latin1');
      identifier.write('Gaia', 8, 'utf16le');
      const ids = { fileWrite: uuid(), dataWrite: uuid() };
      const regions = regionTable(tableBytes);
      await writeAt(handle, table, at.table);
      await writeAt(handle, metadata(virtualBytes), at.metadata);
      await writeAt(handle, Buffer.alloc(mebi), at.log);
      for (const place of at.regions) await writeAt(handle, regions, place);
      for (const [index, place] of at.headers.entries()) await writeAt(handle, header(index + 1, ids), place);
      await writeAt(handle, identifier, 0);
      await handle.truncate(dataAt + map.count * blockBytes);
    },
  };
}

/** Of the two the one with the higher sequence number counts. No log: nothing is left to be replayed. */
function header(sequence: number, ids: { fileWrite: Buffer; dataWrite: Buffer }): Buffer {
  const bytes = Buffer.alloc(4 * kibi);
  bytes.write('head', 0, 'latin1');
  bytes.writeBigUInt64LE(BigInt(sequence), 8);
  ids.fileWrite.copy(bytes, 16);
  ids.dataWrite.copy(bytes, 32);
  bytes.writeUInt16LE(1, 66);
  bytes.writeUInt32LE(mebi, 68);
  bytes.writeBigUInt64LE(BigInt(at.log), 72);
  return withChecksum(bytes);
}

function regionTable(tableBytes: number): Buffer {
  const bytes = Buffer.alloc(64 * kibi);
  bytes.write('regi', 0, 'latin1');
  const regions = [[guids.table, at.table, tableBytes], [guids.metadata, at.metadata, mebi]] as const;
  bytes.writeUInt32LE(regions.length, 8);
  for (const [index, [id, place, length]] of regions.entries()) {
    const entry = 16 + index * 32;
    guid(id).copy(bytes, entry);
    bytes.writeBigUInt64LE(BigInt(place), entry + 16);
    bytes.writeUInt32LE(length, entry + 24);
    bytes.writeUInt32LE(1, entry + 28); // a reader must know it
  }
  return withChecksum(bytes);
}

function metadata(virtualBytes: number): Buffer {
  const number = (value: number, length: 4 | 8): Buffer => {
    const bytes = Buffer.alloc(length);
    if (length === 4) bytes.writeUInt32LE(value);
    else bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  // Flags: 4 = a reader must know it, 2 = it is of the disk, not of the file.
  const items: readonly (readonly [string, Buffer, number])[] = [
    [guids.fileParameters, Buffer.concat([number(blockBytes, 4), number(0, 4)]), 4],
    [guids.virtualDiskSize, number(virtualBytes, 8), 6],
    [guids.page83, uuid(), 6],
    [guids.logicalSector, number(512, 4), 6],
    [guids.physicalSector, number(4096, 4), 6],
  ];
  const bytes = Buffer.alloc(mebi);
  bytes.write('metadata', 0, 'latin1');
  bytes.writeUInt16LE(items.length, 10);
  let place = 64 * kibi;
  for (const [index, [id, value, flags]] of items.entries()) {
    const entry = 32 + index * 32;
    guid(id).copy(bytes, entry);
    bytes.writeUInt32LE(place, entry + 16);
    bytes.writeUInt32LE(value.length, entry + 20);
    bytes.writeUInt32LE(flags, entry + 24);
    value.copy(bytes, place);
    place += value.length;
  }
  return bytes;
}

/** As it lies in a file: the first three groups little-endian. */
function guid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Buffer.concat([bytes.subarray(0, 4).reverse(), bytes.subarray(4, 6).reverse(), bytes.subarray(6, 8).reverse(), bytes.subarray(8)]);
}

/** CRC-32C of the whole, with zeros in its own place. */
function withChecksum(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32c(bytes), 4);
  return bytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (crcTable[(value ^ byte) & 255] ?? 0);
  return (value ^ 0xffffffff) >>> 0;
}
