// A parsed config in, the Vagrantfile it stands for out, with a map between the two and what Vagrant would stumble over.
import type { ParsedConfig, ParsedMachine, ParseProblem } from '../config/model.ts';
import { machineView } from './machineView.ts';
import { fileProblems } from './problems.ts';
import { renderFrame, renderMachine, type RenderedMachine } from './render.ts';
import { setupScript, type SetupScript } from './setupScript.ts';
import { SourceMap, type MachineLines } from './sourceMap.ts';
import type { ViewProblem } from './view.ts';

export interface GeneratedVagrantfile {
  readonly text: string;
  readonly sourceMap: SourceMap;
  /** One for each WSL machine: PowerShell that does with `wsl.exe` alone what the Vagrantfile does with a plugin. */
  readonly setupScripts: readonly SetupScript[];
  readonly problems: readonly ParseProblem[];
}

interface Made extends RenderedMachine {
  readonly problems: readonly ViewProblem[];
  readonly script: SetupScript | undefined;
}

let frame: ReturnType<typeof renderFrame> | undefined;

/** What was rendered before, by everything it depends on: an edit renders one machine, whatever the size of the file. Bounded. */
const rendered = new Map<string, Made>();
const mostRendered = 4000;

/** The Vagrantfile of `parsed`. Machines without a name or with values of the wrong kind are written as far as they go; never throws. */
export function generateVagrantfile(parsed: Pick<ParsedConfig, 'machines'> & Partial<ParsedConfig>): GeneratedVagrantfile {
  frame ??= renderFrame();
  const lines: string[] = [...frame.head];
  const maps: MachineLines[] = [];
  const problems: ParseProblem[] = [];
  const setupScripts: SetupScript[] = [];
  const alone = parsed.machines.length === 1;
  parsed.machines.forEach((machine, index) => {
    const made = machineOf(machine, alone);
    if (index > 0) lines.push('');
    maps.push({ machine, line: lines.length, count: made.lines.length, regions: made.regions });
    for (const line of made.lines) lines.push(line);
    for (const problem of made.problems) problems.push(located(machine, problem));
    if (made.script) setupScripts.push(made.script);
  });
  for (const { machine, problem } of fileProblems(parsed.machines)) {
    const of = parsed.machines[machine];
    if (of) problems.push(located(of, problem));
  }
  lines.push(...frame.foot);
  return { text: `${lines.join('\n')}\n`, sourceMap: new SourceMap(maps), setupScripts, problems };
}

/** The same, in steps of some ms: between two of them others have their turn. undefined = aborted. */
export async function generateInSteps(parsed: ParsedConfig, signal: AbortSignal, turn: () => Promise<void>): Promise<GeneratedVagrantfile | undefined> {
  const alone = parsed.machines.length === 1;
  let until = performance.now() + stepMs;
  for (const machine of parsed.machines) {
    machineOf(machine, alone);
    if (performance.now() < until) continue;
    await turn();
    if (signal.aborted) return undefined;
    until = performance.now() + stepMs;
  }
  return generateVagrantfile(parsed);
}

const stepMs = 20;

/** The last rendering by the machine's config, which stays one object as long as nothing in it changes. */
const lastRendered = new WeakMap<ParsedMachine['config'], { readonly around: string; readonly made: Made }>();

function machineOf(machine: ParsedMachine, alone: boolean): Made {
  const around = JSON.stringify([alone, machine.name, machine.provider, machine.comments.map(one => [one.text, one.path, one.placement])]);
  const last = lastRendered.get(machine.config);
  if (last?.around === around) return last.made;
  const made = renderedMachine(machine, alone, around);
  lastRendered.set(machine.config, { around, made });
  return made;
}

function renderedMachine(machine: ParsedMachine, alone: boolean, around: string): Made {
  const key = around + JSON.stringify(machine.config);
  const before = rendered.get(key);
  if (before) return before;
  const view = machineView(machine, alone);
  const made: Made = { ...renderMachine(view), problems: view.problems, script: setupScript(machine) };
  if (rendered.size >= mostRendered) {
    const oldest = rendered.keys().next().value;
    if (oldest !== undefined) rendered.delete(oldest);
  }
  rendered.set(key, made);
  return made;
}

function located(machine: ParsedMachine, problem: ViewProblem): ParseProblem {
  const range = (problem.atKey ? machine.locateKey(problem.path) : undefined) ?? machine.locate(problem.path) ?? machine.range;
  return { code: problem.code, severity: problem.severity, message: problem.message, values: problem.values, range, path: [...machine.path, ...problem.path] };
}
