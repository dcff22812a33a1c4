// OVA and OVF: export and import, with progress. An import cannot be told a UUID, so every machine gets a name that nobody else has, is found
// by it, and is renamed at the end: whatever goes wrong, what this import made can be told from everything else.
import * as path from 'node:path';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Appliances } from '../../machines/provider.ts';
import { checkName, temporaryName } from './creation.ts';
import type { Creation } from './creation.ts';
import type { PartDeps } from './deps.ts';
import { idOf } from './inventory.ts';
import { parseAppliance } from './parse/appliance.ts';
import { nativeId } from './power.ts';
import { machineFolder } from './remains.ts';
import * as requests from './requests.ts';

export function createAppliances({ tool, inventory, states }: PartDeps, creation: Creation): Appliances {
  return {
    async export(ids, file, context) {
      const { files } = tool.doors;
      if (!/\.ov[af]$/i.test(file)) throw new GaiaError('invalidInput', { message: 'An export ends in .ova or .ovf.' });
      if ((await files.fileInfo(file)) !== undefined) throw new GaiaError('alreadyExists', { message: 'There is a file {0} already.', values: [file] });
      const uuids = ids.map(nativeId);
      for (const uuid of uuids) {
        const state = await states.read(uuid, context.signal);
        if (state.online || state.word.endsWith('saved')) throw new GaiaError('wrongState', { message: 'A machine can be exported only while it is shut down.' });
      }
      try {
        await tool.change(requests.exportVms(uuids, file), context);
      } catch (error) {
        // VirtualBox removes what it wrote; what it leaves behind was not there before and is no use.
        await files.removeAll(file).catch(() => undefined);
        throw error;
      }
    },

    async import(file, { name, reserved }, context) {
      if ((await tool.doors.files.fileInfo(file))?.kind !== 'file') throw new GaiaError('notFound', { message: 'There is no file {0}.', values: [file] });
      const contents = parseAppliance((await tool.ask(requests.previewImport(file), context.signal)).stdout);
      if (contents.length === 0) throw new GaiaError('invalidInput', { message: '{0} holds no machine.', values: [path.basename(file)] });
      const machines = await inventory.list(context.signal);
      const wanted = contents.map((machine, index) => name === undefined ? freeName(machine.suggestedName ?? path.basename(file).replace(/\.ov[af]$/i, ''), machines) : contents.length === 1 ? name : `${name} ${String(index + 1)}`);
      if (name !== undefined) for (const final of wanted) checkName(final, [], machines);
      /** What this import made goes by: first the temporary names, then the UUIDs. */
      let made: readonly string[] = contents.map((_machine, index) => `${temporaryName(reserved)}${reserved === undefined || index === 0 ? '' : `-${String(index + 1)}`}`);
      const machineFolders = await inventory.defaultMachineFolder();
      const folders = machineFolders === undefined ? [] : await creation.newFolders(made.map(temporary => machineFolder(machineFolders, [], temporary)));
      await context.intend?.(folders);
      try {
        await tool.change(requests.importAppliance(file, made, { toVdi: false, group: '/' }), context);
        // All are found before the first is renamed, so that a failure on the way can still take back each of them.
        made = await Promise.all(made.map(async temporary => (await states.read(temporary, context.signal)).info.get('UUID') ?? temporary));
        await context.intend?.(made.map(uuid => ({ kind: 'machine', id: idOf(uuid) })));
        for (const [index, uuid] of made.entries()) await tool.change(requests.modify(uuid, '--name', wanted[index] as string), context);
        return made.map(idOf);
      } catch (error) {
        throw await creation.takeBack({ files: [], networks: [], names: [...made], uuid: undefined, folders, folder: undefined }, asGaiaError(error));
      }
    },
  };
}

/** VirtualBox's own rule: the name, or the name and the first number that is free. */
function freeName(name: string, machines: readonly Machine[]): string {
  const taken = new Set(machines.filter(machine => (machine.path ?? []).length === 0).map(machine => machine.name));
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? name : `${name} ${String(number)}`;
    if (!taken.has(candidate)) return candidate;
  }
}
