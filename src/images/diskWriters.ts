// Writers of growing disk images: VDI (VirtualBox), VHDX and dynamic VHD (Hyper-V), and raw with holes. Data come in the order of the disk; what never comes is zeros.
import { isZero } from '../system/archive.ts';
import type { OpenFile } from '../system/files.ts';
import type { DiskWriter } from './blockMap.ts';
import { BlockMap, mebi, uuid, writeAt } from './blockMap.ts';
import { vhdxWriter } from './vhdxWriter.ts';

/** Formats by name; `virtualBytes` is a multiple of 512. */
export const diskWriters = {
  raw: rawWriter,
  vdi: vdiWriter,
  vhd: vhdWriter,
  vhdx: vhdxWriter,
} as const;
export type WritableFormat = keyof typeof diskWriters;

/** Largest disk of a dynamic VHD. */
export const maxVhdBytes = 2040 * 2 ** 30;

function rawWriter(handle: OpenFile, virtualBytes: number): DiskWriter {
  return {
    write: async (offset, bytes) => { if (!isZero(bytes)) await writeAt(handle, bytes, offset); },
    finish: () => handle.truncate(virtualBytes),
  };
}

/** VDI 1.1: a header, a map of 1-MiB blocks (0xffffffff = zeros), the blocks. */
function vdiWriter(handle: OpenFile, virtualBytes: number): DiskWriter {
  const count = Math.ceil(virtualBytes / mebi);
  const mapAt = mebi;
  const dataAt = mapAt + Math.ceil((count * 4) / mebi) * mebi;
  const map = Buffer.alloc(count * 4, 0xff);
  const blocks = new BlockMap(handle, mebi, 0, dataAt, (index, at) => map.writeUInt32LE((at - dataAt) / mebi, index * 4));
  return {
    write: (offset, bytes) => blocks.write(offset, bytes),
    async finish() {
      const header = Buffer.alloc(512);
      header.write('<<< Oracle VM VirtualBox Disk Image >>>\n', 0, 'latin1');
      header.writeUInt32LE(0xbeda107f, 0x40);
      header.writeUInt32LE(0x00010001, 0x44);
      header.writeUInt32LE(400, 0x48);
      header.writeUInt32LE(1, 0x4c); // grows as it is filled
      header.writeUInt32LE(mapAt, 0x154);
      header.writeUInt32LE(dataAt, 0x158);
      header.writeUInt32LE(512, 0x168);
      header.writeBigUInt64LE(BigInt(virtualBytes), 0x170);
      header.writeUInt32LE(mebi, 0x178);
      header.writeUInt32LE(count, 0x180);
      header.writeUInt32LE(blocks.count, 0x184);
      uuid().copy(header, 0x188);
      uuid().copy(header, 0x198);
      header.writeUInt32LE(512, 0x1d4);
      await writeAt(handle, map, mapAt);
      await writeAt(handle, header, 0);
      await handle.truncate(dataAt + blocks.count * mebi);
    },
  };
}

const vhdBlock = 2 * mebi;

/** Dynamic VHD: footer, header, table of 2-MiB blocks (each after a sector that says which of its sectors count), footer again. */
function vhdWriter(handle: OpenFile, virtualBytes: number): DiskWriter {
  const count = Math.ceil(virtualBytes / vhdBlock);
  const tableAt = 1536;
  const dataAt = tableAt + Math.ceil((count * 4) / 512) * 512;
  const table = Buffer.alloc(dataAt - tableAt, 0xff);
  const blocks = new BlockMap(handle, vhdBlock, 512, dataAt, (index, at) => table.writeUInt32BE(at / 512, index * 4));
  return {
    write: (offset, bytes) => blocks.write(offset, bytes),
    async finish() {
      const footer = vhdFooter(virtualBytes);
      const header = Buffer.alloc(1024);
      header.write('cxsparse', 0, 'latin1');
      header.fill(0xff, 8, 16);
      header.writeBigUInt64BE(BigInt(tableAt), 16);
      header.writeUInt32BE(0x00010000, 24);
      header.writeUInt32BE(count, 28);
      header.writeUInt32BE(vhdBlock, 32);
      header.writeUInt32BE(vhdChecksum(header), 36);
      await writeAt(handle, Buffer.concat([footer, header, table]), 0);
      await writeAt(handle, footer, dataAt + blocks.count * (vhdBlock + 512));
    },
  };
}

function vhdFooter(virtualBytes: number): Buffer {
  const footer = Buffer.alloc(512);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x00010000, 12);
  footer.writeBigUInt64BE(512n, 16);
  // Seconds since 2000.
  footer.writeUInt32BE(Math.floor(Date.now() / 1000) - 946_684_800, 24);
  // By the maker's mark readers decide whether the size or the geometry counts; of Windows' own images it is the size.
  footer.write('win ', 28, 'latin1');
  footer.writeUInt32BE(0x00010000, 32);
  footer.write('Wi2k', 36, 'latin1');
  footer.writeBigUInt64BE(BigInt(virtualBytes), 40);
  footer.writeBigUInt64BE(BigInt(virtualBytes), 48);
  const { cylinders, heads, sectors } = vhdGeometry(virtualBytes / 512);
  footer.writeUInt16BE(cylinders, 56);
  footer.writeUInt8(heads, 58);
  footer.writeUInt8(sectors, 59);
  footer.writeUInt32BE(3, 60);
  uuid().copy(footer, 68);
  footer.writeUInt32BE(vhdChecksum(footer), 64);
  return footer;
}

/** The appendix "CHS calculation" of Microsoft's VHD specification. */
function vhdGeometry(totalSectors: number): { cylinders: number; heads: number; sectors: number } {
  const total = Math.min(totalSectors, 65535 * 16 * 255);
  if (total >= 65535 * 16 * 63) return { cylinders: Math.floor(Math.floor(total / 255) / 16), heads: 16, sectors: 255 };
  let sectors = 17;
  let tracks = Math.floor(total / sectors);
  let heads = Math.max(Math.floor((tracks + 1023) / 1024), 4);
  if (tracks >= heads * 1024 || heads > 16) {
    sectors = 31;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  if (tracks >= heads * 1024) {
    sectors = 63;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors };
}

function vhdChecksum(bytes: Buffer): number {
  return ~bytes.reduce((sum, byte) => sum + byte, 0) >>> 0;
}
