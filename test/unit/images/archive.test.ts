import { lstat, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { safeName, unpackTar } from '../../../src/system/archive.ts';
import type { UnpackLimits } from '../../../src/system/archive.ts';
import { compressionOf, openDecompressed } from '../../../src/system/decompress.ts';
import { context, noise, temporaryFolder } from './folders.ts';

type Entry = Partial<Header> & { readonly name: string } & { readonly content?: string | Uint8Array };

async function tarOf(...entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header as Parameters<typeof tar.entry>[0], Buffer.from(content ?? ''));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function unpack(archive: Uint8Array, limits: UnpackLimits = {}): Promise<{ outer: string; folder: string; files: readonly string[] }> {
  const outer = await temporaryFolder();
  const file = join(outer, 'a.box');
  const folder = join(outer, 'out');
  await writeFile(file, archive);
  const { files } = await unpackTar(file, folder, limits, context());
  return { outer, folder, files };
}

async function refusal(archive: Uint8Array, limits?: UnpackLimits): Promise<GaiaError> {
  const error = await unpack(archive, limits).then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(GaiaError);
  return error as GaiaError;
}

describe('unpacking', () => {
  it('lays down files, folders and links that stay inside', async () => {
    const { folder, files } = await unpack(gzipSync(await tarOf(
      { name: './', type: 'directory' },
      { name: './metadata.json', content: '{}' },
      { name: 'sub/deep/disk.vmdk', content: noise(200_000) },
      { name: 'win\\dows.txt', content: 'w' },
      { name: 'empty', content: '' },
      { name: 'sub/alias', type: 'symlink', linkname: '../metadata.json' },
      { name: 'hard', type: 'link', linkname: './metadata.json' },
    )));
    expect(await readFile(join(folder, 'metadata.json'), 'utf8')).toBe('{}');
    expect((await readFile(join(folder, 'sub/deep/disk.vmdk'))).equals(noise(200_000))).toBe(true);
    expect(await readFile(join(folder, 'win/dows.txt'), 'utf8')).toBe('w');
    expect(await readFile(join(folder, 'sub/alias'), 'utf8')).toBe('{}');
    expect(await readFile(join(folder, 'hard'), 'utf8')).toBe('{}');
    expect([...files].sort()).toEqual(['empty', 'hard', 'metadata.json', 'sub/alias', 'sub/deep/disk.vmdk', 'win/dows.txt']);
  });

  it('keeps zeros as zeros', async () => {
    const content = Buffer.concat([noise(5000), Buffer.alloc(3_000_000), noise(10), Buffer.alloc(1_000_000)]);
    const { folder } = await unpack(gzipSync(await tarOf({ name: 'disk', content })));
    expect((await readFile(join(folder, 'disk'))).equals(content)).toBe(true);
  });

  it.each<[string, Entry[]]>([
    ['a path upwards', [{ name: '../escaped', content: 'x' }]],
    ['a path upwards in the middle', [{ name: 'a/../../escaped', content: 'x' }]],
    ['a path upwards in Windows form', [{ name: '..\\escaped', content: 'x' }]],
    ['an absolute path', [{ name: '/tmp/gaia-escaped', content: 'x' }]],
    ['a drive', [{ name: 'C:/escaped', content: 'x' }]],
    ['a NUL in a name', [{ name: 'a', pax: { path: 'a\0b' }, content: 'x' }]],
    ['a link upwards', [{ name: 'l', type: 'symlink', linkname: '../escaped' }]],
    ['an absolute link', [{ name: 'l', type: 'symlink', linkname: '/etc/passwd' }]],
    ['a link to nothing', [{ name: 'l', type: 'symlink', linkname: 'missing' }]],
    ['a hard link upwards', [{ name: 'l', type: 'link', linkname: '../a.box' }]],
    ['a hard link to a link', [{ name: 'f', content: 'x' }, { name: 'l', type: 'symlink', linkname: 'f' }, { name: 'h', type: 'link', linkname: 'l' }, { name: 'l/x', type: 'symlink', linkname: 'f' }]],
    ['links that lead out together', [{ name: 'd/e/f', content: 'x' }, { name: 'd/up', type: 'symlink', linkname: '..' }, { name: 'd/e/out', type: 'symlink', linkname: '../up/../..' }]],
    ['a link through a link', [{ name: 'd/f', content: 'x' }, { name: 'l', type: 'symlink', linkname: 'd' }, { name: 'l/m', type: 'symlink', linkname: 'f' }]],
    ['a link in the place of a folder', [{ name: 'd/f', content: 'x' }, { name: 'd', type: 'symlink', linkname: 'd/f' }]],
    ['a character device', [{ name: 'd', type: 'character-device', devmajor: 1, devminor: 5 }]],
    ['a block device', [{ name: 'd', type: 'block-device' }]],
    ['a FIFO', [{ name: 'd', type: 'fifo' }]],
  ])('refuses %s, and writes nothing outside', async (_what, entries) => {
    const outer = await temporaryFolder();
    const file = join(outer, 'a.box');
    await writeFile(file, await tarOf({ name: 'first', content: 'x' }, ...entries));
    await expect(unpackTar(file, join(outer, 'in/out'), {}, context())).rejects.toMatchObject({ code: 'invalidInput' });
    expect((await readdir(outer)).sort()).toEqual(['a.box', 'in']);
    expect(await readdir(join(outer, 'in'))).toEqual(['out']);
  });

  it('never writes through a link: a file that comes after a link of its name takes its place', async () => {
    const outer = await temporaryFolder();
    await writeFile(join(outer, 'victim'), 'untouched');
    const file = join(outer, 'a.box');
    await writeFile(file, await tarOf({ name: 'real', content: 'r' }, { name: 'x', type: 'symlink', linkname: '../victim' }, { name: 'x', content: 'overwritten' }));
    await expect(unpackTar(file, join(outer, 'out'), {}, context())).rejects.toMatchObject({ code: 'invalidInput' });
    expect(await readFile(join(outer, 'victim'), 'utf8')).toBe('untouched');
  });

  it('takes the later of two entries of one name', async () => {
    const { folder } = await unpack(await tarOf({ name: 'a', content: 'longer first' }, { name: 'a', content: 'second' }));
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('second');
    expect((await lstat(join(folder, 'a'))).isFile()).toBe(true);
  });

  it('stops at too many files and at too many bytes, before it writes them', async () => {
    const many = await tarOf(...Array.from({ length: 30 }, (_, at) => ({ name: `f${at}`, content: 'x' })));
    expect((await refusal(many, { maxEntries: 20 })).message).toContain('too many files');
    const bomb = gzipSync(await tarOf({ name: 'zeros', content: Buffer.alloc(20_000_000) }));
    expect(bomb.length).toBeLessThan(50_000);
    expect((await refusal(bomb, { maxBytes: 10_000_000 })).code).toBe('invalidInput');
    expect((await refusal(bomb, { freeBytes: () => Promise.resolve(80_000_000) })).code).toBe('noSpace');
  });

  it('says that an archive is cut off, damaged or none', async () => {
    const whole = gzipSync(await tarOf({ name: 'disk', content: noise(300_000) }));
    const damaged = Buffer.from(whole);
    damaged.fill(0x55, 1000, 1400);
    for (const bytes of [whole.subarray(0, 100_000), damaged, gzipSync(noise(100_000)), (await tarOf({ name: 'disk', content: noise(300_000) })).subarray(0, 50_000)]) expect((await refusal(bytes)).code).toBe('invalidInput');
  });

  it('refuses sparse entries, which it would unpack wrongly', async () => {
    expect((await refusal(await tarOf({ name: 'd', pax: { 'GNU.sparse.major': '1' }, content: 'x' }))).code).toBe('notSupported');
  });

  it('can be cancelled', async () => {
    const outer = await temporaryFolder();
    await writeFile(join(outer, 'a.box'), await tarOf({ name: 'disk', content: noise(3_000_000) }));
    const seen = context((_step, controller) => { controller.abort(); });
    await expect(unpackTar(join(outer, 'a.box'), join(outer, 'out'), {}, seen)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

it('any name that is let through stays inside the folder', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.constantFrom('..', '.', '/', '\\', 'C:', 'a', '\0', ''), fc.string()), { maxLength: 8 }).map(parts => parts.join('')), name => {
    let safe: string | undefined;
    try {
      safe = safeName(name, 'a.box');
    } catch (error) {
      expect(error).toBeInstanceOf(GaiaError);
      return;
    }
    const inside = join('/root/of/it', safe ?? '.');
    expect(inside === '/root/of/it' || inside.startsWith('/root/of/it/')).toBe(true);
    expect(inside).not.toContain('\0');
  }), { numRuns: 2000 });
});

describe('undoing compression', () => {
  const text = Array.from({ length: 400 }, (_, at) => `line ${at + 1} of a small text\n`).join('') + 'second\n';
  // Each made by the tool of that name, as two streams one after the other, as parallel compressors write them.
  const made: Record<string, string> = {
    bzip2: 'QlpoOTFBWSZTWVWGPHIADEpZgAAQQAB/4CMnjEBQA96AEqrqAwRR5Cb/UqqmQGgUAGI000aHUz//VRqpv/Uqk0DIFABiNNNGgVJPVTUbypNoDSeQhPAQnwEJ14Z69989v97+O+83ve973v4sBwYBsNA0DYYBwWA+PQDqgA+UsB16AfFgODANhoGgbDAOCwHx6AdUAHFGAdegHxYDgwDYaBoGwwDgsB8egHVABtQ0DQNhgHBYD49AOqAD+Kqq8qvP6qqryq8lSpJJJ+zr0A+LA3ve9733vbu7u7u7u7u7u7u7u7u2VmaB/MkqSSSHXoHXXXXXXN73UXLdIuW6Rct0i5bpFy3SLlukXLdIuW6Rct0jnbtnbnOc5zffdAJJJUkkm973vfYXXlZ7mXXlZl57XlW6uIt1cRbq4i3VxFuriLdXEW3nteVNa1ckkj49AOqAnOc5zh1iLdXEW6uIttkW2yLbZFtsi3M88rMzPPKzMzzyprWpkkkcFgPj0Vm5mZlXnwAAAAABNa1JqSRsMA4LDnJznOD7MzMwAAAADec5u73d25VXKq7VKszNzMqwAAAAADec5u7ubsqq7VcqrlZmZuZV0AAAAADec5u7u+23rVVZUqq7ZmZm5VwAAAAADxze97u7u+1etVVlSqrtmZmefPnQAAAADwKEJ9hCfgQn0EJ+hCfAIT8CE+ghPIQnkITYIT+CEwIT+CE/4u5IpwoSCrDHjkBCWmg5MUFZJlNZltpZzwAAA0GAABAOAYgAIAAxDAENManOAHi7kinChIS20s54',
    xz: '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4CajAaddADYaSh8IoCuxbQad7+2MZ+I4vCGasBaW3G3BzZv2KEcYM4El5PMljcJGPyxKYYCsnbAz5Q3QFzfM16z5Oeh1/nbOWee6zfya2pTF7As8vB8lhzefe8IfqHgdHmhrmR6v2yEwTsDBQbLC21AGau23ehl/0qWGnevEQRxRhEyskTVZp+X/d4/eszQsYAov0GDTYYqfls4ymyZN6UpEdxz41MVQkStE0nEsuDvFhn0Cj5Ek6b8ZvORU9eJvGszppe4lKuhm6+TE45WMU2N8SuvHu70+QWbnp1u2JexSH5YCGrASXUviK2Dyhd1gn3xQyK+Of57JADy6mQzy5TEbD8dI3UbE8pLj9FCFxzeWqx+VuTwa1QKU132NMZQLenXKuKYa3TTWwePFgGNC+Fgh7HdtyWzicCh+tynuLEVZFuQZJADf5KyDW4yS0Chrx0wTYBKSVCTwhaIytS/O5X9gulUsy7sBtg4vWK9Kb7bPktZoqSEY1rqBSNVMDNB3h3lDOCqJxSQO+euWTHjUM7Qw8HrLlZZjQji0TRkusrEGT43l1FaoBfqV4PYAAAAAx7ecFLzxesQAAcMDpE0AANZSwqmxxGf7AgAAAAAEWVr9N3pYWgAABObWtEYCACEBFgAAAHQv5aMBAAZzZWNvbmQKAAAxvbf5XMDxbQABHwcWLrhzH7bzfQEAAAAABFla',
    zstd: 'KLUv/WSkJb0NALbtUhagp1o4AJUx+xohX1WUpaVNpOTGr1MxXwBNAEgAWmut9f////9/OBwOh8PhcDh8TCFDTIdzTCFDTAdzTCFDTIdyTCFDTAdyTCFDTIdxTCFDTAdxTCFDTIcdU8gQ00HHFDLEdPiYQoaYBHBwoOBAAwOCAQYkMEABt4CAAINaa621VlBQUFBQUFBQUND5fD6fz+fz+Ww2m81ms9lsNpfL5XK5XC6Xy2QymUwmk8lk8ng8Ho/H4/F4LBaLxWKxWCwW77333nvvrbXWAXPOOeecc0oppZRSSimllFJKKaWUUkopFRURERERERERERERDQ0NDQ0NDQ0NDQkJCQkJCQkJCQlN0zRN0zRNkyRJkiRJkiStdcI555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOeecc84555xzzjnnnHPOOQOBkKgR8Pj9z9GnajkRIAT/CUGEP3n3zHu17jn75rybgvBxbvdavWvunXWv1jvnXivvK/y///V//uP/+7d/9U+f6/8fh1WlXlLVPEqteKqU9CiVzqtqwUNVSa9Ule58YDJDMzMKa6sAVQXME6PgKLUv/QRYOQAAc2Vjb25kChZATFU=',
    gzip: Buffer.concat([gzipSync(text.slice(0, -7)), gzipSync('second\n')]).toString('base64'),
  };
  const read = async (bytes: Uint8Array): Promise<string> => {
    const file = join(await temporaryFolder(), 'x');
    await writeFile(file, bytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await openDecompressed(file, new AbortController().signal)).chunks) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it.each(Object.keys(made))('%s, in several streams', async kind => {
    const bytes = Buffer.from(made[kind] ?? '', 'base64');
    expect(compressionOf(bytes)).toBe(kind);
    expect(await read(bytes)).toBe(text);
  });

  it.each(Object.keys(made))('%s that is cut off is damaged, not shorter', async kind => {
    const bytes = Buffer.from(made[kind] ?? '', 'base64');
    await expect(read(bytes.subarray(0, Math.floor(bytes.length / 2)))).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('leaves alone what is not compressed', async () => {
    expect(compressionOf(Buffer.from('BZhuman text'))).toBeUndefined();
    expect(await read(Buffer.from(text))).toBe(text);
  });
});
