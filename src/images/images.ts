// From a machine's source to files on this computer: the one door to images/ for providers, the plan and the views.
import * as os from 'node:os';
import type { Clock } from '../machines/clock.ts';
import { systemClock } from '../machines/clock.ts';
import type { OperationContext, RequestRecord } from '../machines/provider.ts';
import type { MachineSource } from '../machines/spec.ts';
import type { Fetch } from '../system/webFetch.ts';
import { webFetch } from '../system/webFetch.ts';
import type { Catalogue } from './boxCatalogue.ts';
import type { StoredBox } from './boxStore.ts';
import { catalogueOf, listBoxes, resolveBox } from './boxes.ts';
import { resolveImage, resolveIso, resolveTarball } from './files.ts';
import type { CacheRow, Pruned, PruneOptions } from './imageCache.ts';
import { createImageCache } from './imageCache.ts';
import type { ImageTools } from './imageTools.ts';
import type { ImageRequest, Resolved, ResolvedAppliance, ResolvedBox, ResolvedDisk, ResolvedIso, ResolvedTarball } from './resolved.ts';

export interface ImageOptions {
  /** Where fetched things are kept; by default a folder under the extension's globalStorage. */
  readonly cacheFolder: string;
  readonly record: (record: RequestRecord) => void;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  /** VAGRANT_HOME, VAGRANT_SERVER_URL, VAGRANT_CLOUD_TOKEN, VAGRANT_HOST_ARCHITECTURE are read from it. Default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  readonly platform?: NodeJS.Platform;
  readonly arch?: string;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly stallMs?: number;
}

export interface Images {
  /** Finds, downloads, verifies, unpacks and converts as needed. Everything is on this computer when it resolves; a second call is quick. */
  resolve<Kind extends MachineSource['kind']>(source: MachineSource & { readonly kind: Kind }, request: ImageRequest, context: OperationContext): Promise<ResolvedOf<Kind>>;
  /** Every box on this computer, Vagrant's and Gaia's. */
  boxes(): Promise<readonly (StoredBox & { readonly origin: 'vagrant' | 'cache' })[]>;
  /** The catalogue of a box by its name, newest version first. */
  catalogue(name: string, signal: AbortSignal): Promise<Catalogue>;
  /** What Gaia keeps, latest use first. Vagrant's store is not part of it. */
  cached(): Promise<readonly CacheRow[]>;
  prune(options: PruneOptions, signal: AbortSignal): Promise<Pruned>;
}

export type ResolvedOf<Kind extends MachineSource['kind']> =
  Kind extends 'box' ? ResolvedBox : Kind extends 'image' ? ResolvedDisk | ResolvedAppliance : Kind extends 'iso' ? ResolvedIso : Kind extends 'tarball' ? ResolvedTarball : Resolved & { readonly kind: 'none' };

export function createImages(options: ImageOptions): Images {
  const clock = options.clock ?? systemClock;
  const tools: ImageTools = {
    cache: createImageCache(options.cacheFolder, clock),
    fetch: options.fetch ?? webFetch,
    clock,
    record: options.record,
    env: options.env ?? process.env,
    home: options.home ?? os.homedir(),
    platform: options.platform ?? process.platform,
    arch: options.arch ?? process.arch,
    ...(options.freeBytes ? { freeBytes: options.freeBytes } : {}),
    ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
  };
  const resolve = async (source: MachineSource, request: ImageRequest, context: OperationContext): Promise<Resolved> => {
    switch (source.kind) {
      case 'box':
        return await resolveBox(source, request, tools, context);
      case 'image':
        return await resolveImage(source, request, tools, context);
      case 'iso':
        return await resolveIso(source, request, tools, context);
      case 'tarball':
        return await resolveTarball(source, request, tools, context);
      case 'empty':
      case 'clone':
      case 'distribution':
        return { kind: 'none' };
    }
  };
  return {
    resolve: resolve as Images['resolve'],
    boxes: () => listBoxes(tools),
    catalogue: (name, signal) => catalogueOf(name, tools, signal),
    cached: () => tools.cache.list(),
    prune: (prune, signal) => tools.cache.prune(prune, signal),
  };
}
