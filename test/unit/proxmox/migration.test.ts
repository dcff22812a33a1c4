// What stands against a move: preconditions as the server tells them, and what high availability will not do.
import { describe, expect, it } from 'vitest';
import { parseHaStatus } from '../../../src/providers/proxmox/availability.ts';
import { obstaclesOf } from '../../../src/providers/proxmox/haMigration.ts';
import { parseGroups, parseRules } from '../../../src/providers/proxmox/haRules.ts';
import { parseMigrationCheck, rankTargets } from '../../../src/providers/proxmox/migrate.ts';
import type { NodeInfo } from '../../../src/providers/proxmox/resources.ts';

const status = (more: readonly object[] = []) => parseHaStatus([
  { id: 'quorum', type: 'quorum', node: 'pve1', status: 'OK', quorate: 1 },
  { id: 'lrm:pve2', type: 'lrm', node: 'pve2', status: 'pve2 (maintenance mode, Wed Nov 25 02:00:00 2026)' },
  { id: 'lrm:pve3', type: 'lrm', node: 'pve3', status: 'pve3 (old timestamp - dead?, Wed Nov 25 01:00:00 2026)' },
  { id: 'service:vm:100', type: 'service', sid: 'vm:100', node: 'pve1', crm_state: 'started', request_state: 'started', status: 'vm:100 (pve1, started)' },
  ...more,
]);
const nodes = ['pve1', 'pve2', 'pve3', 'pve4'];

describe('what high availability will not do', () => {
  it('moves nothing onto a node in maintenance, or whose manager is dead', () => {
    const { everywhere, nodes: refused } = obstaclesOf('vm:100', nodes, status(), []);
    expect(everywhere).toBeUndefined();
    expect([...refused]).toEqual([['pve2', 'The node is in maintenance.'], ['pve3', 'High availability does not run on this node.']]);
  });
  it('does nothing without a quorum, and nothing to a machine in error', () => {
    expect(obstaclesOf('vm:100', nodes, parseHaStatus([{ id: 'quorum', type: 'quorum', status: 'No quorum on node pve1!' }]), []).everywhere).toContain('no quorum');
    const failed = parseHaStatus([{ id: 'service:vm:100', type: 'service', sid: 'vm:100', crm_state: 'error', request_state: 'started', status: 'vm:100 (pve1, error)' }]);
    expect(obstaclesOf('vm:100', nodes, failed, []).everywhere).toContain('after an error');
  });
  it('keeps a machine on the nodes of a strict group or rule, whatever their priorities', () => {
    const rules = parseRules([{ rule: 'near', type: 'node-affinity', resources: 'vm:100', nodes: 'pve1:2,pve4', strict: 1 }]);
    expect(obstaclesOf('vm:100', nodes, [], rules).nodes.get('pve2')).toBe('High availability keeps it on pve1, pve4 (near).');
    expect(obstaclesOf('vm:100', nodes, [], rules).nodes.has('pve4')).toBe(false);
    expect(obstaclesOf('vm:100', nodes, [], parseGroups([{ group: 'near', nodes: 'pve1', restricted: 0 }])).nodes.size).toBe(0);
  });
});

describe('preconditions', () => {
  it('reads them as machines spell them and as containers do', () => {
    expect(parseMigrationCheck({ running: 1, allowed_nodes: ['pve2'], not_allowed_nodes: { pve3: { unavailable_storages: ['fast'] } }, local_disks: [], local_resources: [] })).toMatchObject({ allowed: ['pve2'], refused: new Map([['pve3', 'The storage fast is not there.']]) });
    expect(parseMigrationCheck({ running: true, 'allowed-nodes': ['pve2'], 'not-allowed-nodes': { pve3: { 'blocking-ha-resources': [{ sid: 'vm:101', cause: 'resource-affinity' }] } }, 'dependent-ha-resources': ['vm:102'] })).toMatchObject({ allowed: ['pve2'], refused: new Map([['pve3', 'High availability keeps it away (vm:101).']]), companions: ['vm:102'] });
  });
  it('puts the node with most room first, and says what goes along', () => {
    const node = (name: string, usedGiB: number): NodeInfo => ({ name, online: true, status: 'online', memoryTotalBytes: 64 * 2 ** 30, memoryUsedBytes: usedGiB * 2 ** 30, cpuFraction: 0.1 });
    const checked = parseMigrationCheck({ running: 1, local_disks: [{ volid: 'local-lvm:vm-100-disk-0', size: 8 * 2 ** 30 }], local_resources: [], 'dependent-ha-resources': ['vm:102'] });
    const ranked = rankTargets('pve1', [node('pve1', 0), node('pve2', 40), node('pve3', 10), node('pve4', 63)], checked, 4 * 2 ** 30, { nodes: new Map() });
    expect(ranked.map(target => [target.name, target.refused])).toEqual([['pve3', undefined], ['pve2', undefined], ['pve4', 'It has not enough free memory.']]);
    expect(ranked[0]?.detail).toBe('50 GiB free after it · CPU 10 % · 8.0 GiB of local disks are copied · high availability moves it · vm:102 goes with it');
  });
});
