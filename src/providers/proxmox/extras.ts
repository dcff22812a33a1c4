// Verbs that only Proxmox VE has: in its machines' menu, under their own group.
import { GaiaError } from '../../machines/errors.ts';
import type { ExtraVerb } from '../../machines/provider.ts';
import type { Backups } from './backups.ts';
import type { ClusterInfo } from './clusterInfo.ts';
import { deleteMachine, deletionPreview } from './lifecycle.ts';
import { parsePending } from './parse.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';

export function createExtras(deps: PartDeps, backups: Backups, cluster: ClusterInfo): readonly ExtraVerb[] {
  const { calls, directory } = deps;
  const isVm = (kind: string): boolean => kind === 'vm';
  return [
    {
      id: 'backup',
      title: 'Back Up Now',
      icon: 'archive',
      available: machine => machine.lock === undefined,
      input: { prompt: 'Storage for the backup (empty: the one with most room)', value: '' },
      run: async (id, input, context) => { await backups.run(id, input === undefined || input.trim() === '' ? {} : { storage: input.trim() }, context); },
    },
    {
      id: 'convertToTemplate',
      title: 'Convert to Template',
      icon: 'file-symlink-directory',
      available: machine => machine.template !== true && machine.state === 'stopped' && machine.lock === undefined,
      confirm: 'Turn {0} into a template? It can then be cloned, but never be started again.',
      run: async (id, _input, context) => {
        const { guest, machine } = await directory.find(calls, id, context.signal);
        await calls.run(requests.makeTemplate(guest), context, { machine: machine.name });
        directory.forget();
      },
    },
    {
      id: 'setPool',
      title: 'Move to Pool…',
      icon: 'folder',
      available: () => true,
      input: { prompt: 'Pool (empty: none)' },
      run: async (id, input, context) => {
        const { guest, machine } = await directory.find(calls, id, context.signal);
        const pool = input?.trim() === '' ? undefined : input?.trim();
        await cluster.setPool(guest, pool, machine.pool, context.signal);
      },
    },
    {
      id: 'revertPending',
      title: 'Drop Pending Changes',
      icon: 'discard',
      available: machine => machine.template !== true && machine.lock === undefined,
      confirm: 'Drop the changes of {0} that wait for its next start?',
      run: async (id, _input, context) => {
        const { guest } = await directory.find(calls, id, context.signal);
        const keys = Object.keys(parsePending((await calls.get(requests.pending(guest), context.signal)).data));
        if (keys.length === 0) throw new GaiaError('wrongState', { message: 'No change waits for its next start.' });
        await calls.change(requests.setConfig(guest, { revert: keys.join(',') }), context.signal);
      },
    },
    {
      id: 'regenerateCloudInit',
      title: 'Regenerate Cloud-Init Image',
      icon: 'cloud',
      available: machine => isVm(machine.kind) && machine.template !== true && machine.lock === undefined,
      run: async (id, _input, context) => {
        const { guest } = await directory.find(calls, id, context.signal);
        await calls.change(requests.regenerateCloudInit(guest), context.signal);
      },
    },
    {
      id: 'deleteAndPurge',
      title: 'Delete, and Purge from Jobs and High Availability',
      icon: 'trash',
      available: machine => (machine.state === 'stopped' || machine.state === 'suspended') && machine.protection === undefined,
      confirm: 'Delete {0} with its disks, and take it out of backup jobs, replication and high availability?',
      losses: (id, signal) => deletionPreview(deps, id, signal),
      run: (id, _input, context) => deleteMachine(deps, id, { disks: 'delete', purge: true }, context),
    },
    {
      id: 'deleteWithAllVolumes',
      title: 'Delete, Purge and Destroy Unreferenced Disks',
      icon: 'trash',
      available: machine => (machine.state === 'stopped' || machine.state === 'suspended') && machine.protection === undefined,
      confirm: 'Delete {0}, take it out of backup jobs, replication and high availability, and destroy EVERY volume with its number on all storages, also ones that no machine uses?',
      losses: (id, signal) => deletionPreview(deps, id, signal, { unreferenced: true }),
      run: (id, _input, context) => deleteMachine(deps, id, { disks: 'delete', purge: true, unreferenced: true }, context),
    },
  ];
}
