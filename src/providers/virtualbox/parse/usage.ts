// Readings of a running machine: `metrics query` (CPU and memory of its process) and `debugvm statistics` (bytes its disks and adapters moved).

export interface Metrics {
  /** 0–1 of the host's processors, oldest first. */
  readonly cpu: readonly number[];
  readonly memoryBytes: readonly number[];
}

/** `0.00%, 0.50%` and `85340 kB, 86492 kB`; a metric without samples has an empty value. Windows' decimal comma would part the numbers: they always have a unit. */
export function parseMetrics(stdout: string): Metrics {
  const values = new Map<string, readonly number[]>();
  for (const match of stdout.matchAll(/^.*?\s(CPU\/Load\/User|CPU\/Load\/Kernel|RAM\/Usage\/Used)\s+(.*)$/gm)) {
    values.set(match[1] as string, [...(match[2] as string).matchAll(/(\d+(?:[.,]\d+)?)\s*(%|kB|MB|B)/g)].map(sample => Number((sample[1] as string).replace(',', '.')) * unit(sample[2] as string)));
  }
  const user = values.get('CPU/Load/User') ?? [];
  const kernel = values.get('CPU/Load/Kernel') ?? [];
  return { cpu: user.map((value, index) => value + (kernel[index] ?? 0)), memoryBytes: values.get('RAM/Usage/Used') ?? [] };
}

function unit(word: string): number {
  return { '%': 0.01, kB: 1024, MB: 1024 * 1024 }[word] ?? 1;
}

export interface Counters {
  readonly diskReadBytes: number;
  readonly diskWrittenBytes: number;
  readonly networkInBytes: number;
  readonly networkOutBytes: number;
}

/** Sums over all disks and adapters, since the machine started. undefined = the answer holds none. */
export function parseCounters(stdout: string): Counters | undefined {
  const sums = { BytesRead: 0, BytesWritten: 0, BytesReceived: 0, BytesTransmitted: 0 };
  let found = false;
  for (const match of stdout.matchAll(/<Counter c="(\d+)"[^>]*name="\/Public\/(?:Storage|NetAdapter)\/[^"]*\/(BytesRead|BytesWritten|BytesReceived|BytesTransmitted)"/g)) {
    sums[match[2] as keyof typeof sums] += Number(match[1]);
    found = true;
  }
  return found ? { diskReadBytes: sums.BytesRead, diskWrittenBytes: sums.BytesWritten, networkInBytes: sums.BytesReceived, networkOutBytes: sums.BytesTransmitted } : undefined;
}
