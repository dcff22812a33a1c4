// The one error type that crosses layers. It carries data; its text is made at the edge (ui/) through l10n.

export const errorCodes = [
  'notInstalled', // the tool or feature is not there
  'tooOld', // there, but a version Gaia cannot drive
  'notReady', // there, but cannot work yet: kernel driver missing, service stopped, needs a reboot
  'noPermission',
  'didNotAnswer', // time-out, connection refused, host down
  'conflict', // another hypervisor or process has what is needed
  'notFound', // the machine, snapshot, file … is gone
  'alreadyExists',
  'locked', // another session or task holds the machine
  'wrongState', // cannot be done in the present state
  'protected', // refused on purpose: protection, base of linked clones, docker-desktop
  'invalidInput',
  'noSpace',
  'notSupported',
  'untrusted', // certificate or host key is not, or no longer, the trusted one
  'unauthenticated',
  'cancelled',
  'partial', // some of it was done: `left` says what state was left
  'unexpected',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** A button: `command` is a VS Code command id, `url` an address to open. The edge adds "Show log" to all. */
export interface ErrorAction {
  readonly title: string;
  readonly command?: string;
  readonly args?: readonly unknown[];
  readonly url?: string;
}

export interface ErrorDetail {
  /** What happened, one sentence in English, the l10n key; `{0}` … stand for `values`. No stack, no command line. */
  readonly message: string;
  readonly values?: readonly (string | number)[];
  /** Name of the machine, as the person knows it. */
  readonly machine?: string;
  /** What to do about it. l10n key, same values. */
  readonly hint?: string;
  readonly actions?: readonly ErrorAction[];
  /** What the tool really said: for the log and "Show details", secrets masked. */
  readonly raw?: string;
  /** For `partial` and failures midway: what is true now. l10n key, same values. */
  readonly left?: string;
  readonly cause?: unknown;
}

/** A failure that a person can understand. Made by a provider's `problems.ts`, or where input is refused. */
export class GaiaError extends Error {
  override readonly name = 'GaiaError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, detail: ErrorDetail) {
    super(fillIn(detail.message, detail.values), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.detail = detail;
  }

  /** Is `error` a GaiaError, and of this code (any, if none is given)? */
  static is(error: unknown, ...codes: readonly ErrorCode[]): error is GaiaError {
    return error instanceof GaiaError && (codes.length === 0 || codes.includes(error.code));
  }

  /** The same error, said of this machine. */
  about(machine: string): GaiaError {
    return new GaiaError(this.code, { ...this.detail, machine });
  }
}

/** Any thrown value as a GaiaError: a GaiaError stays what it is, an abort becomes `cancelled`, the rest `unexpected` with its text as raw. */
export function asGaiaError(error: unknown): GaiaError {
  if (error instanceof GaiaError) return error;
  if (isGaiaErrorOfAnotherBundle(error)) return new GaiaError(error.code, error.detail);
  if (error instanceof Error && error.name === 'AbortError') return new GaiaError('cancelled', { message: 'Cancelled.', cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new GaiaError('unexpected', { message: 'Something went wrong that Gaia did not expect.', raw: error instanceof Error ? (error.stack ?? text) : text, cause: error });
}

/** A provider that another extension registers brings its own copy of the class. */
function isGaiaErrorOfAnotherBundle(error: unknown): error is GaiaError {
  return error instanceof Error && error.name === 'GaiaError' && errorCodes.includes((error as Partial<GaiaError>).code as ErrorCode) && typeof (error as Partial<GaiaError>).detail?.message === 'string';
}

/** `fillIn("a {0}", ["b"])` → `a b`, as `l10n.t` does. */
export function fillIn(message: string, values: readonly (string | number)[] = []): string {
  return message.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
}
