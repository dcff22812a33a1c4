// The machines of `npm start -- --demo`: a handful of real VMs in a private VirtualBox under .run/, made once.
import { privateVirtualBox } from '../test/rig/virtualbox.mjs';

/** name, group, size; `then` brings the machine into its state. */
const machines = [
  { name: 'web', group: '/shop', cpus: 2, memoryMiB: 128, diskMiB: 8192, osType: 'Debian_64', modify: ['--natpf1', 'http,tcp,127.0.0.1,8080,,80', '--natpf1', 'ssh,tcp,127.0.0.1,2222,,22'] },
  { name: 'database', group: '/shop', cpus: 2, memoryMiB: 192, diskMiB: 20480, osType: 'Ubuntu_64', modify: ['--description', 'Orders and customers'], then: withSnapshots },
  { name: 'build agent', group: '/ci', cpus: 1, memoryMiB: 96, diskMiB: 4096, osType: 'Fedora_64', then: suspended },
  { name: 'windows 11', group: '/lab', cpus: 2, memoryMiB: 256, diskMiB: 65536, osType: 'Windows11_64' },
  { name: 'scratch', cpus: 1, memoryMiB: 64 },
];
const running = 'web';

async function withSnapshots(box, id) {
  await box.run(['snapshot', id, 'take', 'installed', '--description', 'Fresh from the installer']);
  await box.run(['snapshot', id, 'take', 'before the upgrade', '--description', 'Version 16, all tests green']);
}

async function suspended(box, id) {
  await box.run(['startvm', id, '--type', 'headless']);
  await box.run(['controlvm', id, 'savestate']);
}

/** The demo's VirtualBox. `prepare` makes its machines the first time and has one running; `close` suspends what runs: nothing is lost. */
export async function openDemo(folder) {
  const box = await privateVirtualBox({ folder });
  const names = async list => [...(await box.run(['list', list])).matchAll(/^"(.*)" \{([0-9a-f-]{36})\}\r?$/gm)].map(match => ({ name: match[1], id: match[2] }));
  return {
    variables: box.variables,
    async prepare() {
      const there = await names('vms');
      for (const { then, ...machine } of machines) {
        // Only an untouched demo is made whole: what the person deleted or renamed stays so.
        if (there.length) break;
        const id = await box.createVm(machine);
        await then?.(box, id);
      }
      const first = (await names('vms')).find(machine => machine.name === running);
      if (first && !(await names('runningvms')).some(machine => machine.id === first.id)) await box.call(['startvm', first.id, '--type', 'headless']);
    },
    async close() {
      await Promise.all((await names('runningvms').catch(() => [])).map(({ id }) => box.call(['controlvm', id, 'savestate']).catch(() => {})));
      await box.dispose();
    },
  };
}
