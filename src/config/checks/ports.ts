// Host ports: one can lead to one machine only.
import type { CheckedMachine, FileCheck, HostFacts, MachineCheck } from './check.ts';
import { machineKind } from '../kinds.ts';
import { forwards, type Forward } from './values.ts';

const collide = (a: Forward, b: Forward): boolean => a.hostPort === b.hostPort && a.protocol === b.protocol && (a.hostIp === b.hostIp || a.hostIp === '' || b.hostIp === '');

export const duplicatePort: FileCheck = {
  code: 'duplicate-port',
  severity: 'error',
  about: 'A host port is forwarded twice. In one machine the second forward silently replaces the first (Vagrant says nothing); of two machines the second cannot start, or gets another port if `auto_correct` is set.',
  compare(machines, facts) {
    const byPort = new Map<string, { machine: number; forward: Forward }[]>();
    const all = machines.map(m => (machineKind(m.provider).local || m.provider === '' ? forwards(m.config) : []));
    const used = new Set(all.flat().map(f => f.hostPort));
    return all.flatMap((list, machine) => list.flatMap(forward => {
      const key = `${forward.protocol}/${String(forward.hostPort)}`;
      const before = byPort.get(key) ?? [];
      byPort.set(key, [...before, { machine, forward }]);
      const earlier = before.find(other => collide(other.forward, forward));
      if (!earlier) return [];
      const same = earlier.machine === machine;
      const free = freePort(forward.hostPort, used, facts);
      return [{
        machine, path: [...forward.path, 'host_port'],
        message: same ? 'Port {0} of this computer is forwarded twice: only the last one counts.' : 'Port {0} of this computer leads to "{1}" already.', values: [forward.hostPort, machines[earlier.machine]?.name ?? ''],
        ...(forward.autoCorrect && !same && { severity: 'information' as const }),
        related: [{ machine: earlier.machine, path: [...earlier.forward.path, 'host_port'], message: 'The first use of this port' }],
        fixes: portFixes(forward, free, !same),
      }];
    }));
  },
};

export const portTaken: MachineCheck = {
  code: 'port-taken',
  severity: 'warning',
  about: 'A program of this computer listens on this port now, so the machine could not start, or would get another port if `auto_correct` is set.',
  find(machine, facts) {
    const { takenPorts } = facts;
    if (!takenPorts || !machineKind(machine.provider).local || facts.running?.has(`${machine.provider}/${machine.name}`)) return [];
    const used = new Set(forwards(machine.config).map(f => f.hostPort));
    return forwards(machine.config).flatMap(forward => {
      const port = `${forward.protocol}/${String(forward.hostPort)}`;
      const [any, one] = [takenPorts.has(port), takenPorts.has(`${forward.protocol}/${forward.hostIp || '127.0.0.1'}:${String(forward.hostPort)}`)];
      if (!any && !one) return [];
      return [{ path: [...forward.path, 'host_port'], message: 'A program of this computer is listening on port {0} now.', values: [forward.hostPort], ...(forward.autoCorrect && { severity: 'information' as const }), fixes: portFixes(forward, freePort(forward.hostPort, used, facts), true) }];
    });
  },
};

export const lowPort: MachineCheck = {
  code: 'low-port',
  severity: 'warning',
  about: 'Ports below 1024 of a Linux or macOS computer are for root. VirtualBox, run by you, cannot listen there.',
  find(machine, facts) {
    if (facts.platform === undefined || facts.platform === 'win32' || machine.provider !== 'virtualbox') return [];
    return forwards(machine.config).filter(f => f.hostPort < 1024).map(forward => {
      const free = freePort(forward.hostPort === 80 ? 8079 : forward.hostPort === 443 ? 8442 : forward.hostPort + 7999, new Set(), facts);
      return { path: [...forward.path, 'host_port'], message: 'Only root may listen on port {0} of this computer: ports below 1024 are reserved.', values: [forward.hostPort], fixes: [{ title: 'Use port {0}', values: [free], changes: [{ kind: 'set', path: [...forward.path, 'host_port'], value: free }], preferred: true }] };
    });
  },
};

function portFixes(forward: Forward, free: number, canCorrect: boolean) {
  const path = forward.path;
  return [
    { title: 'Use port {0}', values: [free], changes: [{ kind: 'set' as const, path: [...path, 'host_port'], value: free }], preferred: true },
    ...(canCorrect && !forward.autoCorrect ? [{ title: 'Let Vagrant choose another port when it is taken', changes: [{ kind: 'set' as const, path: [...path, 'auto_correct'], value: true }] }] : []),
  ];
}

/** The next port up that neither the file nor, as far as is known, this computer uses. */
function freePort(from: number, used: ReadonlySet<number>, facts: HostFacts): number {
  for (let port = from + 1; port < 65536; port++) if (!used.has(port) && !facts.takenPorts?.has(`tcp/${String(port)}`)) return port;
  return from;
}

/** The ports that portTaken wants to know about. */
export function portsOf(machines: readonly CheckedMachine[]): readonly { readonly protocol: string; readonly hostIp: string; readonly port: number }[] {
  return machines.flatMap(m => (machineKind(m.provider).local ? forwards(m.config).map(f => ({ protocol: f.protocol, hostIp: f.hostIp, port: f.hostPort })) : []));
}
