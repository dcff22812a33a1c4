// Runs VBoxManage: found once, with the right locale, its failures as GaiaErrors, its progress as a fraction, lock errors tried again.
import type { Clock } from '../../machines/clock.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { CommandText, OperationContext, RequestRecord } from '../../machines/provider.ts';
import type { FileInfo, FolderEntry } from '../../system/files.ts';
import { firstFile, onPath } from '../../system/findProgram.ts';
import { chooseLocale } from '../../system/locale.ts';
import type { Platform } from '../../system/platform.ts';
import type { ProcessHooks, ProcessRequest, ProcessResult } from '../../system/process.ts';
import { describeProcess, ProcessCrash } from '../../system/process.ts';
import { executableCandidates } from './executable.ts';
import type { ToolFailure } from './parse/failure.ts';
import { readFailure, readWarnings } from './parse/failure.ts';
import { ProgressReader } from './parse/progress.ts';
import { decode } from './parse/text.ts';
import type { Version } from './parse/version.ts';
import { parseVersion } from './parse/version.ts';
import { isLock, isPassing, isServiceGone, problemOf } from './problems.ts';
import type { Call } from './requests.ts';
import { version as versionCall } from './requests.ts';

export interface VirtualBoxSettings {
  /** Path of VBoxManage or of its folder; undefined = search. */
  readonly executable?: string;
  /** How long a question may take, in ms. */
  readonly queryTimeoutMs?: number;
}

/** Everything the provider does to the outside. */
export interface VirtualBoxDoors {
  readonly settings: () => VirtualBoxSettings;
  readonly run: (request: ProcessRequest, signal: AbortSignal, hooks?: ProcessHooks) => Promise<ProcessResult>;
  readonly record: (record: RequestRecord) => void;
  readonly clock: Clock;
  readonly platform: Platform;
  readonly files: FileDoor;
  /** system/hasEnded.ts. */
  readonly hasEnded: (pid: number) => Promise<boolean>;
}

/** The functions of system/files.ts that this provider uses. */
export interface FileDoor {
  fileInfo(file: string): Promise<FileInfo | undefined>;
  listFolder(folder: string): Promise<readonly FolderEntry[] | undefined>;
  readText(file: string): Promise<string | undefined>;
  readRange(file: string, offset: number, length: number): Promise<Uint8Array>;
  makeFolder(folder: string): Promise<void>;
  removeAll(target: string): Promise<void>;
  copyFile(from: string, to: string): Promise<void>;
  freeBytes(folder: string): Promise<number>;
}

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly warnings: readonly string[];
}

/** Waits between tries while another session holds the lock, in ms: 4 s in all. */
const lockDelays = [100, 200, 400, 800, 1200, 1300];
/** Waits for a VBoxSVC that is ending: the call after that starts a new one. Mostly the first is enough, on a busy machine not always. */
const serviceDelays = [500, 1500, 3000];

/** VBoxManage itself breaks down when the service ends between two of its calls: that is an answer too, of a kind. */
function crashOf(error: unknown): GaiaError {
  if (GaiaError.is(error) && error.detail.cause instanceof ProcessCrash) return error;
  throw error;
}

export class Tool {
  readonly doors: VirtualBoxDoors;
  #found: { readonly setting: string | undefined; readonly file: string } | undefined;
  #environment: Promise<Readonly<Record<string, string>>> | undefined;
  #version: { readonly file: string; readonly modifiedMs: number; readonly version: Version } | undefined;

  constructor(doors: VirtualBoxDoors) {
    this.doors = doors;
  }

