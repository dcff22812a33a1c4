import { describe, expect, it } from 'vitest';
import { headBytes, recognize } from '../../../src/images/diskFormat.ts';
import { noise } from './folders.ts';

const at = (...pieces: readonly (readonly [number, string | Uint8Array])[]): Buffer => {
  const bytes = Buffer.alloc(headBytes);
  for (const [offset, piece] of pieces) Buffer.from(piece as string, typeof piece === 'string' ? 'latin1' : undefined).copy(bytes, offset);
  return bytes;
};
const be = (value: number, length = 4): Buffer => { const bytes = Buffer.alloc(length); if (length === 8) bytes.writeBigUInt64BE(BigInt(value)); else bytes.writeUInt32BE(value); return bytes; };
const le = (value: number, length = 4): Buffer => Buffer.from(be(value, length)).reverse();
const look = (head: Uint8Array, name = 'x', tail: Uint8Array = head.subarray(-512)) => recognize(head, tail, 10_000_000, name);

describe('a file is what its bytes say', () => {
  it('qcow2 with its size and what not everyone can read of it', () => {
    const plain: [number, string | Buffer][] = [[0, 'QFI\xfb'], [4, be(3)], [24, be(5e9, 8)]];
    expect(look(at(...plain), 'disk.vdi')).toEqual({ kind: 'qcow2', virtualBytes: 5e9, features: [] });
    expect(look(at(...plain, [72, be(8 + 16, 8)], [104, '\x01'])).features).toEqual(['zstd', 'extendedL2']);
  });
  it('qcow2 that leads to another file of this computer is refused', () => {
    expect(look(at([0, 'QFI\xfb'], [4, be(2)], [8, be(1024, 8)])).refused).toBe('backingFile');
    expect(look(at([0, 'QFI\xfb'], [4, be(3)], [72, be(4, 8)])).refused).toBe('outsideFile');
    expect(look(at([0, 'QFI\xfb'], [4, be(2)], [32, be(1)])).refused).toBe('encrypted');
  });
  it('VDI, and the difference to another', () => {
    expect(look(at([0x40, le(0xbeda107f)], [0x4c, le(1)], [0x170, le(20e9, 8)]))).toEqual({ kind: 'vdi', virtualBytes: 20e9 });
    expect(look(at([0x40, le(0xbeda107f)], [0x4c, le(4)])).refused).toBe('backingFile');
  });
  it('VMDK, whole, stream-optimized, split, of other files, and with a parent', () => {
    const sparse = (descriptor: string, flags = 3): Buffer => at([0, 'KDMV'], [8, le(flags)], [12, le(2048, 8)], [28, le(1, 8)], [36, le(20, 8)], [512, descriptor]);
    expect(look(sparse('# Disk DescriptorFile\nparentCID=ffffffff\nRW 2048 SPARSE "a.vmdk"\n', 0x30001))).toEqual({ kind: 'vmdk', virtualBytes: 1048576, features: ['streamOptimized'] });
    expect(look(sparse('parentCID=12345678\nRW 2048 SPARSE "a.vmdk"\n')).refused).toBe('backingFile');
    expect(look(sparse('RW 1024 SPARSE "a.vmdk"\nRW 1024 SPARSE "b.vmdk"\n')).refused).toBe('split');
    expect(look(at([0, '# Disk DescriptorFile\nversion=1\nRW 2048 FLAT "/etc/shadow" 0\n'])).refused).toBe('outsideFile');
  });
  it('VHD by its footer, VHDX, ISO, tar, OVA, OVF', () => {
    const footer = Buffer.alloc(512);
    footer.write('conectix');
    be(7e9, 8).copy(footer, 48);
    be(2).copy(footer, 60);
    expect(look(at(), 'x', footer)).toEqual({ kind: 'vhd', virtualBytes: 7e9 });
    expect(look(at([0, 'vhdxfile'])).kind).toBe('vhdx');
    expect(look(at([32769, 'CD001'], [510, '\x55\xaa'])).kind).toBe('iso');
    expect(look(at([0, 'etc/'], [257, 'ustar'])).kind).toBe('tar');
    expect(look(at([0, 'machine.ovf'], [257, 'ustar'])).kind).toBe('ova');
    expect(look(Buffer.from('<?xml version="1.0"?>\n<ovf:Envelope xmlns:ovf="x">')).kind).toBe('ovf');
  });
  it('raw: a boot record, a partition table, a file system, or the name where nothing else speaks', () => {
    expect(look(at([510, '\x55\xaa']))).toEqual({ kind: 'raw', virtualBytes: 10_000_384 });
    expect(look(at([512, 'EFI PART'])).kind).toBe('raw');
    expect(look(noise(headBytes), 'disk.img').kind).toBe('raw');
    expect(look(noise(headBytes), 'disk').kind).toBe('unknown');
    expect(look(Buffer.from('404: not found, but a long page of text '.repeat(40)), 'disk.img').kind).toBe('unknown');
  });
  it('compressed, packed, web pages, and nothing at all', () => {
    expect(look(at([0, '\x1f\x8b\x08']))).toEqual({ kind: 'compressed', compression: 'gzip' });
    expect(look(at([0, 'PK\x03\x04'])).kind).toBe('archive');
    expect(look(Buffer.from('<!doctype html><html>')).kind).toBe('webPage');
    expect(recognize(Buffer.alloc(0), Buffer.alloc(0), 0, 'disk.img').kind).toBe('unknown');
  });
});
