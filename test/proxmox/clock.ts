// The server's time: the real one plus what a test adds. Work takes `speed` times less than on a real cluster; the time of day does not run faster.

export class TestClock {
  /** A test may change it: work that begins later takes as long as this says. */
  speed: number;
  private offset = 0;
  private readonly waits = new Set<{ timer: NodeJS.Timeout; stop: (error: Error) => void }>();
  private closed = false;

  constructor(speed: number) {
    if (!(speed > 0)) throw new RangeError('speed must be positive');
    this.speed = speed;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.offset;
  }

  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** Jumps ahead, for ticket life and the like. Running waits are not shortened. */
  advance(milliseconds: number): void {
    this.offset += milliseconds;
  }

  /** Waits `milliseconds / speed`; rejects when `signal` fires or the server is disposed. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed || signal?.aborted) return reject(new Error(this.closed ? 'the server was disposed' : 'interrupted by signal'));
      const onAbort = (): void => entry.stop(new Error('interrupted by signal'));
      const finish = (then: () => void): void => {
        clearTimeout(entry.timer);
        signal?.removeEventListener('abort', onAbort);
        this.waits.delete(entry);
        then();
      };
      const entry = {
        timer: setTimeout(() => finish(resolve), milliseconds / this.speed),
        stop: (error: Error): void => finish(() => reject(error)),
      };
      this.waits.add(entry);
      signal?.addEventListener('abort', onAbort);
    });
  }

  dispose(): void {
    this.closed = true;
    for (const wait of [...this.waits]) wait.stop(new Error('the server was disposed'));
  }
}
