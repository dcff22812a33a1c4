// Gaia's plan and apply without VS Code, on one private VirtualBox: what the tests of this folder drive.
import fs from 'node:fs';
import path from 'node:path';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions, StepOutcome } from '../../../src/config/plan/apply.ts';
import type { Plan } from '../../../src/config/plan/model.ts';
import { createImages } from '../../../src/images/images.ts';
import type { Images } from '../../../src/images/images.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { Machine, MachineId } from '../../../src/machines/machine.ts';
import { parseMachineId } from '../../../src/machines/machine.ts';
import { Operations } from '../../../src/machines/operations.ts';
import type { Provider } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { gatherPlan } from '../../../src/ui/plan/gather.ts';
import { Journal, journaled } from '../../../src/ui/plan/journal.ts';
import { prepare } from '../../../src/ui/plan/prepare.ts';

export interface Gaia {
  readonly provider: Provider;
  readonly images: Images;
  readonly operations: Operations;
  readonly bindings: Map<string, MachineId>;
  /** Commands of VBoxManage so far, without the program. */
  readonly commands: string[];
  plan(text: string): Promise<Plan>;
  apply(text: string, more?: { readonly hooks?: Partial<ApplyHooks>; readonly signal?: AbortSignal; readonly options?: Partial<ApplyOptions> }): Promise<readonly StepOutcome[]>;
  machine(name: string): Machine;
  dispose(): void;
}

export function startGaia({ folder, executable, env }: { readonly folder: string; readonly executable: string; readonly env?: Readonly<Record<string, string>> }): Gaia {
  const signal = new AbortController().signal;
  const commands: string[] = [];
  const images = createImages({ cacheFolder: path.join(folder, 'cache'), record: () => undefined, env: { VAGRANT_HOME: path.join(folder, 'vagrant'), ...env } });
  const registry = new ProviderRegistry();
  const provider = createVirtualBoxProvider({ settings: () => ({ executable }), record: record => { commands.push(record.text.replace(/^\S+ /, '')); } });
  registry.register(provider);
  const fleet = new Fleet(registry, { listTimeoutMs: () => 60_000 });
  const operations = new Operations(registry, fleet);
  const bindings = new Map<string, MachineId>();
  const plan = async (text: string): Promise<Plan> => (await gatherPlan(registry, fleet, text, bindings, signal, { baseFolder: folder })).plan;
  const hooks = (stop: AbortSignal): ApplyHooks => ({
    run: async (action, _signal, intend) => {
      const operation = operations.run(action, intend ? { intend } : {});
      const cancel = (): void => { operation.cancel(); };
      stop.addEventListener('abort', cancel, { once: true });
      try {
        return await operation.result;
      } finally {
        stop.removeEventListener('abort', cancel);
      }
    },
    prepare: async (spec, context, only) => (await prepare(images, spec, { needs: registry.meantBy(spec)?.lifecycle?.needs, baseFolder: folder, seedFolder: path.join(folder, 'seeds'), ...only === undefined ? {} : { only } }, context)).spec,
    finish: async () => undefined,
    bind: async (name, id) => {
      if (id === undefined) bindings.delete(name);
      else bindings.set(name, id);
    },
    progress: () => undefined,
    context: (_step, around) => ({ signal: around, progress: () => undefined, output: () => undefined }),
  });
  fs.mkdirSync(path.join(folder, 'seeds'), { recursive: true });
  return {
    provider, images, operations, bindings, commands, plan,
    apply: async (text, more = {}) => {
      const stop = more.signal ?? signal;
      const all = { ...hooks(stop), ...more.hooks };
      return applyPlan(await plan(text), { replace: new Set(), stop: true, shutDownTimeoutMs: 1500, parallel: 2, ...more.options }, journaled(all, new Journal(path.join(folder, 'making')), 'file:///test.gaia.json', () => fleet.machines()), stop);
    },
    machine: name => {
      const found = fleet.machine(bindings.get(name) ?? ('' as MachineId));
      if (!found) throw new Error(`no machine ${name}`);
      return found;
    },
    dispose: () => { fleet.dispose(); },
  };
}

/** `showvminfo --machinereadable` as a map, quotes taken off. */
export function settingsOf(stdout: string): ReadonlyMap<string, string> {
  return new Map(stdout.split(/\r?\n/).map(line => /^"?([^="]+)"?="?(.*?)"?$/.exec(line)).filter(match => match !== null).map(match => [match[1] ?? '', match[2] ?? '']));
}

export const nativeOf = (id: MachineId): string => parseMachineId(id).native;
