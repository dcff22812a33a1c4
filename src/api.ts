// What other extensions get from activate(): docs/api.md. The project's own host tests use nothing else.
import * as vscode from 'vscode';
import type { Action } from './machines/actions.ts';
import type { FleetChange } from './machines/fleet.ts';
import type { Machine, MachineId } from './machines/machine.ts';
import type { ActionResult } from './machines/perform.ts';
import type { Disposable, Provider } from './machines/provider.ts';
import type { StepOutcome } from './config/plan/apply.ts';
import type { Plan } from './config/plan/model.ts';
import type { ParsedConfig } from './config/model.ts';
import type { Parts } from './ui/parts.ts';
import type { GeneratedVagrantfile } from './vagrant/generate.ts';
import type { ImportedVagrantfile } from './vagrant/import.ts';

/** A verb of the domain, or `stop`, which is `shutDown`. */
export type ApiVerb = Exclude<Action['verb'], 'create'> | 'stop';

export interface ApplyApiOptions {
  /** May running machines be shut down for a change? Default no. */
  readonly stop?: boolean;
  /** Names of machines that may be deleted with their data and made anew. */
  readonly replace?: readonly string[];
  /** Folder that relative paths of the text count from. */
  readonly baseFolder?: string;
  readonly signal?: AbortSignal;
}

/** The place of texts that belong to no file. */
const apiFile = 'gaia-api:/default';
const planTimeoutMs = 120_000;

/** Version 1 only ever grows: nothing in it changes its meaning. */
export interface GaiaApi {
  readonly version: 1;
  /** Adds a hypervisor, until what is returned is disposed. Throws RangeError when its id and connection are taken. */
  registerProvider(provider: Provider): Disposable;
  providers(): readonly Provider[];
  /** As the tree shows them, of the last look. Call refresh() first when nothing of Gaia has been visible yet. */
  machines(): readonly Machine[];
  /** Looks again, at all providers. Never rejects: a provider that failed keeps its machines, marked stale. */
  refresh(): Promise<void>;
  readonly onDidChangeMachines: vscode.Event<FleetChange>;
  /** Queues one change to one machine, asks nothing, and resolves when it is done and the machine was read again. Rejects with a GaiaError. */
  run(id: MachineId | string, verb: ApiVerb, args?: Readonly<Record<string, unknown>>): Promise<ActionResult>;
  /** Reads a .gaia.json; never rejects for what is wrong in it, which is in `problems`. */
  parseConfig(text: string): Promise<ParsedConfig>;
  /** The Vagrantfile that a .gaia.json stands for, with what Vagrant would stumble over. */
  generateVagrantfile(text: string): Promise<GeneratedVagrantfile>;
  /** The .gaia.json that a Vagrantfile stands for. The file is read, never run. */
  importVagrantfile(text: string): Promise<ImportedVagrantfile>;
  /** What applying the text would change. `file`: the address under which the machines of this text are remembered (a document's URI). Rejects with `invalidInput` for a text with errors. Changes nothing. */
  plan(text: string, file?: string, options?: Pick<ApplyApiOptions, 'baseFolder' | 'signal'>): Promise<Plan>;
  /** Makes it so, and asks nothing: machines that would have to be stopped or replaced are skipped unless `options` allow it. Each step's end is in the answer. */
  apply(text: string, file?: string, options?: ApplyApiOptions): Promise<readonly StepOutcome[]>;
}

export function createApi(parts: Parts): GaiaApi {
  const { registry, fleet, operations } = parts;
  const changed = new vscode.EventEmitter<FleetChange>();
  parts.context.subscriptions.push(changed, fleet.onDidChange(change => { changed.fire(change); }));
  return {
    version: 1,
    registerProvider: provider => registry.register(provider),
    providers: () => registry.all(),
    machines: () => fleet.machines(),
    refresh: async () => {
      await parts.ensureProviders();
      await fleet.refresh({ fresh: true });
    },
    onDidChangeMachines: changed.event,
    run: async (id, verb, args = {}) => {
      await parts.ensureProviders();
      const action = { ...args, verb: verb === 'stop' ? 'shutDown' : verb, id } as Action;
      const provider = action.verb === 'clone' ? registry.of(action.id) : undefined;
      if (action.verb !== 'clone' || !provider || typeof args['options'] !== 'object') return operations.run(action).result;
      const { inJournal } = await import('./ui/commands/writtenDown.ts');
      return inJournal(parts, provider, action.options.name, (reserved, intend) => operations.run({ ...action, options: { ...action.options, reserved } }, { intend }).result);
    },
    parseConfig: async text => (await import('./config/parse.ts')).parseConfig(text),
    generateVagrantfile: async text => {
      const [{ parseConfig }, { generateVagrantfile }] = await Promise.all([import('./config/parse.ts'), import('./vagrant/generate.ts')]);
      return generateVagrantfile(parseConfig(text));
    },
    importVagrantfile: async text => {
      const [{ importVagrantfile }, { useRubyParser }, { rubyParser }] = await Promise.all([import('./vagrant/import.ts'), import('./vagrant/prism.ts'), import('./system/rubyParser.ts')]);
      useRubyParser(rubyParser);
      return importVagrantfile(text);
    },
    plan: async (text, file = apiFile, { baseFolder, signal } = {}) => {
      const { gatherPlan } = await import('./ui/plan/gather.ts');
      await Promise.all([parts.ensureProviders(), parts.marks.bindings.fresh(file)]);
      return (await gatherPlan(registry, fleet, text, parts.marks.bindings.of(file), signal ?? AbortSignal.timeout(planTimeoutMs), { baseFolder })).plan;
    },
    apply: async (text, file = apiFile, options = {}) => {
      const { applyFile } = await import('./ui/plan/apply.ts');
      const { signal, baseFolder } = options;
      const outcomes = await applyFile(parts, { file, text, unattended: { replace: new Set(options.replace), stop: options.stop ?? false }, ...baseFolder === undefined ? {} : { baseFolder } }, signal ?? new AbortController().signal);
      return outcomes ?? [];
    },
  };
}

