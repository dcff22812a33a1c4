// Reading a request the way pveproxy does: parameters of GET and DELETE in the query, those of POST and PUT in a form (or JSON), uploads as multipart.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A refusal at the level of HTTP: the answer has no body, or a plain text one. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly body: string;
  constructor(status: number, reason: string, body = '') {
    super(reason);
    this.status = status;
    this.body = body;
  }
}

export interface Received {
  readonly parameters: Record<string, unknown>;
  readonly upload?: { readonly filename: string; readonly size: number; readonly digests: Readonly<Record<string, string>>; readonly temporary: string };
}

const formLimit = 512 * 1024;
export const isUploadPath = (path: string): boolean => /^\/nodes\/[^/]+\/storage\/[^/]+\/upload$/.test(path);

/** Form pairs; `;` separates too, and a repeated key becomes an array. */
export function decodeForm(source: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const pair of source.split(/[&;]/)) {
    if (pair === '') continue;
    const cut = pair.indexOf('=');
    const decode = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '));
    const key = decode(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? '' : decode(pair.slice(cut + 1));
    const before = result[key];
    result[key] = before === undefined ? value : [...(Array.isArray(before) ? (before as unknown[]) : [before]), value];
  }
  return result;
}

/** Refuses what the real server refuses before it looks at the path's meaning. */
export function checkHead(request: IncomingMessage): void {
  const { method = '' } = request;
  if (!['GET', 'POST', 'PUT', 'DELETE'].includes(method)) throw new HttpRefusal(501, `method '${method}' not available`);
  if (request.headers['transfer-encoding'] !== undefined) throw new HttpRefusal(501, 'chunked transfer encoding not supported');
  if (Number(request.headers['content-length'] ?? 0) > 0 && method !== 'PUT' && method !== 'POST') throw new HttpRefusal(501, `Unexpected content for method '${method}'`);
}

/** `uploads`: the temporary files of the node. One that was received whole stays there for whoever handles the call. */
export async function receive(request: IncomingMessage, path: string, query: string, uploads: Set<string>): Promise<Received> {
  const inQuery = decodeForm(query);
  const length = Number(request.headers['content-length'] ?? 0);
  if (length === 0) return { parameters: inQuery };
  const type = request.headers['content-type'] ?? '';
  const kind = type.split(';')[0]?.trim().toLowerCase() ?? '';
  if (isUploadPath(path)) {
    const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
    if (kind !== 'multipart/form-data' || boundary === undefined) throw new HttpRefusal(506, `upload 'Content-Type '${type}' not implemented`);
    const temporary = `/var/tmp/pveupload-${randomBytes(16).toString('hex')}`;
    uploads.add(temporary);
    try {
      const { fields, upload } = await readMultipart(request, boundary, temporary);
      if (upload === undefined) uploads.delete(temporary);
      return { parameters: { ...inQuery, ...fields }, ...(upload === undefined ? {} : { upload }) };
    } catch (error) {
      uploads.delete(temporary);
      throw error;
    }
  }
  if (length > formLimit) throw new HttpRefusal(501, 'for data too large');
  if (kind !== '' && kind !== 'application/x-www-form-urlencoded' && kind !== 'application/json') throw new HttpRefusal(506, `upload 'Content-Type '${type}' not implemented`);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  if (kind !== 'application/json') return { parameters: { ...inQuery, ...decodeForm(body) } };
  try {
    return { parameters: { ...inQuery, ...(JSON.parse(body) as Record<string, unknown>) } };
  } catch {
    const message = 'malformed JSON string, neither tag, array, object, number, string or atom, at character offset 0';
    throw new HttpRefusal(500, message, `${message}\n`);
  }
}

/** Reads the parts as they come; the file is counted and hashed, never kept. */
async function readMultipart(request: IncomingMessage, boundary: string, temporary: string): Promise<{ fields: Record<string, string>; upload: Received['upload'] }> {
  const mark = Buffer.from(`\r\n--${boundary}`);
  const fields: Record<string, string> = {};
  let upload: Received['upload'];
  let rest = Buffer.from('\r\n');
  let part: { name: string; filename: string | undefined; bytes: Buffer[]; size: number; hashes: Map<string, ReturnType<typeof createHash>> } | undefined;
  const feed = (data: Buffer): void => {
    if (part === undefined || data.length === 0) return;
    part.size += data.length;
    if (part.filename === undefined) part.bytes.push(data);
    else for (const hash of part.hashes.values()) hash.update(data);
  };
  const finish = (): void => {
    if (part === undefined) return;
    if (part.filename === undefined) fields[part.name] = Buffer.concat(part.bytes).toString('utf8');
    else {
      fields['filename'] ??= part.filename;
      upload = { filename: fields['filename'], size: part.size, digests: Object.fromEntries([...part.hashes].map(([name, hash]) => [name, hash.digest('hex')])), temporary };
    }
    part = undefined;
  };
  for await (const chunk of request) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (;;) {
      const at = rest.indexOf(mark);
      if (at < 0) {
        const safe = Math.max(0, rest.length - mark.length);
        feed(rest.subarray(0, safe));
        rest = rest.subarray(safe);
        break;
      }
      const headEnd = rest.indexOf('\r\n\r\n', at + mark.length);
      const closing = rest.subarray(at + mark.length, at + mark.length + 2).toString() === '--';
      if (!closing && headEnd < 0) break;
      feed(rest.subarray(0, at));
      finish();
      if (closing) {
        rest = Buffer.alloc(0);
        break;
      }
      const head = rest.subarray(at + mark.length, headEnd).toString('utf8');
      const name = /name="([^"]*)"/i.exec(head)?.[1] ?? '';
      const filename = /filename="([^"]*)"/i.exec(head)?.[1];
      part = { name, filename, bytes: [], size: 0, hashes: new Map(filename === undefined ? [] : ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].map(a => [a, createHash(a)])) };
      rest = rest.subarray(headEnd + 4);
    }
  }
  finish();
  return { fields, upload };
}
