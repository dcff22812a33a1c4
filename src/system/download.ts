// One file from the web to this computer: resumed, verified, with progress and cancel, whole or not at all.
// Beside the destination lie `<name>.part` and `<name>.part.json` until it is whole; the next call goes on from there.
import * as path from 'node:path';
import type { Clock } from '../machines/clock.ts';
import { GaiaError } from '../machines/errors.ts';
import type { OperationContext, RequestRecord } from '../machines/provider.ts';
import { fileInfo, fileProblem, freeBytes, hashFile, makeFolder, moveOver, opened, readText, removeAll, writeWhole } from './files.ts';
import type { Fetch, WebAnswer } from './webFetch.ts';
import { displayUrl, sendWebRequest, statusProblem } from './webFetch.ts';

export interface Checksum {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** Lower-case hex. */
  readonly hex: string;
}

export interface DownloadRequest {
  readonly url: string;
  /** Full path of the finished file. */
  readonly destination: string;
  readonly checksum?: Checksum;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DownloadTools {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly record: (record: RequestRecord) => void;
  /** Bytes free where the folder is; a door for tests. */
  readonly freeBytes?: (folder: string) => Promise<number>;
  /** No byte for this long = stalled: the connection is given up and the download resumed. Default 30 s. */
  readonly stallMs?: number;
  /** Tries in a row that bring nothing before it is given up. Default 5. */
  readonly attempts?: number;
}

export interface Downloaded {
  readonly path: string;
  readonly sizeBytes: number;
  /** Where the redirects led, and the name the server gave, if it did. */
  readonly url: string;
  readonly fileName?: string;
}

/** Kept beside the part: what it is a part of. */
interface PartState {
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly totalBytes?: number;
}

/** Room left on the volume after a download, so that the system keeps working. */
export const reserveBytes = 64 * 1024 * 1024;
/** A try that brought this much counts as progress. */
const progressBytes = 64 * 1024;

/**
 * Brings `request.url` to `request.destination`. Throws GaiaError: `noSpace` (asked before the body is read), `untrusted` (wrong checksum: the file is
 * removed; or certificate), `unauthenticated` or `invalidInput` (a web page came in its place), `notFound`, `didNotAnswer` (what has come is kept for
 * the next call), or the signal's reason when cancelled (kept, too).
 */
export async function download(request: DownloadRequest, tools: DownloadTools, context: Pick<OperationContext, 'signal' | 'progress'>): Promise<Downloaded> {
  await makeFolder(path.dirname(request.destination));
  const earlier = await wholeEarlier(request, tools, context);
  if (earlier) return earlier;
  const maxAttempts = tools.attempts ?? 5;
  const part = `${request.destination}.part`;
  let resumed = ((await fileInfo(part))?.sizeBytes ?? 0) > 0;
  let most = 0;
  for (let failures = 0; ;) {
    const outcome = await attempt(request, part, tools, context);
    if (outcome.kind === 'whole') {
      const wrong = await wrongChecksum(request, part, context);
      if (wrong === undefined) {
        await moveOver(part, request.destination);
        await removeAll(stateFile(part));
        return { path: request.destination, sizeBytes: outcome.sizeBytes, url: outcome.url, ...(outcome.fileName === undefined ? {} : { fileName: outcome.fileName }) };
      }
      await forget(part);
      // Pieces of two editions of a file can only come together where a server gave no or false marks: once more, as a whole.
      if (!resumed) throw wrong;
      resumed = false;
      continue;
    }
    failures = outcome.haveBytes >= most + progressBytes ? 0 : failures + 1;
    most = Math.max(most, outcome.haveBytes);
    if (failures >= maxAttempts) throw outcome.problem;
    resumed = true;
    await tools.clock.sleep(outcome.retryAfterMs ?? Math.min(250 * 2 ** failures, 10_000), context.signal);
  }
}

type Outcome =
  | { readonly kind: 'whole'; readonly sizeBytes: number; readonly url: string; readonly fileName?: string }
  | { readonly kind: 'again'; readonly haveBytes: number; readonly problem: unknown; readonly retryAfterMs?: number };

async function attempt(request: DownloadRequest, part: string, tools: DownloadTools, context: Pick<OperationContext, 'signal' | 'progress'>): Promise<Outcome> {
  const { signal } = context;
  signal.throwIfAborted();
  const before = await partState(part, request);
  const stall = new StallGuard(tools.stallMs ?? 30_000, signal, request.url);
  let at = before.haveBytes;
  try {
    const answer = await sendWebRequest({ url: request.url, headers: { ...request.headers, ...resumeHeaders(before) } }, tools.fetch, stall.signal, tools.record);
    stall.touch();
    const plan = placeOf(answer, before);
    if (plan.kind === 'startOver') {
      await forget(part);
      return { kind: 'again', haveBytes: 0, problem: plan.problem, retryAfterMs: 0 };
    }
    if (plan.kind === 'failed') {
      if (!plan.transient) throw plan.problem;
      return { kind: 'again', haveBytes: at, problem: plan.problem, ...retryAfter(answer, tools.clock) };
    }
    if (plan.kind === 'whole') return { kind: 'whole', sizeBytes: before.haveBytes, url: answer.url };
    at = plan.from;
    await checkRoom(request, plan, tools);
    await writeWhole(stateFile(part), JSON.stringify(stateOf(request.url, answer, plan.totalBytes)));
    at = await writeBody(answer, part, plan, request, stall, context, size => { at = size; });
    if (plan.totalBytes !== undefined && at < plan.totalBytes) {
      return { kind: 'again', haveBytes: at, problem: cutOff(request.url, at, plan.totalBytes) };
    }
    const fileName = nameFrom(answer);
    return { kind: 'whole', sizeBytes: at, url: answer.url, ...(fileName === undefined ? {} : { fileName }) };
  } catch (error) {
    signal.throwIfAborted();
    if (stall.problem) return { kind: 'again', haveBytes: at, problem: stall.problem };
    if (GaiaError.is(error, 'didNotAnswer')) return { kind: 'again', haveBytes: at, problem: error };
    throw error;
  } finally {
    stall.end();
  }
}

type Place =
  | { readonly kind: 'body'; readonly from: number; readonly totalBytes?: number }
  | { readonly kind: 'whole' }
  | { readonly kind: 'startOver'; readonly problem: GaiaError }
  | { readonly kind: 'failed'; readonly transient: boolean; readonly problem: GaiaError };

/** Where the body of this answer belongs in the file. */
function placeOf(answer: WebAnswer, before: { readonly haveBytes: number; readonly state?: PartState }): Place {
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/i.exec(answer.header('content-range')?.trim() ?? '');
  const total = range?.[2] === undefined || range[2] === '*' ? undefined : Number(range[2]);
  switch (answer.status) {
    case 200: {
      const length = answer.header('content-length');
      return { kind: 'body', from: 0, ...(length !== undefined && /^\d+$/.test(length) ? { totalBytes: Number(length) } : {}) };
    }
    case 206: {
      const known = before.state?.totalBytes;
      const etag = answer.header('etag');
      const changed = (known !== undefined && total !== undefined && known !== total) || (before.state?.etag !== undefined && etag !== undefined && etag !== before.state.etag);
      if (changed || Number(range?.[1] ?? -1) !== before.haveBytes) return { kind: 'startOver', problem: changedFile(answer.url) };
      return { kind: 'body', from: before.haveBytes, ...(total === undefined ? {} : { totalBytes: total }) };
    }
    case 416:
      return total === before.haveBytes && before.haveBytes > 0 ? { kind: 'whole' } : { kind: 'startOver', problem: changedFile(answer.url) };
    default:
      return { kind: 'failed', transient: [408, 425, 429, 500, 502, 503, 504].includes(answer.status), problem: statusProblem(answer) };
  }
}

async function writeBody(answer: WebAnswer, part: string, plan: Place & { kind: 'body' }, request: DownloadRequest, stall: StallGuard, context: Pick<OperationContext, 'signal' | 'progress'>, reached: (bytes: number) => void): Promise<number> {
  const handle = await opened(part, plan.from === 0 ? 'w' : 'r+');
  const name = shortName(request);
  let at = plan.from;
  let head = new Uint8Array();
  let saidAt = 0;
  try {
    await handle.truncate(plan.from);
    for await (const chunk of answer.body) {
      stall.touch();
      if (plan.from === 0 && at === head.length && head.length < 512) {
        head = Buffer.concat([head, chunk.subarray(0, 512 - head.length)]);
        if (isWebPage(head)) throw webPage(answer);
      }
      for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
      at += chunk.length;
      reached(at);
      const now = performance.now();
      if (now - saidAt > 200) {
        saidAt = now;
        context.progress({ message: 'Downloading {0}', values: [name], ...(plan.totalBytes ? { fraction: Math.min(at / plan.totalBytes, 1) } : {}) });
      }
    }
    await handle.sync();
    return at;
  } catch (error) {
    if (GaiaError.is(error, 'invalidInput', 'unauthenticated')) {
      await handle.truncate(0);
      await forget(part);
    }
    throw fileProblem(error, part);
  } finally {
    await handle.close();
  }
}

async function checkRoom(request: DownloadRequest, plan: Place & { kind: 'body' }, tools: DownloadTools): Promise<void> {
  if (plan.totalBytes === undefined) return;
  const needed = plan.totalBytes - plan.from;
  const free = await (tools.freeBytes ?? freeBytes)(path.dirname(request.destination));
  if (needed + reserveBytes > free) throw noRoom(shortName(request), needed, free);
}

/** The refusal before something is written that would not fit. */
export function noRoom(what: string, neededBytes: number, free: number): GaiaError {
  return new GaiaError('noSpace', {
    message: '{0} needs {1} MB, and {2} MB are free.',
    values: [what, Math.ceil(neededBytes / 1e6), Math.floor(free / 1e6)],
    hint: 'Make room on this disk, remove images that are no longer used, or choose another folder for them.',
  });
}

/** A file that an earlier call finished, before what should have followed was cut off. As Vagrant does, it is believed for a day. */
async function wholeEarlier(request: DownloadRequest, tools: DownloadTools, context: Pick<OperationContext, 'signal' | 'progress'>): Promise<Downloaded | undefined> {
  const info = await fileInfo(request.destination);
  if (info?.kind !== 'file' || tools.clock.now() - info.modifiedMs > 24 * 60 * 60 * 1000) return undefined;
  if (request.checksum && (await hashFile(request.destination, request.checksum.algorithm, context.signal)) !== request.checksum.hex) return undefined;
  return { path: request.destination, sizeBytes: info.sizeBytes, url: request.url };
}

async function wrongChecksum(request: DownloadRequest, part: string, context: Pick<OperationContext, 'signal' | 'progress'>): Promise<GaiaError | undefined> {
  if (!request.checksum) return undefined;
  context.progress({ message: 'Verifying {0}', values: [shortName(request)] });
  const found = await hashFile(part, request.checksum.algorithm, context.signal);
  return found === request.checksum.hex ? undefined : badChecksum(request.url, request.checksum, found);
}

/** A file that is not what its checksum says. */
export function badChecksum(source: string, expected: Checksum, found: string): GaiaError {
  return new GaiaError('untrusted', {
    message: '{0} is not the file that was expected: its {1} checksum is another one. It was removed.',
    values: [/^https?:/.test(source) ? displayUrl(source) : source, expected.algorithm],
    hint: 'If the file was renewed by its publisher, update the checksum; if not, do not use it.',
    raw: `expected ${expected.hex}, found ${found}`,
  });
}

async function partState(part: string, request: DownloadRequest): Promise<{ haveBytes: number; state?: PartState }> {
  const [info, text] = await Promise.all([fileInfo(part), readText(stateFile(part))]);
  let state: PartState | undefined;
  try {
    state = text === undefined ? undefined : (JSON.parse(text) as PartState);
  } catch {
    state = undefined;
  }
  // Without a mark of the edition a resume is a guess; it is made only where a checksum will tell.
  const resumable = state?.url === request.url && (state.etag ?? state.lastModified ?? request.checksum) !== undefined;
  if (!info || info.sizeBytes === 0 || !state || !resumable) return { haveBytes: 0 };
  return { haveBytes: info.sizeBytes, state };
}

function resumeHeaders(before: { readonly haveBytes: number; readonly state?: PartState }): Record<string, string> {
  if (before.haveBytes === 0) return {};
  const mark = before.state?.etag ?? before.state?.lastModified;
  return { range: `bytes=${before.haveBytes}-`, ...(mark === undefined ? {} : { 'if-range': mark }) };
}

function stateOf(url: string, answer: WebAnswer, totalBytes: number | undefined): PartState {
  const etag = answer.header('etag');
  const lastModified = answer.header('last-modified');
  // A weak ETag says "same meaning", not "same bytes": useless for a resume.
  return { url, ...(etag === undefined || etag.startsWith('W/') ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }), ...(totalBytes === undefined ? {} : { totalBytes }) };
}

