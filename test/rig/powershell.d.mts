export interface PowerShellRequest {
  script: string;
  /** Functions that stand in for programs and cmdlets. Given, the script is run; without, only parsed. */
  prelude?: string;
  /** A global variable of the prelude to read when the script has ended: a list of lists of texts. */
  result?: string;
}

export interface PowerShellAnswer {
  readonly errors: readonly { readonly message: string; readonly line: number; readonly column: number }[];
  /** Constructs that Windows PowerShell 5.1 lacks. */
  readonly newer: readonly string[];
  /** Message of the error that ended the script. */
  readonly failed?: string | null;
  readonly warnings?: readonly string[];
  readonly result?: readonly (readonly (string | null)[])[];
}

/** Builds the engine where it is not there yet. Rejects with Unavailable where this machine cannot have it. */
export function ensurePowerShell(): Promise<{ program: string }>;
/** Why there is none here, or undefined: `describe.skipIf(powerShellMissing())`. */
export function powerShellMissing(): string | undefined;
/** A process with the engine; requests are answered in order. */
export function powerShellEngine(): { ask(request: PowerShellRequest): Promise<PowerShellAnswer>; stop(): void };
