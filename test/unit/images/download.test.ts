import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { RequestRecord } from '../../../src/machines/provider.ts';
import { download } from '../../../src/system/download.ts';
import type { Checksum, DownloadTools } from '../../../src/system/download.ts';
import { displayUrl, webFetch } from '../../../src/system/webFetch.ts';
import { startImageServer } from '../../rig/imageServer.ts';
import type { ImageServer } from '../../rig/imageServer.ts';
import { context, hastyClock, noise, temporaryFolder } from './folders.ts';

let server: ImageServer;
beforeAll(async () => { server = await startImageServer(); });
afterAll(async () => { await server.close(); });

const image = noise(2_000_000);
const records: RequestRecord[] = [];
const tools = (more: Partial<DownloadTools> = {}): DownloadTools => ({ fetch: webFetch, clock: hastyClock, record: record => records.push(record), stallMs: 300, ...more });
const sha256 = (bytes: Uint8Array): Checksum => ({ algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') });
let paths = 0;
const newPath = (): string => `/file-${++paths}.img`;
const codeOf = async (promise: Promise<unknown>): Promise<GaiaError> => {
  const error = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(GaiaError);
  return error as GaiaError;
};

describe('a download', () => {
  it('is byte for byte what the server has, with progress up to the end', async () => {
    const url = server.serve(newPath(), { body: image, chunkBytes: 200_000, delayMs: 30 });
    const folder = await temporaryFolder();
    const seen = context();
    const done = await download({ url, destination: join(folder, 'a.img'), checksum: sha256(image) }, tools(), seen);
    expect((await readFile(done.path)).equals(image)).toBe(true);
    expect(done.sizeBytes).toBe(image.length);
    expect(await readdir(folder)).toEqual(['a.img']);
    const fractions = seen.steps.flatMap(step => step.fraction ?? []);
    expect(fractions.length).toBeGreaterThan(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.every(fraction => fraction > 0 && fraction <= 1)).toBe(true);
  });

  it('goes on where the connection was cut, as often as there is progress', async () => {
    const path = newPath();
    const url = server.serve(path, request => (request < 4 ? { body: image, cutAfter: 400_000 } : { body: image }));
    const destination = join(await temporaryFolder(), 'a.img');
    await download({ url, destination, checksum: sha256(image) }, tools({ attempts: 3 }), context());
    expect((await readFile(destination)).equals(image)).toBe(true);
    const ranges = server.seenAt(path).map(request => Number(/\d+/.exec(request.headers.range ?? '0')?.[0]));
    expect(ranges.length).toBe(5);
    expect(ranges.at(-1)).toBeGreaterThan(1_000_000);
    expect(server.seenAt(path)[1]?.headers['if-range']).toMatch(/^"/);
  });

  it('gives up when a connection is cut again and again without progress, and keeps what came', async () => {
    const path = newPath();
    const url = server.serve(path, request => (request === 0 ? { body: image, cutAfter: 500_000 } : { status: 503 }));
    const folder = await temporaryFolder();
    const error = await codeOf(download({ url, destination: join(folder, 'a.img') }, tools({ attempts: 3 }), context()));
    expect(error.code).toBe('didNotAnswer');
    expect(server.seenAt(path).length).toBe(4);
    server.serve(path, { body: image });
    await download({ url, destination: join(folder, 'a.img') }, tools(), context());
    expect((await readFile(join(folder, 'a.img'))).equals(image)).toBe(true);
    expect(Number(/\d+/.exec(server.seenAt(path).at(-1)?.headers.range ?? '')?.[0])).toBeGreaterThan(100_000);
  });

  it('starts over when the file changed under a resume', async () => {
    const newer = noise(1_500_000, 7);
    const url = server.serve(newPath(), request => (request === 0 ? { body: image, cutAfter: 800_000 } : { body: newer }));
    const destination = join(await temporaryFolder(), 'a.img');
    await download({ url, destination }, tools(), context());
    expect((await readFile(destination)).equals(newer)).toBe(true);
  });

  it('starts over when a server sends the range of a changed file, heeding no If-Range', async () => {
    const newer = noise(image.length, 9);
    const url = server.serve(newPath(), request => (request === 0 ? { body: image, cutAfter: 800_000 } : { body: newer, ignoreIfRange: true }));
    const destination = join(await temporaryFolder(), 'a.img');
    await download({ url, destination }, tools(), context());
    expect((await readFile(destination)).equals(newer)).toBe(true);
  });

  it('joins pieces without a mark only under a checksum, and fetches the whole again when they do not fit', async () => {
    const newer = noise(image.length, 11);
    const path = newPath();
    const url = server.serve(path, request => (request === 0 ? { body: image, etag: false, cutAfter: 800_000 } : { body: newer, etag: false, ignoreIfRange: true }));
    const destination = join(await temporaryFolder(), 'a.img');
    await download({ url, destination, checksum: sha256(newer) }, tools(), context());
    expect((await readFile(destination)).equals(newer)).toBe(true);
    expect(server.seenAt(path).map(request => request.headers.range !== undefined)).toEqual([false, true, false]);
  });

  it('never resumes without a mark and without a checksum', async () => {
    const path = newPath();
    const url = server.serve(path, request => ({ body: image, etag: false, ...(request === 0 ? { cutAfter: 800_000 } : {}) }));
    await download({ url, destination: join(await temporaryFolder(), 'a.img') }, tools(), context());
    expect(server.seenAt(path).every(request => request.headers.range === undefined)).toBe(true);
  });

  it('takes a weak ETag for no mark', async () => {
    const path = newPath();
    const url = server.serve(path, request => ({ body: image, etag: 'W/"x"', ...(request === 0 ? { cutAfter: 800_000 } : {}) }));
    await download({ url, destination: join(await temporaryFolder(), 'a.img') }, tools(), context());
    expect(server.seenAt(path)[1]?.headers.range).toBeUndefined();
  });

  it('finds a part that is whole already', async () => {
    const path = newPath();
    const url = server.serve(path, { body: image });
    const destination = join(await temporaryFolder(), 'a.img');
    await writeFile(`${destination}.part`, image);
    await writeFile(`${destination}.part.json`, JSON.stringify({ url, etag: `"${createHash('sha1').update(image).digest('hex')}"`, totalBytes: image.length }));
    await download({ url, destination, checksum: sha256(image) }, tools(), context());
    expect((await readFile(destination)).equals(image)).toBe(true);
    expect(server.seenAt(path).length).toBe(1);
  });

  it('does not continue the part of another address', async () => {
    const url = server.serve(newPath(), { body: image });
    const destination = join(await temporaryFolder(), 'a.img');
    await writeFile(`${destination}.part`, noise(1000, 3));
    await writeFile(`${destination}.part.json`, JSON.stringify({ url: 'http://elsewhere/x', etag: '"1"' }));
    await download({ url, destination }, tools(), context());
    expect((await readFile(destination)).equals(image)).toBe(true);
  });

  it('removes a file with a wrong checksum and says so', async () => {
    const url = server.serve(newPath(), { body: image });
    const folder = await temporaryFolder();
    const error = await codeOf(download({ url, destination: join(folder, 'a.img'), checksum: { algorithm: 'sha256', hex: '0'.repeat(64) } }, tools(), context()));
    expect(error.code).toBe('untrusted');
    expect(error.message).toContain('sha256');
    expect(await readdir(folder)).toEqual([]);
  });

  it('notices a body that is shorter than was said, and does not take it for the file', async () => {
    const url = server.serve(newPath(), { body: image, etag: false, declaredLength: image.length + 1000 });
    const folder = await temporaryFolder();
    const error = await codeOf(download({ url, destination: join(folder, 'a.img') }, tools({ attempts: 2 }), context()));
    expect(error.code).toBe('didNotAnswer');
    expect(await readdir(folder)).not.toContain('a.img');
  });

  it('notices by the checksum that the length was a lie downwards', async () => {
    const url = server.serve(newPath(), { body: image, declaredLength: image.length - 1000 });
    const error = await codeOf(download({ url, destination: join(await temporaryFolder(), 'a.img'), checksum: sha256(image) }, tools({ attempts: 2 }), context()));
    expect(['untrusted', 'didNotAnswer']).toContain(error.code);
  });

  it('takes a file of unknown length', async () => {
    const url = server.serve(newPath(), { body: image, declaredLength: false });
    const destination = join(await temporaryFolder(), 'a.img');
    await download({ url, destination }, tools(), context());
    expect((await readFile(destination)).equals(image)).toBe(true);
  });

  it('gives up a connection that sends nothing, and resumes', async () => {
    const path = newPath();
    const url = server.serve(path, request => (request === 0 ? { body: image, stallAfter: 900_000 } : { body: image }));
    const destination = join(await temporaryFolder(), 'a.img');
    await download({ url, destination, checksum: sha256(image) }, tools({ stallMs: 200 }), context());
    expect((await readFile(destination)).equals(image)).toBe(true);
    expect(server.seenAt(path)[1]?.headers.range).toBe('bytes=900000-');
  });

  it('bears a slow server that keeps sending', async () => {
    const url = server.serve(newPath(), { body: image.subarray(0, 20_000), chunkBytes: 2000, delayMs: 60 });
    await download({ url, destination: join(await temporaryFolder(), 'a.img') }, tools({ stallMs: 250, attempts: 1 }), context());
  });

  it('says that a server stalls', async () => {
    const url = server.serve(newPath(), { body: image, stallAfter: 1000 });
    const error = await codeOf(download({ url, destination: join(await temporaryFolder(), 'a.img') }, tools({ stallMs: 80, attempts: 2 }), context()));
    expect(error.code).toBe('didNotAnswer');
    expect(error.message).toContain('sent nothing');
  });

  it('refuses a sign-in page in the place of the file, whatever type it claims', async () => {
    for (const headers of [{ 'content-type': 'text/html' }, { 'content-type': 'application/octet-stream' }]) {
      const url = server.serve(newPath(), { body: '\uFEFF\n<!-- x -->\n<!DOCTYPE html>\n<html><form>Sign in</form></html>', headers });
      const folder = await temporaryFolder();
      const error = await codeOf(download({ url, destination: join(folder, 'a.img') }, tools(), context()));
      expect(error.code).toBe('unauthenticated');
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('follows redirects to the file, and stops at a circle of them', async () => {
    const target = server.serve(newPath(), { body: image });
    const url = server.serve(newPath(), { status: 302, headers: { location: new URL(target).pathname } });
    const done = await download({ url, destination: join(await temporaryFolder(), 'a.img') }, tools(), context());
    expect(done.url).toBe(target);
    const circle = newPath();
    server.serve(circle, { status: 301, headers: { location: circle } });
    expect((await codeOf(download({ url: server.url + circle, destination: join(await temporaryFolder(), 'a.img') }, tools(), context()))).code).toBe('invalidInput');
  });

  it('follows no redirect from https to http, nor to a file', async () => {
    const leadTo = (location: string): DownloadTools['fetch'] => () => Promise.resolve({ status: 302, headers: { get: name => (name === 'location' ? location : null) }, body: null });
    const destination = join(await temporaryFolder(), 'a.img');
    expect((await codeOf(download({ url: 'https://a.test/x', destination }, tools({ fetch: leadTo('http://a.test/x') }), context()))).code).toBe('untrusted');
    expect((await codeOf(download({ url: 'https://a.test/x', destination }, tools({ fetch: leadTo('file:///etc/passwd') }), context()))).code).toBe('invalidInput');
  });

  it('keeps a token with the server it is for', async () => {
    const other = await startImageServer();
    try {
      const path = newPath();
      const target = other.serve(path, { body: image });
      const url = server.serve(path, { status: 302, headers: { location: target } }).replace('127.0.0.1', 'me:pa%20ss@127.0.0.1');
      await download({ url, destination: join(await temporaryFolder(), 'a.img'), headers: { authorization: 'Bearer secret' } }, tools(), context());
      expect(server.seenAt(path)[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:pa ss').toString('base64')}`);
      expect(other.seenAt(path)[0]?.headers.authorization).toBeUndefined();
      expect(JSON.stringify(records)).not.toContain('pa%20ss');
    } finally {
      await other.close();
    }
  });

  it('asks for room before it reads the body', async () => {
    const url = server.serve(newPath(), { body: image });
    const folder = await temporaryFolder();
    const error = await codeOf(download({ url, destination: join(folder, 'a.img') }, tools({ freeBytes: () => Promise.resolve(65_000_000) }), context()));
    expect(error.code).toBe('noSpace');
    expect(await readdir(folder)).toEqual([]);
  });

  it('can be cancelled, keeps what came, and goes on from there', async () => {
    const path = newPath();
    const url = server.serve(path, request => ({ body: image, ...(request === 0 ? { chunkBytes: 100_000, delayMs: 40 } : {}) }));
    const destination = join(await temporaryFolder(), 'a.img');
    const seen = context((_step, controller) => { controller.abort(); });
    await expect(download({ url, destination }, tools(), seen)).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.seenAt(path).length).toBe(1);
    await download({ url, destination, checksum: sha256(image) }, tools(), context());
    expect(server.seenAt(path)[1]?.headers.range).toBeDefined();
    expect((await readFile(destination)).equals(image)).toBe(true);
  });

  it.each([[401, 'unauthenticated'], [403, 'unauthenticated'], [404, 'notFound'], [407, 'unauthenticated'], [500, 'didNotAnswer']])('says what status %i means', async (status, code) => {
    const path = newPath();
    const url = server.serve(path, { status });
    expect((await codeOf(download({ url, destination: join(await temporaryFolder(), 'a.img') }, tools({ attempts: 2 }), context()))).code).toBe(code);
    expect(server.seenAt(path).length).toBe(status === 500 ? 2 : 1);
  });

  it('says that nobody answers', async () => {
    const gone = await startImageServer();
    await gone.close();
    const error = await codeOf(download({ url: `${gone.url}/x`, destination: join(await temporaryFolder(), 'a.img') }, tools({ attempts: 2 }), context()));
    expect(error.code).toBe('didNotAnswer');
    expect(error.detail.hint).toContain('proxy');
  });
});

it('shows an address without what is secret in it', () => {
  expect(displayUrl('https://me:pw@h.test/a%20b?x=1&X-Amz-Signature=abc&token=t')).toBe('https://me:***@h.test/a%20b?x=1&X-Amz-Signature=***&token=***');
});