  /** Path of VBoxManage. Throws `notInstalled`. */
  async executable(): Promise<string> {
    const setting = this.doors.settings().executable || undefined;
    if (this.#found && this.#found.setting === setting) return this.#found.file;
    const file = await firstFile(executableCandidates(this.doors.platform, setting), this.doors.files.fileInfo);
    if (file === undefined) {
      throw setting === undefined
        ? new GaiaError('notInstalled', { message: 'VirtualBox was not found on this computer.', hint: 'Install VirtualBox, or say in the setting "gaia.virtualbox.path" where VBoxManage lies.' })
        : new GaiaError('notInstalled', { message: 'There is no VBoxManage at {0}.', values: [setting], hint: 'Correct the setting "gaia.virtualbox.path", or empty it to let Gaia search.' });
    }
    this.#found = { setting, file };
    return file;
  }

  /** Version, asked again only when the program changed. */
  async version(signal: AbortSignal): Promise<Version> {
    const file = await this.executable();
    const modifiedMs = (await this.doors.files.fileInfo(file))?.modifiedMs ?? 0;
    if (this.#version?.file === file && this.#version.modifiedMs === modifiedMs) return this.#version.version;
    const answer = await this.ask(versionCall(), signal);
    const version = parseVersion(answer.stdout);
    if (!version) throw new GaiaError('unexpected', { message: 'VBoxManage did not say its version.', raw: answer.stdout.slice(0, 500) });
    this.#version = { file, modifiedMs, version };
    return version;
  }

  /** A question. Throws GaiaError when it failed, unless `accept` says that this failure is an answer too. */
  async ask(call: Call, signal: AbortSignal, accept?: (failure: ToolFailure, stdout: string) => boolean): Promise<Answer> {
    const timed = { ...call, timeoutMs: Math.min(call.timeoutMs, this.doors.settings().queryTimeoutMs ?? call.timeoutMs) };
    const left = { lock: [...lockDelays], service: [...serviceDelays] };
    for (;;) {
      const tried = await this.#once(timed, signal).catch(crashOf);
      let delay: number | undefined;
      if (tried instanceof GaiaError) {
        delay = left.service.shift();
        if (delay === undefined) throw tried;
      } else {
        const { answer, failure } = tried;
        if (!failure || accept?.(failure, answer.stdout)) return answer;
        // showvminfo joins the session that holds a machine, and fails if that one just ends.
        if (isLock(failure) || isPassing(failure)) delay = left.lock.shift();
        if (isServiceGone(failure)) delay = left.service.shift();
        if (delay === undefined) throw problemOf(failure, this.doors.platform.os);
      }
      await this.doors.clock.sleep(delay, signal);
    }
  }

  /**
   * A change. Tried again with back-off while another session holds the lock, and on nothing else. `hopeless` is asked once: does a
   * machine that runs hold it, so that waiting is no use?
   */
  async change(call: Call, context: OperationContext, hopeless?: () => Promise<boolean>): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const { answer, failure } = await this.#once(call, context.signal, context);
      if (!failure) return answer;
      const delay = lockDelays[attempt];
      if (!isLock(failure) || delay === undefined || (attempt === 0 && (await hopeless?.()))) throw problemOf(failure, this.doors.platform.os);
      await this.doors.clock.sleep(delay, context.signal);
    }
  }

  /** The same request as text for people. */
  describe(call: Call): CommandText {
    return { ...describeProcess({ file: 'VBoxManage', args: call.args }), ...(call.comment === undefined ? {} : { comment: call.comment }) };
  }

  async #once(call: Call, signal: AbortSignal, context?: OperationContext): Promise<{ readonly answer: Answer; readonly failure: ToolFailure | undefined }> {
    const [file, env] = await Promise.all([this.executable(), this.#env(signal)]);
    const progress = call.progressRuns === undefined || !context ? undefined : new ProgressReader(call.progressRuns);
    let result: ProcessResult;
    try {
      result = await this.doors.run({ file, args: call.args, env, timeoutMs: call.timeoutMs, ...(call.secret === undefined ? {} : { stdin: `${call.secret}\n`, secrets: [call.secret] }) }, signal, {
        record: this.doors.record,
        ...(progress && context
          ? {
              stderr: (chunk: Uint8Array): void => {
                const fraction = progress.push(chunk);
                if (fraction !== undefined) context.progress({ fraction });
              },
            }
          : {}),
      });
    } catch (error) {
      // It was moved or removed since it was found: search again next time.
      if (GaiaError.is(error, 'notInstalled')) this.#found = undefined;
      throw error;
    }
    const stdout = decode(result.stdout);
    const stderr = decode(result.stderr);
    return { answer: { exitCode: result.exitCode, stdout, stderr, warnings: readWarnings(stderr) }, failure: readFailure(result.exitCode, stdout, stderr) };
  }

  /** The locale is chosen once. VBoxSVC keeps the locale of whoever starts it, so the first call must have it too (V9). */
  #env(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    this.#environment ??= this.#chooseEnvironment(signal).catch((error: unknown) => {
      this.#environment = undefined;
      throw error;
    });
    return this.#environment;
  }

  async #chooseEnvironment(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { platform, files, run } = this.doors;
    if (platform.os === 'win32') return {};
    const file = await firstFile(onPath(['locale'], platform), files.fileInfo);
    let printed = '';
    if (file !== undefined) {
      try {
        printed = decode((await run({ file, args: ['-a'], timeoutMs: 5000 }, signal)).stdout);
      } catch (error) {
        if (GaiaError.is(error, 'cancelled')) throw error;
      }
    }
    return { LC_ALL: chooseLocale(printed.split('\n')), LANGUAGE: 'en' };
  }
}
