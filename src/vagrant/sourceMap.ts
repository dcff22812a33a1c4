// Which lines of a Vagrantfile a place of the config became, and back.
import type { ConfigPath, ParsedMachine, TextRange } from '../config/model.ts';
import type { Region } from './render.ts';

/** Lines of the Vagrantfile, from 0, both included. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
}

/** A place in the config: `path` from the root of the document; `range` in its text (undefined: it is not in the text itself). */
export interface ConfigPlace {
  readonly path: ConfigPath;
  readonly range: TextRange | undefined;
  readonly machine: number;
}

/** One machine's lines: `regions` count from `line`. */
export interface MachineLines {
  readonly machine: ParsedMachine;
  readonly line: number;
  readonly count: number;
  readonly regions: readonly Region[];
}

/** Nothing is looked up before it is asked for, so making a map costs nothing per machine. */
export class SourceMap {
  readonly machines: readonly MachineLines[];

  constructor(machines: readonly MachineLines[]) {
    this.machines = machines;
  }

  /** The lines for the cursor at `offset` of the config. A place in `defaults` has lines in each machine that takes it; one without lines of its own gives those of what it stands in. */
  linesAt(offset: number): LineRange[] {
    const own = this.machines.find(one => within(one.machine.range, offset));
    if (own && this.machines.length > 0) {
      const found = this.innermost(own, offset);
      if (found) return [found];
      return own.count ? [{ start: own.line, end: own.line + own.count - 1 }] : [];
    }
    return this.machines.flatMap(one => this.innermost(one, offset) ?? []);
  }

  /** The lines of a value by its path from the document's root, e.g. `["machines", 0, "config", "box"]`. */
  linesOf(path: ConfigPath): LineRange | undefined {
    for (const one of this.machines) {
      if (!startsWith(path, one.machine.path)) continue;
      const inner = path.slice(one.machine.path.length);
      for (let length = inner.length; length >= 0; length--) {
        const region = one.regions.findLast(candidate => samePath(candidate.path, inner.slice(0, length)));
        if (region) return { start: one.line + region.start, end: one.line + region.end };
      }
    }
    return undefined;
  }

  /** What a line of the Vagrantfile comes from: the innermost value; undefined for the lines around the machines. */
  placeAt(line: number): ConfigPlace | undefined {
    const index = this.machines.findIndex(one => line >= one.line && line < one.line + one.count);
    const one = this.machines[index];
    if (!one) return undefined;
    const at = line - one.line;
    let best: Region | undefined;
    for (const region of one.regions) if (at >= region.start && at <= region.end && (!best || region.end - region.start <= best.end - best.start)) best = region;
    const path = best?.path ?? [];
    return { path: [...one.machine.path, ...path], range: this.rangeOf(one.machine, path), machine: index };
  }

  /** Every region of the file with its place, outermost first. */
  *entries(): Generator<LineRange & ConfigPlace> {
    for (const [index, one] of this.machines.entries()) {
      for (const region of one.regions) yield { start: one.line + region.start, end: one.line + region.end, path: [...one.machine.path, ...region.path], range: this.rangeOf(one.machine, region.path), machine: index };
    }
  }

  private innermost(one: MachineLines, offset: number): LineRange | undefined {
    let best: { region: Region; length: number } | undefined;
    for (const region of one.regions) {
      if (region.path.length === 0) continue;
      const range = this.rangeOf(one.machine, region.path);
      if (!range || !within(range, offset)) continue;
      if (!best || range.length < best.length || (range.length === best.length && region.path.length > best.region.path.length)) best = { region, length: range.length };
    }
    return best ? { start: one.line + best.region.start, end: one.line + best.region.end } : undefined;
  }

  /** From the key to the end of the value: the cursor on `"memory"` belongs to it as much as on `4096`. */
  private rangeOf(machine: ParsedMachine, path: ConfigPath): TextRange | undefined {
    if (path.length === 0) return machine.range;
    const value = machine.locate(path);
    const key = machine.locateKey(path);
    if (!value || !key || key.offset > value.offset) return value ?? key;
    return { offset: key.offset, length: value.offset + value.length - key.offset };
  }
}

const within = (range: TextRange, offset: number): boolean => offset >= range.offset && offset <= range.offset + range.length;

function samePath(a: ConfigPath, b: ConfigPath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}

function startsWith(path: ConfigPath, start: ConfigPath): boolean {
  return path.length >= start.length && start.every((key, index) => key === path[index]);
}
