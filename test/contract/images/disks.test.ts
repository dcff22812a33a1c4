// Disk images before qemu-img and the real VirtualBox: what Gaia recognizes, what it converts, and what VirtualBox itself can read.
import { readFile, writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { convertDisk, writableFormat } from '../../../src/images/diskConversion.ts';
import { look } from '../../../src/images/files.ts';
import { openDecompressed } from '../../../src/system/decompress.ts';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { context, noise } from '../../unit/images/folders.ts';
import { run, temporaryFolder, titled } from './tools.ts';

const virtualBytes = 24 * 2 ** 20 + 512;
/** Noise, text that compresses, and long holes; the last sector counts. */
async function rawDisk(folder: string): Promise<string> {
  const file = join(folder, 'disk.raw');
  const bytes = Buffer.alloc(virtualBytes);
  noise(1_500_000).copy(bytes, 0);
  bytes.write('\x55\xaa', 510, 'latin1');
  bytes.fill('some text that repeats itself. ', 3_000_000, 9_000_000);
  noise(300_000, 3).copy(bytes, 13 * 2 ** 20 + 12345);
  bytes.write('the end', virtualBytes - 7);
  await writeFile(file, bytes);
  return file;
}

const kinds: Record<string, readonly string[]> = {
  'qcow2 version 2': ['-o', 'compat=0.10'],
  'qcow2 version 3': ['-o', 'compat=1.1,lazy_refcounts=on'],
  'compressed qcow2': ['-c'],
  'compressed qcow2 version 2': ['-c', '-o', 'compat=0.10'],
  'zstd qcow2': ['-c', '-o', 'compression_type=zstd'],
  'qcow2 with extended L2': ['-o', 'extended_l2=on'],
  'qcow2 with small clusters': ['-o', 'cluster_size=512'],
  'compressed qcow2 with large clusters': ['-c', '-o', 'cluster_size=2M'],
};
/** qemu-img's names of what Gaia writes. */
const qemuNames = { raw: 'raw', vdi: 'vdi', vhd: 'vpc', vhdx: 'vhdx' } as const;

const qemu = titled('qemu-img', 'qemu-img');
describe.skipIf(qemu.missing)(qemu.title, () => {
  it('and Gaia name each format, size and danger alike', async () => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const made: [string, string, string[]][] = [['vdi', 'vdi', []], ['vmdk', 'vmdk', []], ['stream.vmdk', 'vmdk', ['-o', 'subformat=streamOptimized']], ['vhdx', 'vhdx', []], ['vpc', 'vhd', ['-o', 'force_size=on']], ['fixed.vpc', 'vhd', ['-o', 'subformat=fixed,force_size=on']], ['qcow2', 'qcow2', []]];
    for (const [name, kind, options] of made) {
      const file = join(folder, `x.${name}`);
      run('qemu-img', ['convert', '-O', name.split('.').at(-1)!, ...options, raw, file]);
      const found = await look(file);
      expect([name, found.kind, found.refused]).toEqual([name, kind, undefined]);
      expect([name, found.virtualBytes]).toEqual([name, (JSON.parse(run('qemu-img', ['info', '-f', name.split('.').at(-1)!, '--output=json', file])) as { 'virtual-size': number })['virtual-size']]);
    }
    run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', raw, '-F', 'raw', join(folder, 'child.qcow2')]);
    run('qemu-img', ['create', '-q', '-f', 'vmdk', '-b', join(folder, 'x.vmdk'), '-F', 'vmdk', join(folder, 'child.vmdk')]);
    run('qemu-img', ['create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', join(folder, 'flat.vmdk'), '1M']);
    run('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${join(folder, 'data.raw')}`, join(folder, 'external.qcow2'), '1M']);
    const refused = await Promise.all(['child.qcow2', 'child.vmdk', 'flat.vmdk', 'external.qcow2'].map(async name => (await look(join(folder, name))).refused));
    expect(refused).toEqual(['backingFile', 'backingFile', 'outsideFile', 'outsideFile']);
  });

  it.each(Object.keys(kinds))('finds a converted %s identical, in every format Gaia writes', async kind => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const source = join(folder, 'x.qcow2');
    run('qemu-img', ['convert', '-O', 'qcow2', ...kinds[kind]!, raw, source]);
    const found = await look(source);
    for (const [target, qemuName] of Object.entries(qemuNames) as [keyof typeof qemuNames, string][]) {
      expect(writableFormat(found, [target])).toBe(target);
      const output = join(folder, `out.${target}`);
      await convertDisk({ file: source, found, target, output }, context());
      expect(run('qemu-img', ['compare', '-f', 'raw', '-F', qemuName, raw, output])).toContain('identical');
      if (target === 'vdi' || target === 'vhdx') expect(run('qemu-img', ['check', '-f', qemuName, output])).toContain('No errors');
      expect((await look(output)).virtualBytes).toBe(virtualBytes);
      await rm(output);
    }
  });

  it('a damaged qcow2 is said to be damaged, wherever it is cut', async () => {
    const folder = await temporaryFolder();
    const source = join(folder, 'x.qcow2');
    run('qemu-img', ['convert', '-O', 'qcow2', '-c', await rawDisk(folder), source]);
    const found = await look(source);
    const bytes = await readFile(source);
    for (const length of [100, 70_000, 200_000, Math.floor(bytes.length / 2)]) {
      await writeFile(source, bytes.subarray(0, length));
      await expect(convertDisk({ file: source, found, target: 'raw', output: join(folder, `o${length}`) }, context())).rejects.toMatchObject({ code: 'invalidInput' });
    }
  });
});

