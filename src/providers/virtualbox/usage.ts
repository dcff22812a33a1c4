// CPU, memory, disk and network use of a running machine. VBoxSVC samples; all windows read the same samples, and within one window readers of
// the same moment share one call.
import type { MachineId, Usage } from '../../machines/machine.ts';
import type { UsageSource } from '../../machines/provider.ts';
import type { Inventory } from './inventory.ts';
import type { Counters } from './parse/usage.ts';
import { parseCounters, parseMetrics } from './parse/usage.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';

const periodSeconds = 1;
const keptSamples = 60;
/** Readings kept here: ten minutes at one a second. */
const keptReadings = 600;
const shareMs = 500;
const metricNames = ['CPU/Load/User', 'CPU/Load/Kernel', 'RAM/Usage/Used'];

interface Track {
  readings: Usage[];
  counters?: { readonly at: number; readonly values: Counters };
  inFlight?: { readonly at: number; readonly promise: Promise<void> };
}

export function createUsage(tool: Tool, inventory: Inventory): UsageSource {
  const tracks = new Map<string, Track>();

  const sample = async (uuid: string, track: Track, signal: AbortSignal): Promise<void> => {
    const { clock, platform } = tool.doors;
    const ask = (): Promise<string> => tool.ask(requests.queryMetrics(uuid, metricNames), signal).then(answer => answer.stdout);
    const [first, statistics, file] = await Promise.all([ask(), tool.ask(requests.statistics(uuid), signal, () => true).then(answer => answer.stdout), inventory.machineFile(uuid)]);
    let metrics = parseMetrics(first);
    if (metrics.cpu.length === 0) {
      // Nobody has asked VBoxSVC to sample this run of the machine yet.
      await tool.ask(requests.setUpMetrics(uuid, periodSeconds, keptSamples), signal);
      metrics = parseMetrics(await ask());
    }
    const at = clock.now();
    const cpus = file?.cpus ?? 1;
    const memoryTotalBytes = file?.memoryMiB === undefined ? undefined : file.memoryMiB * 1024 * 1024;
    // VirtualBox counts against all processors of the host; the machine can use as many as it has CPUs.
    const fraction = (value: number): number => Math.min(1, Math.max(0, (value * platform.processors) / cpus));
    const counters = parseCounters(statistics);
    const rates = counters && track.counters ? ratesBetween(track.counters, { at, values: counters }) : {};
    if (counters) track.counters = { at, values: counters };
    // Nothing to measure: it does not run.
    if (!counters && metrics.cpu.length === 0) return;
    // The first time, what VBoxSVC remembers is the past; afterwards only the newest sample is new.
    const back = track.readings.length === 0 ? metrics.cpu.length : 1;
    for (let age = Math.max(0, back - 1); age >= 0; age--) {
      const cpu = metrics.cpu.at(-1 - age);
      const memory = metrics.memoryBytes.at(-1 - age);
      track.readings.push({
        at: at - age * periodSeconds * 1000,
        ...(cpu === undefined ? {} : { cpuFraction: fraction(cpu) }),
        ...(memory === undefined ? {} : { memoryUsedBytes: memory }),
        ...(memoryTotalBytes === undefined ? {} : { memoryTotalBytes }),
        ...(age === 0 ? rates : {}),
      });
    }
    track.readings = track.readings.slice(-keptReadings);
  };

  return {
    async read(id: MachineId, since: number, signal: AbortSignal) {
      const uuid = nativeId(id);
      let track = tracks.get(uuid);
      if (!track) tracks.set(uuid, (track = { readings: [] }));
      const now = tool.doors.clock.now();
      if (!track.inFlight || now - track.inFlight.at >= shareMs) track.inFlight = { at: now, promise: sample(uuid, track, signal) };
      try {
        await track.inFlight.promise;
      } catch (error) {
        // The machine stopped, or was never running: what is known of its past does not belong to its next run.
        tracks.delete(uuid);
        throw error;
      }
      return track.readings.filter(reading => reading.at > since);
    },
  };
}

function ratesBetween(before: { readonly at: number; readonly values: Counters }, now: { readonly at: number; readonly values: Counters }): Partial<Usage> {
  const seconds = (now.at - before.at) / 1000;
  if (seconds <= 0) return {};
  // Counters start again with the machine: a fall is a new run, not a negative rate.
  const rate = (key: keyof Counters): number => Math.max(0, now.values[key] - before.values[key]) / seconds;
  return { diskReadBytesPerSecond: rate('diskReadBytes'), diskWriteBytesPerSecond: rate('diskWrittenBytes'), networkInBytesPerSecond: rate('networkInBytes'), networkOutBytesPerSecond: rate('networkOutBytes') };
}
