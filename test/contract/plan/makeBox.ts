// A Vagrant box made on the spot, for tests.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';

/** A Vagrant box of a tiny machine that really starts here. */
export async function makeBox(vbox: PrivateVirtualBox, folder: string, vagrantfile = 'Vagrant.configure("2") { |config| config.vm.base_mac = "080027AABBCC" }\n'): Promise<string> {
  const source = await vbox.createVm({ name: 'box-source', memoryMiB: 64, diskMiB: 16 });
  const made = path.join(folder, 'box');
  fs.mkdirSync(made);
  await vbox.run(['export', source, '--output', path.join(made, 'box.ovf')]);
  await vbox.run(['unregistervm', source, '--delete']);
  fs.writeFileSync(path.join(made, 'metadata.json'), '{"provider":"virtualbox"}');
  fs.writeFileSync(path.join(made, 'Vagrantfile'), vagrantfile);
  const file = path.join(folder, 'tiny.box');
  execFileSync('tar', ['-C', made, '-czf', file, '.']);
  return file;
}
