// Where a plan's machines and their attributes stand in the file, for a click on a row.
import * as vscode from 'vscode';
import type { ConfigPath, ParsedConfig, TextRange } from '../../config/model.ts';

export type Locate = (machine: string, key?: string) => vscode.Range | undefined;

const sources = ['box', 'image', 'iso', 'clone_from', 'tarball', 'base_distro', 'source_distro'] as const;

/** Keys of a file that a difference's name (Difference.key) comes from, best first. */
function pathsFor(key: string): readonly ConfigPath[] {
  const [kind = '', ...rest] = key.split(' ');
  const config = (...path: (string | number)[]): ConfigPath => ['config', ...path];
  switch (kind) {
    case 'name': return [['name']];
    case 'source': return sources.map(source => config(source));
    case 'disk': return [config('disk_size'), config('disk_size_gb')];
    case 'network': case 'adapter': case 'forward': return [config('networks')];
    case 'folder': return [config('synced_folders')];
    case 'setting': return [config('provider_config', rest.join(' ')), config('provider_config')];
    case 'cloud-init': return [config('cloud_init')];
    case 'started': return [config('start')];
    case 'provisioner': return [config('provisioners', Number(rest[0]) - 1), config('provisioners')];
    case 'provisioning': return [config('provisioners')];
    default: return [config(kind)];
  }
}

/** Offsets as VS Code's places. */
export function rangeIn(text: string): (range: TextRange) => vscode.Range {
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map(match => match.index + 1)];
  const position = (offset: number): vscode.Position => {
    let line = 0;
    let end = lineStarts.length;
    while (end - line > 1) {
      const middle = (line + end) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) line = middle;
      else end = middle;
    }
    return new vscode.Position(line, offset - (lineStarts[line] ?? 0));
  };
  return ({ offset, length }) => new vscode.Range(position(offset), position(offset + length));
}

export function locateIn(parsed: ParsedConfig): Locate {
  const rangeOf = rangeIn(parsed.text);
  const machines = new Map(parsed.machines.map(machine => [machine.name, machine]));
  return (name, key) => {
    const machine = machines.get(name);
    if (!machine) return undefined;
    const found = key === undefined ? undefined : pathsFor(key).map(path => machine.locate(path)).find(range => range !== undefined);
    // A whole machine selected would be hard to read: only where it begins.
    return found ? rangeOf(found) : rangeOf({ offset: machine.locate(['name'])?.offset ?? machine.range.offset, length: 0 });
  };
}
