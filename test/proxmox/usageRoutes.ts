// rrddata: the last hour, day … of guests, nodes and storages, as curves that are the same for the same time.
import { needed, type Call, type Routes } from './call.ts';
import { usedBytes } from './volumes.ts';

/** Seconds a step, and how many, of each time frame. */
const frames: Readonly<Record<string, readonly [number, number]>> = { hour: [60, 70], day: [1800, 70], week: [10_800, 70], month: [43_200, 70], year: [604_800, 70], decade: [31_536_000, 10] };

function rows(call: Call, value: (wave: number, time: number) => Record<string, number> | undefined): Record<string, number>[] {
  const [step, count] = frames[needed(call, 'timeframe')] ?? [60, 70];
  const end = Math.floor(call.cluster.clock.seconds() / step) * step;
  return Array.from({ length: count }, (_, i) => {
    const time = end - (count - 1 - i) * step;
    return { time, ...value(0.5 + 0.5 * Math.sin(time / (step * 7)), time) };
  });
}

function guestData(call: Call): Record<string, number>[] {
  const guest = call.cluster.guest(call);
  const now = call.cluster.measure(guest);
  return rows(call, (wave, time) => {
    const fixed = { maxcpu: now.maxcpu, maxmem: now.maxmem, maxdisk: now.maxdisk, disk: 0 };
    if (guest.startedAt === undefined || time * 1000 < guest.startedAt) return fixed;
    return { ...fixed, cpu: 0.05 + 0.3 * wave, mem: now.maxmem * (0.3 + 0.2 * wave), netin: 1000 + 20_000 * wave, netout: 500 + 8000 * wave, diskread: 4000 * wave, diskwrite: 12_000 * wave, ...(call.cluster.atLeast(9) ? { memhost: now.maxmem * 0.5, pressurecpusome: wave / 10, pressurecpufull: 0, pressureiosome: 0, pressureiofull: 0, pressurememorysome: 0, pressurememoryfull: 0 } : {}) };
  });
}

export const usageRoutes: Routes = {
  'GET /nodes/{node}/qemu/{vmid}/rrddata': guestData,
  'GET /nodes/{node}/lxc/{vmid}/rrddata': guestData,
  'GET /nodes/{node}/rrddata': call => rows(call, wave => ({ cpu: 0.1 + 0.3 * wave, iowait: 0.01 * wave, loadavg: 2 * wave, maxcpu: call.node.cpus, memtotal: call.node.memoryBytes, memused: call.node.memoryBytes * (0.3 + 0.1 * wave), swaptotal: 8_589_934_592, swapused: 0, roottotal: call.node.rootBytes, rootused: call.node.rootBytes * 0.2, netin: 30_000 * wave, netout: 10_000 * wave, ...(call.cluster.atLeast(9) ? { memavailable: call.node.memoryBytes * 0.6, arcsize: 0, pressurecpusome: wave / 10, pressurecpufull: 0, pressureiosome: 0, pressureiofull: 0, pressurememorysome: 0, pressurememoryfull: 0 } : {}) })),
  'GET /nodes/{node}/storage/{storage}/rrddata': call => {
    const storage = call.cluster.state.storages.get(needed(call, 'storage'));
    return rows(call, wave => (storage ? { total: storage.totalBytes, used: usedBytes(call.cluster, storage, call.node.name) * (0.9 + 0.1 * wave) } : undefined));
  },
};
