// The Proxmox VE provider held to the clauses of the provider contract, on a stand-in cluster of each version that is asked beside it.
import { describe } from 'vitest';
import { machineId, parseMachineId } from '../../../src/machines/machine.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { holdToContract } from '../provider-contract.ts';
import { connect } from './standIn.ts';

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('Proxmox VE %s and the provider contract', version => {
  holdToContract('the Proxmox VE provider', ['lifecycle', 'rename', 'snapshots', 'cloning', 'suggestions'], async () => {
    const server = await startProxmox({
      version, nodes: ['pve', 'pve2'], speed: 200, authDelayMs: 10,
      guests: [{ vmid: 100, name: 'web', status: 'running' }, { vmid: 101, name: 'contract', status: 'stopped', storage: 'local-lvm' }],
    });
    return {
      provider: connect(server).provider,
      stopped: machineId('proxmox', 'lab', 'qemu/101'),
      unknown: 'qemu/9999',
      snapshotName: 'first_1',
      // What /cluster/resources says of names is as old as the last broadcast of pvestatd: ten seconds on a real node.
      namesLagMs: 5000,
      spec: name => ({ name, provider: 'proxmox', source: { kind: 'empty' }, cpus: 1, memoryMiB: 64, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} }),
      independently: async id => (server.state.guests.get(Number(parseMachineId(id).native.split('/')[1]))?.status === 'running' ? 'running' : 'stopped'),
      dispose: () => server.dispose(),
    };
  });
});
