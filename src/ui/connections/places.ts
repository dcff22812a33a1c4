// The nodes of a cluster as places of the tree: also those without a guest, each with its load in coarse steps, so that rows do not flicker.
import type { Place } from '../../machines/provider.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';

const step = 0.05;

/** The provider with its nodes; `listed` is told after each list, with the key of the places before it. */
export function withPlaces(provider: ProxmoxProvider, listed: (provider: ProxmoxProvider & { places(): readonly Place[] }, before: string) => void): ProxmoxProvider {
  const places = (): readonly Place[] => (provider.cluster.latest()?.nodes ?? []).map(node => ({
    path: [node.name],
    online: node.online,
    ...(node.cpuFraction === undefined ? {} : { cpuFraction: coarse(node.cpuFraction) }),
    ...(node.memoryUsedBytes === undefined || node.memoryTotalBytes === undefined || node.memoryTotalBytes === 0 ? {} : { memoryFraction: coarse(node.memoryUsedBytes / node.memoryTotalBytes) }),
  }));
  const shown = {
    ...provider,
    places,
    list: async (signal: AbortSignal) => {
      const before = placesKey(places());
      const machines = await provider.list(signal);
      listed(shown, before);
      return machines;
    },
  };
  return shown;
}

export function placesKey(places: readonly Place[]): string {
  return JSON.stringify(places);
}

function coarse(fraction: number): number {
  return Math.round(Math.min(1, Math.max(0, fraction)) / step) * step;
}
