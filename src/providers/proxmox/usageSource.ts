// Load of one guest. History comes from the server's round-robin data; while somebody watches, each tick is one look at status/current.
import type { MachineId, Usage } from '../../machines/machine.ts';
import type { UsageSource } from '../../machines/provider.ts';
import { number, present, record } from './fields.ts';
import { parseUsage } from './parse.ts';
import type { Row } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Timeframe } from './requests.ts';

interface Counters {
  readonly at: number;
  readonly row: Row;
}

/** A caller that asks for no more than this much past is watching live. */
const liveMs = 90_000;

export function createUsage(deps: PartDeps): UsageSource {
  const last = new Map<MachineId, Counters>();
  return {
    read: async (id, since, signal) => {
      const { guest } = await deps.directory.find(deps.calls, id, signal);
      const now = deps.now();
      const before = last.get(id);
      if (now - since > liveMs && since < (before?.at ?? Number.POSITIVE_INFINITY)) {
        const history = parseUsage((await deps.calls.get(requests.usage(guest, timeframeFor(now - since)), signal)).data);
        return history.filter(reading => reading.at >= since && isMeasured(reading));
      }
      const row = record((await deps.calls.get(requests.status(guest), signal)).data);
      last.set(id, { at: now, row });
      return [reading(now, row, before)];
    },
  };
}

/** A row without a measurement says only when it was not measured. */
function isMeasured(reading: Usage): boolean {
  return Object.keys(reading).length > 1;
}

/** Rates from two looks at counters that only grow; after a restart they begin anew. */
export function reading(at: number, row: Row, before: Counters | undefined): Usage {
  const rate = (key: string): number | undefined => {
    const now = number(row[key]);
    const then = before === undefined ? undefined : number(before.row[key]);
    if (now === undefined || then === undefined || before === undefined || now < then || at <= before.at) return undefined;
    return ((now - then) * 1000) / (at - before.at);
  };
  return present<Usage>({
    at,
    cpuFraction: number(row['cpu']),
    memoryUsedBytes: number(row['mem']),
    memoryTotalBytes: number(row['maxmem']),
    diskReadBytesPerSecond: rate('diskread'),
    diskWriteBytesPerSecond: rate('diskwrite'),
    networkInBytesPerSecond: rate('netin'),
    networkOutBytesPerSecond: rate('netout'),
  });
}

export function timeframeFor(spanMs: number): Timeframe {
  const hour = 3_600_000;
  if (spanMs <= hour) return 'hour';
  if (spanMs <= 24 * hour) return 'day';
  if (spanMs <= 7 * 24 * hour) return 'week';
  return spanMs <= 31 * 24 * hour ? 'month' : 'year';
}