/** Is this the beginning of an HTML document? */
export function isWebPage(head: Uint8Array): boolean {
  return /^(\uFEFF)?\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<(!doctype\s+html|html|head|body)[\s>]/i.test(new TextDecoder().decode(head));
}

function webPage(answer: WebAnswer): GaiaError {
  return new GaiaError('unauthenticated', {
    message: '{0} answered with a web page, not with a file.',
    values: [displayUrl(answer.url)],
    hint: 'It may be a sign-in page, the page of a network that must be accepted first, or a page about the file: open the address in a browser and use the address of the file itself.',
  });
}

function cutOff(url: string, have: number, total: number): GaiaError {
  return new GaiaError('didNotAnswer', { message: 'The download of {0} ended too early, at {1} of {2} bytes.', values: [displayUrl(url), have, total], hint: 'Try again: it goes on from there.' });
}

function changedFile(url: string): GaiaError {
  return new GaiaError('didNotAnswer', { message: '{0} changed while it was downloaded.', values: [displayUrl(url)], hint: 'Try again.' });
}

function retryAfter(answer: WebAnswer, clock: Clock): { retryAfterMs?: number } {
  const text = answer.header('retry-after');
  if (text === undefined) return {};
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.min(Math.max(ms, 0), 60_000) } : {};
}

