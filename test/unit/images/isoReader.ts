// Reads back what iso9660.ts wrote, by the letter of ECMA-119, for properties; test/contract asks real readers.
export function readIso(bytes: Uint8Array): { label: string; files: Map<string, Buffer>; plainNames: string[] } {
  const image = Buffer.from(bytes);
  const sector = (index: number): Buffer => image.subarray(index * 2048, (index + 1) * 2048);
  const utf16 = (raw: Buffer): string => Buffer.from(raw).swap16().toString('utf16le');
  const records = (descriptor: Buffer): { id: Buffer; data: Buffer }[] => {
    const root = descriptor.subarray(156);
    if (root.readUInt32LE(2) !== root.readUInt32BE(6)) throw new Error('both-endian');
    const directory = image.subarray(root.readUInt32LE(2) * 2048, root.readUInt32LE(2) * 2048 + root.readUInt32LE(10));
    const found: { id: Buffer; data: Buffer }[] = [];
    for (let at = 0; at < directory.length;) {
      const length = directory[at] ?? 0;
      if (length === 0) {
        at = (Math.floor(at / 2048) + 1) * 2048;
        continue;
      }
      if (Math.floor(at / 2048) !== Math.floor((at + length - 1) / 2048)) throw new Error('a record crosses a sector');
      const record = directory.subarray(at, at + length);
      const id = record.subarray(33, 33 + (record[32] ?? 0));
      const start = record.readUInt32LE(2) * 2048;
      if (((record[25] ?? 0) & 2) === 0) found.push({ id, data: image.subarray(start, start + record.readUInt32LE(10)) });
      at += length;
    }
    return found;
  };
  const [primary, joliet, end] = [sector(16), sector(17), sector(18)];
  if (primary[0] !== 1 || joliet[0] !== 2 || end[0] !== 255 || primary.readUInt32LE(80) * 2048 !== image.length) throw new Error('descriptors');
  return {
    label: primary.toString('latin1', 40, 72).trimEnd(),
    files: new Map(records(joliet).map(({ id, data }) => [utf16(id).replace(/;1$/, ''), data] as const).sort(([a], [b]) => (a < b ? -1 : 1))),
    plainNames: records(primary).map(({ id }) => id.toString('latin1')),
  };
}
