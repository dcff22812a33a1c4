// From one disk format to another where the hypervisor's own tool cannot: cloud images (qcow2, raw) to VDI, VHDX, VHD or raw.
import * as path from 'node:path';
import { GaiaError } from '../machines/errors.ts';
import type { OperationContext } from '../machines/provider.ts';
import { noRoom, reserveBytes } from '../system/download.ts';
import type { OpenFile } from '../system/files.ts';
import { fileInfo, fileProblem, freeBytes, opened, readFrom } from '../system/files.ts';
import type { DiskFormat, Recognized } from './diskFormat.ts';
import type { WritableFormat } from './diskWriters.ts';
import { diskWriters, maxVhdBytes } from './diskWriters.ts';
import type { DataBlock } from './qcow2.ts';
import { qcow2Data } from './qcow2.ts';

/** The first of the wanted formats that Gaia can make of this image; undefined = none. */
export function writableFormat(found: Recognized, accepts: readonly DiskFormat[]): WritableFormat | undefined {
  if (found.refused || !(found.kind in readers)) return undefined;
  return accepts.find((format): format is WritableFormat => format in diskWriters && format !== found.kind && (format !== 'vhd' || (found.virtualBytes ?? 0) <= maxVhdBytes));
}

export interface Conversion {
  readonly file: string;
  readonly found: Recognized;
  readonly target: WritableFormat;
  /** Must not exist; on failure the caller removes it. */
  readonly output: string;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Throws GaiaError `noSpace`, `invalidInput` (damaged), `notSupported`, or the signal's reason. */
export async function convertDisk(conversion: Conversion, context: Pick<OperationContext, 'signal' | 'progress'>): Promise<void> {
  const name = path.basename(conversion.file);
  const read = readers[conversion.found.kind];
  if (!read) throw new GaiaError('notSupported', { message: '{0} cannot be converted.', values: [name] });
  const virtualBytes = Math.ceil((conversion.found.virtualBytes ?? 0) / 512) * 512;
  const needed = (await fileInfo(conversion.file))?.sizeBytes ?? 0;
  const free = await (conversion.freeBytes ?? freeBytes)(path.dirname(conversion.output));
  // Compressed clusters grow, and how much nobody knows: the writes themselves say when there is no room.
  if (Math.min(needed, virtualBytes) + reserveBytes > free) throw noRoom(name, needed, free);
  const input = await opened(conversion.file);
  try {
    const output = await opened(conversion.output, 'wx');
    try {
      const writer = diskWriters[conversion.target](output, virtualBytes);
      let saidAt = 0;
      for await (const block of read(input, name, virtualBytes)) {
        context.signal.throwIfAborted();
        await writer.write(block.offset, block.bytes);
        const now = performance.now();
        if (now - saidAt > 200) {
          saidAt = now;
          context.progress({ message: 'Converting {0}', values: [name], fraction: block.offset / virtualBytes });
        }
      }
      await writer.finish();
      await output.sync();
    } finally {
      await output.close();
    }
  } catch (error) {
    throw fileProblem(error, conversion.output);
  } finally {
    await input.close();
  }
}

type DataReader = (handle: OpenFile, name: string, virtualBytes: number) => AsyncIterable<DataBlock>;
const readers: Readonly<Partial<Record<Recognized['kind'], DataReader>>> = { raw: rawData, qcow2: qcow2Data };

const step = 2 ** 20;

async function* rawData(handle: OpenFile, _name: string, virtualBytes: number): AsyncGenerator<DataBlock> {
  for (let offset = 0; offset < virtualBytes; offset += step) {
    const bytes = await readFrom(handle, offset, step);
    if (bytes.length === 0) return;
    yield { offset, bytes };
  }
}
