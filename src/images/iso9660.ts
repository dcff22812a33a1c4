// A small CD image with files in its root: ISO 9660 (ECMA-119) with Joliet, so that names such as user-data stay as they are. Pure.

export interface IsoFile {
  /** At most 64 characters, without `* / : ; ? \`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const sector = 2048;
/** Places of the fixed parts, in sectors. */
const at = { primary: 16, joliet: 17, end: 18, primaryTableL: 19, primaryTableM: 20, jolietTableL: 21, jolietTableM: 22, directories: 23 } as const;
/** Some readers read ahead behind the last file. */
const paddingSectors = 150;

/** The image's bytes. `label`: at most 16 characters. `date` is that of the volume and of every file. */
export function buildIso(label: string, files: readonly IsoFile[], date: Date): Uint8Array {
  if (label.length > 16) throw new RangeError(`label ${label}`);
  for (const { name } of files) if (name === '' || name.length > 64 || /[*/:;?\\\0]/.test(name)) throw new RangeError(`file name ${name}`);
  if (new Set(files.map(file => file.name)).size < files.length) throw new RangeError('two files of one name');

  const shortNames = plainNames(files.map(file => file.name));
  const directorySectors = (names: readonly Buffer[]): number => Math.ceil(packedLength([34, 34, ...names.map(name => recordLength(name.length))]) / sector);
  const plain = files.map((file, index) => ({ file, id: Buffer.from(`${shortNames[index] ?? ''};1`, 'latin1') }));
  const joliet = files.map(file => ({ file, id: utf16(file.name) }));
  const plainSectors = directorySectors(plain.map(one => one.id));
  const jolietSectors = directorySectors(joliet.map(one => one.id));

  let next = at.directories + plainSectors + jolietSectors;
  const places = new Map<IsoFile, number>();
  for (const file of files) {
    places.set(file, next);
    next += Math.max(1, Math.ceil(file.bytes.length / sector));
  }
  const total = next + paddingSectors;
  const image = Buffer.alloc(total * sector);
  const place = (bytes: Uint8Array, index: number): void => { image.set(bytes, index * sector); };

  const trees = [
    { descriptor: at.primary, tableL: at.primaryTableL, tableM: at.primaryTableM, directory: at.directories, sectors: plainSectors, entries: plain, joliet: false },
    { descriptor: at.joliet, tableL: at.jolietTableL, tableM: at.jolietTableM, directory: at.directories + plainSectors, sectors: jolietSectors, entries: joliet, joliet: true },
  ];
  for (const tree of trees) {
    const root = (id: number): Buffer => record(Buffer.from([id]), tree.directory, tree.sectors * sector, true, date);
    place(descriptor({ joliet: tree.joliet, label, total, tableL: tree.tableL, tableM: tree.tableM, root: root(0), date }), tree.descriptor);
    place(pathTable(tree.directory, false), tree.tableL);
    place(pathTable(tree.directory, true), tree.tableM);
    const sorted = [...tree.entries].sort((a, b) => Buffer.compare(a.id, b.id));
    place(packed([root(0), root(1), ...sorted.map(({ file, id }) => record(id, places.get(file) ?? 0, file.bytes.length, false, date))], tree.sectors), tree.directory);
  }
  place(Buffer.from([255, ...Buffer.from('CD001'), 1]), at.end);
  for (const [file, index] of places) place(file.bytes, index);
  return image;
}

/** 8.3 names for readers that know nothing else, no two alike. */
function plainNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map(name => {
    const [stem = '', extension = ''] = name.split(/\.(?=[^.]*$)/).map(part => part.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_'));
    for (let number = 0; ; number++) {
      const suffix = number === 0 ? '' : String(number);
      const short = `${stem.slice(0, 8 - suffix.length)}${suffix}.${extension.slice(0, 3)}`;
      if (taken.has(short)) continue;
      taken.add(short);
      return short;
    }
  });
}

function descriptor(options: { joliet: boolean; label: string; total: number; tableL: number; tableM: number; root: Buffer; date: Date }): Buffer {
  const bytes = Buffer.alloc(sector);
  const text = (value: string, offset: number, length: number): void => {
    const filled = options.joliet ? utf16(value.padEnd(length / 2, ' ').slice(0, Math.floor(length / 2))) : Buffer.from(value.padEnd(length, ' '), 'latin1');
    filled.copy(bytes, offset, 0, length);
  };
  bytes[0] = options.joliet ? 2 : 1;
  bytes.write('CD001', 1, 'latin1');
  bytes[6] = 1;
  text('', 8, 32);
  text(options.label, 40, 32);
  both32(bytes, 80, options.total);
  // UCS-2 level 3.
  if (options.joliet) bytes.write('%/E', 88, 'latin1');
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, sector);
  both32(bytes, 132, 10);
  bytes.writeUInt32LE(options.tableL, 140);
  bytes.writeUInt32BE(options.tableM, 148);
  options.root.copy(bytes, 156);
  for (const [offset, length] of [[190, 128], [318, 128], [446, 128], [574, 128], [702, 37], [739, 37], [776, 37]] as const) text('', offset, length);
  for (const offset of [813, 830]) bytes.write(options.date.toISOString().replaceAll(/\D/g, '').slice(0, 16), offset, 'latin1');
  for (const offset of [847, 864]) bytes.write('0'.repeat(16), offset, 'latin1');
  bytes[881] = 1;
  return bytes;
}

/** The root alone: its name is one byte 0. */
function pathTable(directory: number, bigEndian: boolean): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 1;
  if (bigEndian) {
    bytes.writeUInt32BE(directory, 2);
    bytes.writeUInt16BE(1, 6);
  } else {
    bytes.writeUInt32LE(directory, 2);
    bytes.writeUInt16LE(1, 6);
  }
  return bytes;
}

function record(id: Buffer, extent: number, length: number, folder: boolean, date: Date): Buffer {
  const bytes = Buffer.alloc(recordLength(id.length));
  bytes[0] = bytes.length;
  both32(bytes, 2, extent);
  both32(bytes, 10, length);
  bytes.set([date.getUTCFullYear() - 1900, date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0], 18);
  bytes[25] = folder ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = id.length;
  id.copy(bytes, 33);
  return bytes;
}

function recordLength(idLength: number): number {
  return 33 + idLength + (idLength % 2 === 0 ? 1 : 0);
}

/** Records one after the other; none crosses the border of a sector. */
function packed(records: readonly Buffer[], sectors: number): Buffer {
  const bytes = Buffer.alloc(sectors * sector);
  let offset = 0;
  for (const one of records) {
    if ((offset % sector) + one.length > sector) offset = Math.ceil(offset / sector) * sector;
    one.copy(bytes, offset);
    offset += one.length;
  }
  return bytes;
}

function packedLength(lengths: readonly number[]): number {
  return lengths.reduce((offset, length) => ((offset % sector) + length > sector ? Math.ceil(offset / sector) * sector : offset) + length, 0);
}

function both32(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value, offset);
  bytes.writeUInt32BE(value, offset + 4);
}

function both16(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt16LE(value, offset);
  bytes.writeUInt16BE(value, offset + 2);
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
