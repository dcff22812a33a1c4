// How a request reads in the log, and whether it only repeats what a poll has said before. Pure.
import type { RequestRecord } from '../machines/provider.ts';

/** `VBoxManage list vms → 0 (23 ms)`, `GET /nodes → failed 403 (8 ms)`, `VBoxManage list vms → timedOut (30000 ms)`. */
export function requestLine(request: RequestRecord): string {
  return `${request.text} → ${endOf(request)} (${String(Math.round(request.durationMs))} ms)`;
}

function endOf({ outcome, status }: RequestRecord): string {
  if (outcome === 'ok') return String(status ?? 'ok');
  return status === undefined ? outcome : `${outcome} ${String(status)}`;
}

/** Remembers how each request ended the last time; forgets the oldest beyond `most`. */
export class Repetitions {
  readonly #most: number;
  readonly #last = new Map<string, string>();

  constructor(most = 500) {
    this.#most = most;
  }

  /** Did the same request end in the same way when it was last made? */
  isRepeated(request: RequestRecord): boolean {
    const end = endOf(request);
    const repeated = this.#last.get(request.text) === end;
    this.#last.delete(request.text);
    this.#last.set(request.text, end);
    if (this.#last.size > this.#most) this.#last.delete(this.#last.keys().next().value as string);
    return repeated;
  }
}
