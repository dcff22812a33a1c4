// A Vagrant box made on the spot, for tests.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';

/** A Vagrant box of a tiny machine that really starts here. `modify`: what its author set besides. `fillMiB`: so much of its disk is in use. */
export async function makeBox(vbox: PrivateVirtualBox, folder: string, vagrantfile = 'Vagrant.configure("2") { |config| config.vm.base_mac = "080027AABBCC" }\n', modify: readonly string[] = [], fillMiB = 0): Promise<string> {
  const source = await vbox.createVm({ name: 'box-source', memoryMiB: 64, ...fillMiB > 0 ? {} : { diskMiB: 16 }, modify: [...modify] });
  if (fillMiB > 0) await attachFilled(vbox, source, path.join(folder, 'filled.vdi'), fillMiB);
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

async function attachFilled(vbox: PrivateVirtualBox, vm: string, file: string, megabytes: number): Promise<void> {
  const raw = `${file}.raw`;
  const handle = fs.openSync(raw, 'w');
  for (let n = 0; n < megabytes; n++) fs.writeSync(handle, randomBytes(2 ** 20));
  fs.closeSync(handle);
  await vbox.run(['convertfromraw', raw, file]);
  fs.rmSync(raw);
  await vbox.run(['storagectl', vm, '--name', 'SATA', '--add', 'sata', '--portcount', '2']);
  await vbox.run(['storageattach', vm, '--storagectl', 'SATA', '--port', '0', '--device', '0', '--type', 'hdd', '--medium', file]);
}
