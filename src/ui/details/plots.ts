// Readings of a machine's load → the plots of the details page. Pure.
import type { Usage } from '../../machines/machine.ts';
import type { PlotView } from '../../../webview/details/messages.ts';
import { t } from '../l10n.ts';

/** Ten minutes of readings at one every two seconds. */
export const keptReadings = 300;

interface SeriesSource {
  readonly label: () => string;
  readonly value: (usage: Usage) => number | undefined;
}
const plots: readonly { readonly id: string; readonly title: () => string; readonly unit: PlotView['unit']; readonly most?: (usage: Usage) => number | undefined; readonly series: readonly SeriesSource[] }[] = [
  { id: 'cpu', title: () => t('CPU'), unit: 'percent', series: [{ label: () => t('CPU'), value: u => u.cpuFraction === undefined ? undefined : u.cpuFraction * 100 }] },
  { id: 'memory', title: () => t('Memory'), unit: 'bytes', most: u => u.memoryTotalBytes, series: [{ label: () => t('Used'), value: u => u.memoryUsedBytes }] },
  { id: 'disk', title: () => t('Disk'), unit: 'bytesPerSecond', series: [{ label: () => t('Read'), value: u => u.diskReadBytesPerSecond }, { label: () => t('Written'), value: u => u.diskWriteBytesPerSecond }] },
  { id: 'network', title: () => t('Network'), unit: 'bytesPerSecond', series: [{ label: () => t('In'), value: u => u.networkInBytesPerSecond }, { label: () => t('Out'), value: u => u.networkOutBytesPerSecond }] },
];

/** Plots that have at least one reading; gaps are null. */
export function plotsOf(readings: readonly Usage[]): { readonly times: readonly number[]; readonly plots: readonly PlotView[] } {
  return {
    times: readings.map(reading => reading.at / 1000),
    plots: plots.flatMap(({ id, title, unit, most, series }) => {
      const drawn = series.map(({ label, value }) => ({ label: label(), values: readings.map(reading => value(reading) ?? null) }));
      const top = readings.map(reading => most?.(reading)).findLast(value => value !== undefined);
      return drawn.some(({ values }) => values.some(value => value !== null)) ? [{ id, title: title(), unit, series: drawn, ...top === undefined ? {} : { most: top } }] : [];
    }),
  };
}

/** Old and new readings in order of time, each time once, the latest `keptReadings`. */
export function mergeReadings(old: readonly Usage[], fresh: readonly Usage[]): readonly Usage[] {
  const byTime = new Map([...old, ...fresh].map(reading => [reading.at, reading]));
  return [...byTime.values()].sort((a, b) => a.at - b.at).slice(-keptReadings);
}
