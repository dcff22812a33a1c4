// What the parts of images/ share: their doors to the outside, and the cache.
import type { Clock } from '../machines/clock.ts';
import type { RequestRecord } from '../machines/provider.ts';
import type { Fetch } from '../system/webFetch.ts';
import type { ImageCache } from './imageCache.ts';

export interface ImageTools {
  readonly cache: ImageCache;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly record: (record: RequestRecord) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** As process.arch. */
  readonly arch: string;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly stallMs?: number;
}
