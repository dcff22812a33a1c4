// A failure as the real server says it: status, one-line reason, and on 400 the map of errors.
export class ApiError extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** 500 with the message as reason: what a Perl `die` becomes. */
export const die = (message: string): never => {
  throw new ApiError(500, message);
};

/** 400 `Parameter verification failed.` with its map. */
export const badParameters = (errors: Readonly<Record<string, string>>): never => {
  throw new ApiError(400, 'Parameter verification failed.', errors);
};

/** 403: `Permission check failed (/vms/100, VM.Audit)`, or without the brackets where the real one gives no detail. */
export const forbidden = (what?: string): never => {
  throw new ApiError(403, what === undefined ? 'Permission check failed' : `Permission check failed (${what})`);
};
