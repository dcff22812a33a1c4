// High availability on the stand-in cluster: moves that the manager makes, refuses or sleeps over; groups up to 8, rules from 9; pools.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/machines/clock.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import { connect, context, named, signal } from './standIn.ts';

/** A minute of patience in two seconds. */
function hurried(times: number): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * times,
    sleep: (milliseconds, stop) => new Promise((resolve, reject) => {
      const cancel = (): void => { clearTimeout(timer); reject(new GaiaError('cancelled', { message: 'Cancelled.' })); };
      const timer = setTimeout(() => { stop?.removeEventListener('abort', cancel); resolve(); }, milliseconds / times);
      stop?.addEventListener('abort', cancel, { once: true });
    }),
  };
}

async function failure(promise: Promise<unknown>): Promise<GaiaError> {
  const error = await promise.then(() => new Error('it did not fail'), (caught: unknown) => caught);
  if (!(error instanceof GaiaError)) throw error;
  return error;
}

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('high availability, Proxmox VE %s', version => {
  let server: ProxmoxServer;
  let provider: ProxmoxProvider;
  const rules = version === '9.1';

  beforeAll(async () => {
    server = await startProxmox({
      version, nodes: ['pve1', 'pve2', 'pve3'], speed: 200, authDelayMs: 10,
      guests: [
        { vmid: 100, name: 'shared', status: 'running', ha: 'started', storage: 'shared', node: 'pve1' },
        { vmid: 101, name: 'local', status: 'running', ha: 'started', storage: 'local-lvm', node: 'pve1' },
        { vmid: 102, name: 'other', status: 'running', ha: 'started', storage: 'shared', node: 'pve1' },
      ],
    });
    ({ provider } = connect(server, { clock: hurried(30) }));
    for (let round = 0; round < 3; round++) server.cluster.ha.tick();
    server.cluster.broadcast();
  });
  afterAll(async () => {
    expect(server.violations).toEqual([]);
    await server.dispose();
  });

  it('says why the manager gave a move up, as soon as its task has failed', async () => {
    const { id } = await named(provider, 'local');
    const seen = context();
    const error = await failure(provider.migration!.migrate(id, { target: 'pve2' }, seen));
    expect(error.message).toMatch(/only exists on its node|local/i);
    expect(error.detail.raw).toContain("can't live migrate attached local disks");
    expect(error.detail.left).toContain('still on its old node');
    expect(seen.lines.join('\n')).toContain('starting migration of VM 101');
    expect(server.state.guests.get(101)?.node).toBe('pve1');
  });

  it('follows the task of the manager to its end', async () => {
    const { id } = await named(provider, 'shared');
    const seen = context();
    await provider.migration!.migrate(id, { target: 'pve2' }, seen);
    expect(server.state.guests.get(100)?.node).toBe('pve2');
    expect((await named(provider, 'shared')).path).toEqual(['pve2']);
    expect(seen.lines.join('\n')).toContain('migration finished successfully');
  });

  it('gives up after a minute of silence, and says what the manager says', async () => {
    server.cluster.ha.acts = false;
    const { id } = await named(provider, 'shared');
    const error = await failure(provider.migration!.migrate(id, { target: 'pve1' }, context()));
    server.cluster.ha.acts = true;
    expect(error.code).toBe('partial');
    expect(error.message).toMatch(/60 seconds/);
    expect(error.detail.values).toContain('started');
  });

  it('explains before the start that a strict group or rule keeps a machine on its nodes', async () => {
    const { id } = await named(provider, 'other');
    expect(await provider.cluster.haRuleKind(signal())).toBe(rules ? 'rules' : 'groups');
    await provider.cluster.addHaRule({ name: 'near', nodes: ['pve1:2', 'pve3'], resources: ['vm:102'], strict: true, comment: 'close to the disks' }, signal());
    if (!rules) await provider.availability!.set(id, { managed: true, group: 'near' }, context());
    server.cluster.broadcast();
    const targets = await provider.migration!.targets(id, signal());
    expect(targets.find(target => target.name === 'pve2')?.refused).toBe('High availability keeps it on pve1, pve3 (near).');
    const fits = targets.find(target => target.name === 'pve3');
    expect(fits?.refused).toBeUndefined();
    expect(fits?.detail).toContain('high availability moves it');
    const before = server.cluster.tasks.all.length;
    expect((await failure(provider.migration!.migrate(id, { target: 'pve2' }, context()))).message).toContain('keeps it on pve1, pve3');
    expect(server.cluster.tasks.all.length).toBe(before);
  });

  it('changes and removes groups or rules', async () => {
    await provider.cluster.changeHaRule({ name: 'near', nodes: ['pve1', 'pve2'], strict: false, comment: 'anywhere' }, signal());
    const [near] = (await provider.cluster.haRules(signal())).filter(rule => rule.name === 'near');
    expect(near).toMatchObject({ nodes: ['pve1', 'pve2'], strict: false, comment: 'anywhere', type: rules ? 'node-affinity' : 'group' });
    expect((await failure(provider.cluster.addHaRule({ name: 'near', nodes: ['pve1'], resources: ['vm:102'] }, signal()))).code).toBe('alreadyExists');
    expect((await failure(provider.cluster.addHaRule({ name: '9', nodes: ['pve1'], resources: ['vm:102'] }, signal()))).code).toBe('invalidInput');
    if (rules) {
      await provider.cluster.addHaRule({ name: 'apart', affinity: 'negative', resources: ['vm:100', 'vm:102'] }, signal());
      await provider.cluster.changeHaRule({ name: 'apart', disabled: true }, signal());
      expect((await provider.cluster.haRules(signal())).find(rule => rule.name === 'apart')).toMatchObject({ type: 'resource-affinity', affinity: 'negative', disabled: true });
      await provider.cluster.changeHaRule({ name: 'apart', disabled: false, affinity: 'positive' }, signal());
      expect((await provider.cluster.haRules(signal())).find(rule => rule.name === 'apart')).toMatchObject({ affinity: 'positive', disabled: false });
      await provider.cluster.removeHaRule('apart', signal());
    } else expect((await failure(provider.cluster.addHaRule({ name: 'apart', affinity: 'negative', resources: ['vm:100', 'vm:102'] }, signal()))).code).toBe('notSupported');
    const { id } = await named(provider, 'other');
    await provider.availability!.set(id, { managed: true, group: '' }, context());
    expect(await provider.availability!.get(id, signal())).not.toHaveProperty('group');
    if (!rules) await provider.cluster.removeHaRule('near', signal());
    expect((await provider.cluster.haRules(signal())).map(rule => rule.name)).toEqual([]);
  });

  it('makes pools, puts machines in, and deletes pools', async () => {
    await provider.cluster.createPool('lab', 'for trying', signal());
    expect(await provider.cluster.pools(signal())).toEqual([{ name: 'lab', comment: 'for trying' }]);
    expect((await failure(provider.cluster.createPool('a b', undefined, signal()))).code).toBe('invalidInput');
    await provider.cluster.deletePool('lab', signal());
    expect(await provider.cluster.pools(signal())).toEqual([]);
  });
});
