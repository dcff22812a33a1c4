// The `Gaia` log channel: each request with its time and how it ended, each operation with its output. Secrets were masked where the request was made.
import * as vscode from 'vscode';
import type { Operation, Operations } from '../machines/operations.ts';
import type { RequestRecord } from '../machines/provider.ts';
import { Repetitions, requestLine } from './requestLines.ts';

export class Log implements vscode.Disposable {
  readonly channel: vscode.LogOutputChannel;
  readonly #repetitions = new Repetitions();

  constructor() {
    this.channel = vscode.window.createOutputChannel('Gaia', { log: true });
  }

  /** Give this to providers as their `record`. What a poll repeats with the same outcome goes to the debug level. */
  readonly record = (request: RequestRecord): void => {
    const line = requestLine(request);
    const repeated = this.#repetitions.isRepeated(request);
    if (repeated) this.channel.debug(line);
    else if (request.outcome === 'ok') this.channel.info(line);
    else this.channel.warn(request.output ? `${line}\n${indent(request.output)}` : line);
  };

  /** Follows every operation from the click to its end. */
  follow(operations: Operations): vscode.Disposable {
    const said = new Map<number, string>();
    const changes = operations.onDidChange(operation => {
      const step = operation.step?.message ?? '';
      const key = `${operation.state} ${step}`;
      if (said.get(operation.number) === key) return;
      said.set(operation.number, key);
      this.#say(operation);
      if (operation.endedAt !== undefined) said.delete(operation.number);
    });
    const output = operations.onOutput(({ operation, line }) => { this.channel.info(`${name(operation)} | ${line}`); });
    return { dispose: () => { changes.dispose(); output.dispose(); } };
  }

  debug(message: string): void {
    this.channel.debug(message);
  }

  info(message: string): void {
    this.channel.info(message);
  }

  warn(message: string): void {
    this.channel.warn(message);
  }

  error(error: unknown): void {
    this.channel.error(error instanceof Error ? error : String(error));
  }

  show(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }

  #say(operation: Operation): void {
    const took = operation.endedAt !== undefined && operation.startedAt !== undefined ? ` (${String(operation.endedAt - operation.startedAt)} ms)` : '';
    if (operation.state === 'failed' && operation.error) {
      const { code, detail } = operation.error;
      this.channel.error(`${name(operation)} failed${took}: ${code}: ${operation.error.message}${detail.raw === undefined ? '' : `\n${indent(detail.raw)}`}`);
      return;
    }
    this.channel.info(`${name(operation)} ${operation.state}${took}${operation.state === 'running' && operation.step ? `: ${operation.step.message}` : ''}`);
  }
}

function name(operation: Operation): string {
  return `#${String(operation.number)} ${operation.action.verb} "${operation.machineName}"`;
}

function indent(text: string): string {
  return text.trimEnd().split('\n').map(line => `    ${line}`).join('\n');
}
