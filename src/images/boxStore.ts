// Vagrant's own store of boxes, read in place and never written: $VAGRANT_HOME/boxes/<name>/<version>/[<architecture>/]<provider>/metadata.json.
// Gaia's cache keeps the boxes it fetched itself in the same shape, so one reader serves both.
import * as path from 'node:path';
import { fileInfo, listFolder, readText } from '../system/files.ts';
import type { Constraint } from './gemVersion.ts';
import { compareGemVersions, isGemVersion, satisfies } from './gemVersion.ts';

export interface StoredBox {
  readonly name: string;
  readonly version: string;
  readonly provider: string;
  /** Absent in stores of Vagrant before 2.4, and for boxes that say none. */
  readonly architecture?: string;
  /** The folder with metadata.json. */
  readonly folder: string;
  /** The catalogue it came from, if it came from one. */
  readonly catalogueUrl?: string;
}

export interface BoxQuestion {
  readonly name: string;
  readonly constraints: readonly Constraint[];
  readonly provider: string;
  /** `auto` = `hostArchitecture`, then boxes that say none. */
  readonly architecture: string;
  readonly hostArchitecture: string;
}

/** Where Vagrant keeps its data. On Windows VAGRANT_HOME, else the profile; a `~` is the home folder. */
export function vagrantHome(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const set = env['VAGRANT_HOME'];
  if (set === undefined || set === '') return path.join(home, '.vagrant.d');
  return path.resolve(set === '~' || /^~[\\/]/.test(set) ? path.join(home, set.slice(1)) : set);
}

/** Vagrant's word for this computer's processor. `arch` as process.arch. */
export function hostArchitecture(arch: string, env: Readonly<Record<string, string | undefined>> = {}): string {
  return env['VAGRANT_HOST_ARCHITECTURE'] || ({ x64: 'amd64', ia32: 'i386', arm64: 'arm64' }[arch] ?? arch);
}

export function boxFolderName(name: string, platform: NodeJS.Platform = process.platform): string {
  const safe = platform === 'win32' ? name.replaceAll(':', '-VAGRANTCOLON-') : name;
  return safe.replaceAll('/', '-VAGRANTSLASH-');
}

export function boxNameOf(folderName: string): string {
  return folderName.replaceAll('-VAGRANTCOLON-', ':').replaceAll('-VAGRANTSLASH-', '/');
}

/** Every box of a store (`…/boxes`), by name, provider and version. A store that is not there holds none. */
export async function listStore(boxes: string): Promise<readonly StoredBox[]> {
  const names = (await listFolder(boxes)) ?? [];
  const found = await Promise.all(names.filter(entry => entry.kind === 'folder').map(entry => listName(path.join(boxes, entry.name), boxNameOf(entry.name))));
  return found.flat().sort((a, b) => compareText(a.name, b.name) || compareText(a.provider, b.provider) || compareGemVersions(a.version, b.version) || compareText(a.architecture ?? '', b.architecture ?? ''));
}

/** The boxes of one name. */
export async function listStoreOf(boxes: string, name: string, platform: NodeJS.Platform = process.platform): Promise<readonly StoredBox[]> {
  // A name such as `..` would leave the store.
  const folder = boxFolderName(name, platform);
  return folder === '' || folder === '.' || folder === '..' || folder.includes('\0') || path.basename(folder) !== folder ? [] : listName(path.join(boxes, folder), name);
}

/** The box that Vagrant would take of these: the newest version that keeps the constraints and has the provider and architecture. */
export function chooseStored(boxes: readonly StoredBox[], question: BoxQuestion): StoredBox | undefined {
  const fitting = boxes.filter(box => box.name === question.name && box.provider === question.provider && satisfies(box.version, question.constraints));
  const newestFirst = [...fitting].sort((a, b) => compareGemVersions(b.version, a.version));
  const architecture = question.architecture === 'auto' ? question.hostArchitecture : question.architecture;
  for (const { version } of newestFirst) {
    const same = newestFirst.filter(box => box.version === version);
    const chosen = same.find(box => box.architecture === architecture) ?? (question.architecture === 'auto' ? same.find(box => box.architecture === undefined) : undefined);
    if (chosen) return chosen;
  }
  return undefined;
}

async function listName(folder: string, name: string): Promise<StoredBox[]> {
  const versions = (await listFolder(folder)) ?? [];
  const catalogueUrl = (await readText(path.join(folder, 'metadata_url')))?.trim();
  const base = { name, ...(catalogueUrl ? { catalogueUrl } : {}) };
  const boxes: StoredBox[] = [];
  for (const version of versions) {
    if (version.kind !== 'folder' || version.name.startsWith('.') || !isGemVersion(version.name)) continue;
    for (const child of await foldersIn(path.join(folder, version.name))) {
      const at = path.join(folder, version.name, child);
      if (await isBox(at)) {
        boxes.push({ ...base, version: version.name, provider: child, folder: at });
        continue;
      }
      for (const provider of await foldersIn(at)) {
        const inner = path.join(at, provider);
        if (await isBox(inner)) boxes.push({ ...base, version: version.name, architecture: child, provider, folder: inner });
      }
    }
  }
  return boxes;
}

async function foldersIn(folder: string): Promise<string[]> {
  return ((await listFolder(folder)) ?? []).filter(entry => entry.kind === 'folder').map(entry => entry.name);
}

async function isBox(folder: string): Promise<boolean> {
  return (await fileInfo(path.join(folder, 'metadata.json')))?.kind === 'file';
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
