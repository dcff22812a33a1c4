// Where the blocks of a growing disk image lie: appended as the disk first needs them.
import { randomBytes } from 'node:crypto';
import { isZero } from '../system/archive.ts';
import type { OpenFile } from '../system/files.ts';

export interface DiskWriter {
  /** In ascending order of `offset`. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Writes what only the end knows: maps, footers. */
  finish(): Promise<void>;
}

export const mebi = 2 ** 20;

/** Puts data into blocks that are appended as the disk first needs them. */
export class BlockMap {
  count = 0;
  private readonly handle: OpenFile;
  private readonly blockBytes: number;
  private readonly prefixBytes: number;
  private readonly dataAt: number;
  private readonly placed: (index: number, at: number) => void;
  private current = { index: -1, at: 0 };

  constructor(handle: OpenFile, blockBytes: number, prefixBytes: number, dataAt: number, placed: (index: number, at: number) => void) {
    this.handle = handle;
    this.blockBytes = blockBytes;
    this.prefixBytes = prefixBytes;
    this.dataAt = dataAt;
    this.placed = placed;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const index = Math.floor((offset + done) / this.blockBytes);
      const inside = (offset + done) % this.blockBytes;
      const piece = bytes.subarray(done, done + this.blockBytes - inside);
      done += piece.length;
      if (isZero(piece)) continue;
      if (index !== this.current.index) await this.open(index);
      await writeAt(this.handle, piece, this.current.at + this.prefixBytes + inside);
    }
  }

  private async open(index: number): Promise<void> {
    this.current = { index, at: this.dataAt + this.count * (this.blockBytes + this.prefixBytes) };
    this.count++;
    this.placed(index, this.current.at);
    if (this.prefixBytes > 0) await writeAt(this.handle, Buffer.alloc(this.prefixBytes, 0xff), this.current.at);
  }
}

/** Writes all of `bytes`. */
export async function writeAt(handle: OpenFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) written += (await handle.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
}

/** A random one (version 4), in the order of its text. */
export function uuid(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}
