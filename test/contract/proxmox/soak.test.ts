// Many operations with random faults on the stand-in: none lost, none doubled, nothing left open, no secret anywhere.
// 120 operations by default; `GAIA_SOAK=10000 npm run test:contract -- soak` for the long one.
import { afterAll, describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { machineId } from '../../../src/machines/machine.ts';
import { startProxmox } from '../../proxmox/server.ts';
import { connect, context, signal } from './standIn.ts';

const total = Number(process.env['GAIA_SOAK'] ?? 120);
const lanes = 8;
const rejections: unknown[] = [];
const note = (reason: unknown): void => void rejections.push(reason);
process.on('unhandledRejection', note);
afterAll(() => void process.off('unhandledRejection', note));

describe('soak', () => {
  it(`${total} operations with random faults`, { timeout: 60_000 + total * 1500 }, async () => {
    const server = await startProxmox({ nodes: ['pve1', 'pve2'], speed: 2000, authDelayMs: 5, guests: Array.from({ length: lanes }, (_unused, lane) => ({ vmid: 200 + lane, name: `lane-${lane}`, storage: 'shared', node: lane % 2 ? 'pve2' : 'pve1' })) });
    const texts: string[] = [];
    const password = 'Pa55-word-of-the-soak';
    server.state.users.get('root@pam')!.password = password;
    const { provider, records } = connect(server, { connection: { id: 'lab', label: 'Lab', hosts: Object.values(server.ports).map(port => `${server.host}:${port}`), port: server.port, auth: { kind: 'password', user: 'root', realm: 'pam' }, certificates: connectCertificates(server) }, secrets: () => Promise.resolve({ password }) });
    const counts = { done: 0, failed: 0, unclear: 0 };
    const made = new Map<string, 'made' | 'unclear' | 'failed'>();
    const timersBefore = process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
    server.faults.random(7, 0.04, [{ kind: 'reset' }, { kind: 'lostAnswer' }, { kind: 'halfBody' }, { kind: 'delay', milliseconds: 20 }, { kind: 'answer', status: 596, reason: 'Connection timed out' }, { kind: 'answer', status: 500, reason: "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout" }, { kind: 'answer', status: 401, reason: 'permission denied - invalid PVE ticket' }]);
    let heapEarly = 0;

    const lane = async (index: number): Promise<void> => {
      const id = machineId('proxmox', 'lab', `qemu/${200 + index}`);
      const guest = () => server.state.guests.get(200 + index)!;
      const run = async (name: string, act: () => Promise<unknown>, holds: () => boolean): Promise<boolean> => {
        try {
          await act();
          counts.done++;
          // Said to be done: then it is.
          expect(holds(), `${name} was said to be done, but is not`).toBe(true);
          return true;
        } catch (error) {
          if (!(error instanceof GaiaError)) throw error;
          texts.push(error.message, JSON.stringify(error.detail));
          if (error.detail.left === undefined) counts.failed++;
          else counts.unclear++;
          return false;
        }
      };
      for (let round = 0; round < total / lanes; round++) {
        const seen = context();
        switch (round % 5) {
          case 0:
            await run('start', () => provider.power.start(id, {}, seen), () => guest().status === 'running');
            break;
          case 1:
            await run('stop', () => provider.power.powerOff(id, seen), () => guest().status === 'stopped');
            break;
          case 2: {
            const name = `s${index}-${round}`;
            if (await run('snapshot', () => provider.snapshots!.take(id, { name, memory: false }, seen), () => JSON.stringify(guest()).split(`"${name}"`).length > 1)) {
              await run('delete snapshot', () => provider.snapshots!.delete(id, name, seen), () => true);
            }
            break;
          }
          case 3:
            await run('resize', () => provider.lifecycle!.resize!(id, { memoryMiB: 1024 + round }, seen), () => true);
            break;
          default: {
            const name = `made-${index}-${round}`;
            const spec: MachineSpec = { name, provider: 'proxmox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: { node: 'pve1', storage: 'local-lvm' } };
            try {
              const created = await provider.lifecycle!.create(spec, seen);
              counts.done++;
              made.set(name, 'made');
              const vmid = Number(created.split('/').at(-1));
              await run('delete', () => provider.lifecycle!.delete(created, { disks: 'delete' }, seen), () => server.state.guests.get(vmid)?.config['name'] !== name);
            } catch (error) {
              if (!(error instanceof GaiaError)) throw error;
              texts.push(error.message, JSON.stringify(error.detail));
              made.set(name, error.detail.left === undefined ? 'failed' : 'unclear');
              counts[error.detail.left === undefined ? 'failed' : 'unclear']++;
            }
          }
        }
        texts.push(...seen.lines);
        // A second machine of one name would be a create done twice.
        const names = [...server.state.guests.values()].map(one => String(one.config['name'] ?? one.config['hostname'] ?? one.vmid));
        expect(new Set(names).size, 'an operation was done twice').toBe(names.length);
        if (index === 0 && round === Math.min(20, Math.floor(total / lanes / 4))) heapEarly = process.memoryUsage().heapUsed;
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_unused, index) => lane(index)));
    server.faults.clear();

    // What was said to have failed outright is not there.
    const machines = await provider.list(signal());
    for (const [name, how] of made) if (how === 'failed') expect(machines.some(machine => machine.name === name), `${name} failed, but is there`).toBe(false);
    expect(counts.done).toBeGreaterThan(total * 0.6);
    expect(counts.unclear).toBeLessThan(total * 0.05);
    expect(server.violations).toEqual([]);
    expect(rejections).toEqual([]);

    const ticket = /PVE:root@pam:[0-9A-F]{8}::[\w+/=]+/;
    for (const text of [...texts, ...records.map(record => `${record.text}\n${record.output ?? ''}`)]) {
      expect(text).not.toContain(password);
      expect(text).not.toMatch(ticket);
    }
    // Kept-alive connections end by themselves within seconds.
    for (let wait = 0; wait < 80 && server.connections() > 0; wait++) await new Promise(resolve => setTimeout(resolve, 100));
    expect(server.connections()).toBe(0);
    expect(process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length).toBeLessThanOrEqual(timersBefore + 4);
    const grownMiB = (process.memoryUsage().heapUsed - heapEarly) / 2 ** 20;
    console.log(`soak: ${counts.done} done, ${counts.failed} failed, ${counts.unclear} unclear, ${server.requests.length} requests, heap ${grownMiB.toFixed(1)} MiB`);
    await server.dispose();
  });
});

function connectCertificates(server: Awaited<ReturnType<typeof startProxmox>>) {
  return Object.fromEntries([...server.state.nodes.values()].map(node => [`${server.host}:${node.port}`, { pem: node.certificate.certificate, fingerprint: node.certificate.fingerprint }]));
}
