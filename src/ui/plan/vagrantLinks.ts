// Machines that Vagrant made: its index says where their projects are, the folder of each says which machine of the hypervisor it is. Only read.
import * as os from 'node:os';
import * as path from 'node:path';
import { machineId } from '../../machines/machine.ts';
import type { MachineId } from '../../machines/machine.ts';
import { vagrantHome } from '../../images/boxStore.ts';
import { readText } from '../../system/files.ts';
import { machineFolder, parseMachineIndex } from '../../vagrant/machineIndex.ts';
import type { VagrantLink } from '../marks.ts';

export function indexFile(env: Readonly<Record<string, string | undefined>> = process.env, home = os.homedir()): string {
  return path.join(vagrantHome(env, home), 'data', 'machine-index', 'index');
}

/** undefined = Vagrant is just writing it: what was known stays. No index = no machines. */
export async function readVagrantLinks(file = indexFile()): Promise<ReadonlyMap<MachineId, VagrantLink> | undefined> {
  const text = await readText(file);
  if (text === undefined) return new Map();
  const index = parseMachineIndex(new TextEncoder().encode(text));
  if (index.kind === 'broken') return undefined;
  const links = await Promise.all(index.machines.map(async (machine): Promise<readonly [MachineId, VagrantLink] | undefined> => {
    const native = (await readText(path.join(machineFolder(machine), 'id')).catch(() => undefined))?.trim();
    if (native === undefined || native === '') return undefined;
    // VirtualBox and Hyper-V write their ids in either case.
    return [machineId(machine.provider, 'local', native.toLowerCase()), { name: machine.name, folder: machine.projectPath }];
  }));
  return new Map(links.filter(link => link !== undefined));
}