function nameFrom(answer: WebAnswer): string | undefined {
  const header = answer.header('content-disposition') ?? '';
  const name = /filename\*=utf-8''([^;]+)/i.exec(header)?.[1] ?? /filename="([^"]+)"/i.exec(header)?.[1] ?? /filename=([^;\s]+)/i.exec(header)?.[1];
  const last = (name ?? new URL(answer.url).pathname).split(/[\\/]/).at(-1);
  return last ? safeDecode(last) : undefined;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function shortName(request: DownloadRequest): string {
  return safeDecode(new URL(request.url).pathname.split('/').at(-1) ?? '') || new URL(request.url).host;
}

async function forget(part: string): Promise<void> {
  await removeAll(part);
  await removeAll(stateFile(part));
}

function stateFile(part: string): string {
  return `${part}.json`;
}

/** Aborts when nothing has come for a while. */
class StallGuard {
  problem: GaiaError | undefined;
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly ms: number;
  private readonly url: string;
  private timer: NodeJS.Timeout;

  constructor(ms: number, outer: AbortSignal, url: string) {
    this.ms = ms;
    this.url = url;
    this.signal = AbortSignal.any([outer, this.controller.signal]);
    this.timer = this.arm();
  }

  touch(): void {
    clearTimeout(this.timer);
    this.timer = this.arm();
  }

  end(): void {
    clearTimeout(this.timer);
    // Whatever of the body was not read is not wanted any more.
    this.controller.abort();
  }

  private arm(): NodeJS.Timeout {
    return setTimeout(() => {
      this.problem = new GaiaError('didNotAnswer', {
        message: '{0} sent nothing for {1} seconds.',
        values: [displayUrl(this.url), Math.round(this.ms / 1000)],
        hint: 'Try again: it goes on from where it stopped.',
      });
      this.controller.abort(this.problem);
    }, this.ms);
  }
}
