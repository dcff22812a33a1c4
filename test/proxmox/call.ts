// One API call on its way to a handler, and what handlers may answer.
import type { Cluster } from './cluster.ts';
import type { NodeState } from './model.ts';
import type { Identity } from './rights.ts';
import type { Endpoint } from './schema.ts';

export interface Call {
  readonly cluster: Cluster;
  readonly endpoint: Endpoint;
  /** The node the call is for: `{node}` of the path, else the one asked. */
  readonly node: NodeState;
  /** The node that was asked. */
  readonly entry: NodeState;
  readonly who: Identity;
  /** Checked parameters, those of the path too. */
  readonly p: Readonly<Record<string, unknown>>;
  /** Of an upload: what was received. */
  readonly upload?: { readonly filename: string; readonly size: number; readonly digests: Readonly<Record<string, string>>; readonly temporary: string };
}

/** Data with more beside it (`total`). */
export class Answer {
  readonly data: unknown;
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(data: unknown, extra: Readonly<Record<string, unknown>>) {
    this.data = data;
    this.extra = extra;
  }
}

export type Handler = (call: Call) => unknown;
/** `GET /nodes/{node}/qemu` → handler. */
export type Routes = Readonly<Record<string, Handler>>;

export const text = (call: Call, key: string): string | undefined => (call.p[key] === undefined ? undefined : String(call.p[key]));
export const needed = (call: Call, key: string): string => String(call.p[key]);
export const number = (call: Call, key: string): number | undefined => (call.p[key] === undefined ? undefined : Number(call.p[key]));
export const flag = (call: Call, key: string, otherwise = false): boolean => (call.p[key] === undefined ? otherwise : Number(call.p[key]) === 1);
/** `a,b c` → `["a", "b", "c"]`. */
export const list = (value: unknown): string[] => (value === undefined || value === '' ? [] : String(value).split(/[,;\s\0]+/).filter(Boolean));
