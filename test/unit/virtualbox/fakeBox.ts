// A computer with a VirtualBox for tests without processes: files in a map, answers of VBoxManage in a function, a clock that is moved by hand.
import type { RequestRecord } from '../../../src/machines/provider.ts';
import type { VirtualBoxDoors } from '../../../src/providers/virtualbox/tool.ts';
import { Tool } from '../../../src/providers/virtualbox/tool.ts';
import type { Platform } from '../../../src/system/platform.ts';
import type { ProcessRequest } from '../../../src/system/process.ts';

export interface Reply {
  readonly exitCode?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface FakeBox {
  readonly doors: VirtualBoxDoors;
  readonly tool: Tool;
  /** Path → content; a change of it is a change of its time. */
  readonly files: Map<string, string>;
  /** What was run, without the program: `list vms`. */
  readonly runs: string[];
  readonly requests: ProcessRequest[];
  readonly slept: number[];
  readonly records: RequestRecord[];
  /** Processes that are no more. */
  readonly ended: Set<number>;
  now: number;
}

export const signal = new AbortController().signal;
export const context = { signal, progress: () => undefined, output: () => undefined };

export function fakeBox(answer: (args: string, request: ProcessRequest) => Reply | Error, options: { readonly platform?: Partial<Platform>; readonly executable?: string; readonly files?: Readonly<Record<string, string>> } = {}): FakeBox {
  const platform: Platform = { os: 'linux', arch: 'x64', env: { PATH: '/usr/bin', HOME: '/home/dev' }, home: '/home/dev', temporary: '/tmp', processors: 4, ...options.platform };
  const files = new Map<string, string>(Object.entries({ '/usr/bin/VBoxManage': 'tool', ...options.files }));
  const times = new Map<string, { text: string; at: number }>();
  let tick = 0;
  const box = { files, runs: [], requests: [], slept: [], records: [], ended: new Set(), now: 1_000_000 } as unknown as { -readonly [K in keyof FakeBox]: FakeBox[K] };
  const isFolder = (path: string): boolean => [...files.keys()].some(file => file.startsWith(`${path}/`));
  const doors: VirtualBoxDoors = {
    settings: () => (options.executable === undefined ? {} : { executable: options.executable }),
    record: record => { box.records.push(record); },
    clock: { now: () => box.now, sleep: ms => { box.slept.push(ms); box.now += ms; return Promise.resolve(); } },
    platform,
    hasEnded: pid => Promise.resolve(box.ended.has(pid)),
    run: request => {
      box.requests.push(request);
      const args = request.args.join(' ');
      if (request.file.endsWith('locale')) return Promise.resolve({ exitCode: 0, stdout: new TextEncoder().encode('C\nC.utf8\nPOSIX\n'), stderr: new Uint8Array(), durationMs: 1 });
      box.runs.push(args);
      const reply = answer(args, request);
      if (reply instanceof Error) return Promise.reject(reply);
      return Promise.resolve({ exitCode: reply.exitCode ?? 0, stdout: new TextEncoder().encode(reply.stdout ?? ''), stderr: new TextEncoder().encode(reply.stderr ?? ''), durationMs: 1 });
    },
    files: {
      fileInfo: file => {
        const text = files.get(file);
        if (text === undefined) return Promise.resolve(isFolder(file) ? { kind: 'folder', sizeBytes: 0, modifiedMs: 0 } : undefined);
        if (times.get(file)?.text !== text) times.set(file, { text, at: ++tick });
        return Promise.resolve({ kind: 'file', sizeBytes: text.length, modifiedMs: times.get(file)!.at });
      },
      readText: file => Promise.resolve(files.get(file)),
      readRange: (file, offset, length) => Promise.resolve(new TextEncoder().encode((files.get(file) ?? '').slice(offset, offset + length))),
      listFolder: folder => Promise.resolve(isFolder(folder) ? [...files.keys()].filter(file => file.startsWith(`${folder}/`)).map(file => ({ name: file.slice(folder.length + 1), kind: 'file' as const })) : undefined),
      makeFolder: () => Promise.resolve(),
      removeAll: target => {
        for (const file of [...files.keys()]) if (file === target || file.startsWith(`${target}/`)) files.delete(file);
        return Promise.resolve();
      },
      copyFile: (from, to) => {
        files.set(to, files.get(from) ?? '');
        return Promise.resolve();
      },
      freeBytes: () => Promise.resolve(2 ** 40),
    },
  };
  box.doors = doors;
  box.tool = new Tool(doors);
  return box;
}

/** VirtualBox.xml with these machines. */
export function registryXml(machines: Readonly<Record<string, string>>): string {
  return `<?xml version="1.0"?><VirtualBox><Global><MachineRegistry>${Object.entries(machines).map(([uuid, file]) => `<MachineEntry uuid="{${uuid}}" src="${file}"/>`).join('')}</MachineRegistry><SystemProperties defaultMachineFolder="/vms"/></Global></VirtualBox>`;
}

export function machineXml(uuid: string, name: string, more = ''): string {
  const escaped = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('\n', '&#10;');
  return `<?xml version="1.0"?><VirtualBox><Machine uuid="{${uuid}}" name="${escaped}" OSType="Debian_64" ${more}><Hardware><CPU count="2"/><Memory RAMSize="512"/></Hardware><Groups><Group name="/lab"/></Groups></Machine></VirtualBox>`;
}
