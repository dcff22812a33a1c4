// VirtualBox.xml: which machines are registered, and where their settings files lie. Written by VBoxSVC at every change of the registry.
import { all, at, parseXml, plainUuid } from './xml.ts';

export interface RegisteredMachine {
  readonly uuid: string;
  /** Absolute, or relative to the folder of VirtualBox.xml. */
  readonly settingsFile: string;
}

export interface Registry {
  readonly machines: readonly RegisteredMachine[];
  readonly defaultMachineFolder?: string;
}

export function parseRegistryFile(text: string): Registry | undefined {
  const root = parseXml(text);
  const global = at(root, 'Global');
  if (root?.name !== 'VirtualBox' || !global) return undefined;
  const machines = all(at(global, 'MachineRegistry'), 'MachineEntry').flatMap(entry => {
    const uuid = plainUuid(entry.attributes['uuid']);
    const settingsFile = entry.attributes['src'];
    return uuid === undefined || settingsFile === undefined ? [] : [{ uuid, settingsFile }];
  });
  const folder = at(global, 'SystemProperties')?.attributes['defaultMachineFolder'];
  return { machines, ...(folder ? { defaultMachineFolder: folder } : {}) };
}
