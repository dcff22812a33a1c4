// The one way to run a program: argument array, never a shell; time-out, cancel and tree-kill on every call; bytes out; secrets masked.
import { execa } from 'execa';
import { GaiaError } from '../machines/errors.ts';
import type { CommandText, RequestRecord } from '../machines/provider.ts';
import { killTree } from './killTree.ts';

/** What to run, as data. Made by a provider's `requests.ts`. */
export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly timeoutMs: number;
  /** Texts never shown: passwords, tokens. Each is replaced by `***` in logs and errors. */
  readonly secrets?: readonly string[];
}

export interface ProcessResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly durationMs: number;
}

export interface ProcessHooks {
  /** Called once, when the program has ended or was killed. */
  readonly record?: (record: RequestRecord) => void;
  /** Live output, in the chunks it came. */
  readonly stdout?: (chunk: Uint8Array) => void;
  readonly stderr?: (chunk: Uint8Array) => void;
}

/** Output kept per stream; more than this from a hypervisor's tool is a fault, not an answer. */
const maxOutputBytes = 256 * 1024 * 1024;

/**
 * Runs one program to its end. A non-zero exit is an answer, not an error: the caller's parser decides.
 * Throws GaiaError `notInstalled` (no such file), `noPermission`, `didNotAnswer` (time-out; the whole tree was killed) or `cancelled`.
 */
export async function runProcess(request: ProcessRequest, signal: AbortSignal, hooks: ProcessHooks = {}): Promise<ProcessResult> {
  const startedAt = performance.now();
  const text = describeProcess(request).text;
  const done = (outcome: RequestRecord['outcome'], status?: number, output?: string): number => {
    const durationMs = performance.now() - startedAt;
    hooks.record?.({ text, durationMs, outcome, ...(status === undefined ? {} : { status }), ...(output === undefined ? {} : { output: mask(output, request.secrets) }) });
    return durationMs;
  };
  if (signal.aborted) {
    done('cancelled');
    throw cancelled();
  }

  const child = execa(request.file, request.args, {
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.env === undefined ? {} : { env: request.env as Record<string, string> }),
    ...(request.stdin === undefined ? { stdin: 'ignore' as const } : { input: request.stdin }),
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
    windowsHide: true,
    cleanup: true,
    maxBuffer: maxOutputBytes,
    // Its own process group on POSIX, so that a kill reaches the children too.
    detached: process.platform !== 'win32',
  });
  if (hooks.stdout) child.stdout.on('data', hooks.stdout);
  if (hooks.stderr) child.stderr.on('data', hooks.stderr);

  let stopped: 'cancelled' | 'timedOut' | undefined;
  const stop = (why: 'cancelled' | 'timedOut'): void => {
    stopped ??= why;
    if (child.pid === undefined) return;
    // A grandchild that left the group can hold the pipes open for ever: close our ends, so that the call ends now.
    void killTree(child.pid).finally(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    });
  };
  const onAbort = (): void => { stop('cancelled'); };
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => { stop('timedOut'); }, request.timeoutMs);

  try {
    const result = await child;
    const stdout = result.stdout as unknown as Uint8Array;
    const stderr = result.stderr as unknown as Uint8Array;
    if (stopped === 'timedOut') {
      done('timedOut');
      throw new GaiaError('didNotAnswer', { message: '{0} did not answer within {1} seconds and was ended.', values: [baseName(request.file), Math.round(request.timeoutMs / 1000)], raw: text });
    }
    if (stopped === 'cancelled') {
      done('cancelled');
      throw cancelled();
    }
    if (result.exitCode === undefined) throw startFailure(request, result, done);
    const failedText = result.exitCode === 0 ? undefined : new TextDecoder().decode(stderr.length > 0 ? stderr : stdout).slice(0, 4000);
    const durationMs = done(result.exitCode === 0 ? 'ok' : 'failed', result.exitCode, failedText);
    return { exitCode: result.exitCode, stdout, stderr, durationMs };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Signals that a program gets for a fault of its own; any other is somebody's wish. */
const crashSignals = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE']);

/** Cause of a GaiaError: the program broke down. */
export class ProcessCrash extends Error {}

function startFailure(request: ProcessRequest, result: { readonly code?: string | undefined; readonly signal?: string | undefined; readonly shortMessage?: string | undefined }, done: (outcome: RequestRecord['outcome'], status?: number, output?: string) => void): GaiaError {
  const raw = mask(result.shortMessage ?? result.code ?? '', request.secrets);
  done('failed', undefined, raw);
  const values = [request.file];
  if (result.code === 'ENOENT') return new GaiaError('notInstalled', { message: '{0} was not found.', values, raw });
  if (result.code === 'EACCES' || result.code === 'EPERM') return new GaiaError('noPermission', { message: 'No permission to run {0}.', values, raw });
  if (result.signal && crashSignals.has(result.signal)) return new GaiaError('unexpected', { message: '{0} crashed ({1}).', values: [baseName(request.file), result.signal], raw, cause: new ProcessCrash(result.signal) });
  if (result.signal) return new GaiaError('unexpected', { message: '{0} was ended from outside ({1}).', values: [baseName(request.file), result.signal], raw });
  return new GaiaError('unexpected', { message: '{0} could not be started.', values, raw });
}

/** The request as one line that a person could paste into a shell, secrets as `***`. */
export function describeProcess(request: Pick<ProcessRequest, 'file' | 'args' | 'secrets'>): CommandText {
  const words = [baseName(request.file).replace(/\.exe$/i, ''), ...request.args].map(quoteForShell).join(' ');
  return { text: mask(words, request.secrets), language: 'shell' };
}

/** Quotes a word for display in a POSIX shell. For people only: nothing is ever run through a shell. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./\\{}<>-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function mask(text: string, secrets: readonly string[] = []): string {
  return secrets.filter(secret => secret.length > 0).reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

function baseName(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

function cancelled(): GaiaError {
  return new GaiaError('cancelled', { message: 'Cancelled.' });
}
