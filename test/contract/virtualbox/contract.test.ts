// The VirtualBox provider held to the clauses of the provider contract, on a real VirtualBox that is asked beside it.
import { parseMachineId } from '../../../src/machines/machine.ts';
import type { MachineState } from '../../../src/machines/machine.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { describe } from 'vitest';
import { privateVirtualBox, virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { holdToContract } from '../provider-contract.ts';

/** VirtualBox's words (showvminfo) that this test can meet. */
const words: Readonly<Record<string, MachineState>> = { running: 'running', poweroff: 'stopped', aborted: 'stopped', saved: 'suspended', paused: 'paused' };

const missing = virtualBoxMissing();
describe.skipIf(missing)(`VirtualBox and the provider contract${missing ? ` (skipped: ${missing})` : ''}`, () => {
  holdToContract('the VirtualBox provider', ['lifecycle', 'rename', 'snapshots', 'cloning', 'watch', 'suggestions'], async () => {
    const box = await privateVirtualBox();
    Object.assign(process.env, box.variables);
    const provider = createVirtualBoxProvider({ settings: () => ({}), record: () => undefined });
    await box.createVm({ name: 'contract', cpus: 1, memoryMiB: 64, diskMiB: 16 });
    // One that runs keeps VBoxSVC alive: without clients it ends after five seconds, in the middle of a test on a busy computer.
    await box.run(['startvm', await box.createVm({ name: `we"b 'ü' <1>`, group: '/lab', memoryMiB: 64 }), '--type', 'headless']);
    const stopped = (await provider.list(new AbortController().signal)).find(machine => machine.name === 'contract');
    if (!stopped) throw new Error('the machine of this test is not in the list');
    return {
      provider,
      stopped: stopped.id,
      unknown: '00000000-0000-4000-8000-000000000000',
      // The rig has no kernel driver: a machine that really runs needs the interpreter.
      spec: name => ({ name, provider: 'virtualbox', source: { kind: 'empty' }, cpus: 1, memoryMiB: 64, disks: [{ sizeBytes: 16 * 2 ** 20 }], networks: [], portForwards: [], sharedFolders: [], options: { 'vm-execution-engine': 'interpreter' } }),
      independently: async id => words[(await box.state(parseMachineId(id).native)) ?? ''] ?? 'unknown',
      dispose: () => box.dispose(),
    };
  });
});