const noVirtualBox = virtualBoxMissing() ?? (qemu.missing ? 'no qemu-img here' : undefined);
describe.skipIf(noVirtualBox)(`VirtualBox${noVirtualBox ? ` (skipped: ${noVirtualBox})` : ''}`, () => {
  it('reads what Gaia wrote, byte for byte, and what Gaia says it reads', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder();
    const box = await privateVirtualBox({ service: 'stays' });
    onTestFinished(() => box.dispose());
    const manage = (...args: string[]): Promise<string> => box.run(args);
    const raw = await rawDisk(folder);
    const found = await look(raw);
    for (const target of ['vdi', 'vhd', 'vhdx'] as const) {
      const output = join(folder, `gaia.${target}`);
      await convertDisk({ file: raw, found, target, output }, context());
      expect(await manage('showmediuminfo', 'disk', output)).toMatch(new RegExp(`Storage format: *${target}`, 'i'));
      const back = join(folder, `back-${target}.vdi`);
      await manage('clonemedium', 'disk', output, back, '--format', 'VDI');
      expect(run('qemu-img', ['compare', '-f', 'raw', '-F', 'vdi', raw, back])).toContain('identical');
    }
    // The two features that a provider for VirtualBox names in `cannotRead`, and those that it need not.
    for (const [name, options] of Object.entries(kinds)) {
      const file = join(folder, `${name}.qcow2`);
      run('qemu-img', ['convert', '-O', 'qcow2', ...options, raw, file]);
      const readable = await manage('showmediuminfo', 'disk', file).then(() => true, () => false);
      expect([name, readable]).toEqual([name, ((await look(file)).features ?? []).length === 0]);
      if (!readable) continue;
      const copy = join(folder, `${name}.vdi`);
      await manage('clonemedium', 'disk', file, copy, '--format', 'VDI');
      expect(run('qemu-img', ['compare', '-f', 'raw', '-F', 'vdi', raw, copy])).toContain('identical');
    }
  });
});

const packers = { gzip: ['-9'], bzip2: ['-9'], xz: ['-1', '-T2', '--block-size=1MiB'], zstd: ['-3', '-T2'] };
const compressors = titled('gzip, bzip2, xz, zstd', ...Object.keys(packers));
describe.skipIf(compressors.missing)(compressors.title, () => {
  it.each(Object.entries(packers))('%s', async (program, options) => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    run('sh', ['-c', `${program} ${options.join(' ')} -c < '${raw}' > '${raw}.packed'`]);
    const stream = await openDecompressed(`${raw}.packed`, new AbortController().signal);
    expect(stream.compression).toBe(program);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.chunks) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(await readFile(raw))).toBe(true);
  });
  it.each(Object.keys(packers))('%s that was left in the middle, damaged or cancelled does not keep the next one waiting', async program => {
    const folder = await temporaryFolder();
    const file = join(folder, 'x');
    await writeFile(file, noise(2_000_000));
    run('sh', ['-c', `${program} -c < '${file}' > '${file}.packed'`]);
    const whole = await readFile(`${file}.packed`);
    await writeFile(`${file}.cut`, whole.subarray(0, 300_000));
    const read = async (path: string, signal: AbortSignal, limit = Infinity): Promise<number> => {
      let length = 0;
      for await (const chunk of (await openDecompressed(path, signal)).chunks) {
        length += chunk.length;
        if (length >= limit) break;
      }
      return length;
    };
    const never = new AbortController().signal;
    for (let round = 0; round < 3; round++) {
      expect(await read(`${file}.packed`, never, 1)).toBeGreaterThan(0);
      await expect(read(`${file}.cut`, never)).rejects.toMatchObject({ code: 'invalidInput' });
      await expect(read(`${file}.packed`, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
      await expect(read(`${file}.packed`, AbortSignal.timeout(1))).rejects.toMatchObject({ name: 'TimeoutError' });
    }
    expect(await Promise.all([read(`${file}.packed`, never), read(`${file}.packed`, never)])).toEqual([2_000_000, 2_000_000]);
  });
});
