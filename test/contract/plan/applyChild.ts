// One apply (or destroy) in a process of its own, to be killed at its n-th step. A step is a call of VBoxManage that changes something, or a
// file written. Arguments: one JSON text, see ChildOptions. Keeps its bindings in a file, as VS Code keeps them; prints the outcomes.
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks } from '../../../src/config/plan/apply.ts';
import { createImages } from '../../../src/images/images.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { MachineId } from '../../../src/machines/machine.ts';
import { Operations } from '../../../src/machines/operations.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { runProcess } from '../../../src/system/process.ts';
import { gatherPlan } from '../../../src/ui/plan/gather.ts';
import { Journal, journaled } from '../../../src/ui/plan/journal.ts';
import { prepare } from '../../../src/ui/plan/prepare.ts';

export interface ChildOptions {
  readonly folder: string;
  readonly executable: string;
  /** The .gaia.json. */
  readonly text: string;
  readonly what: 'apply' | 'replace' | 'destroy';
  /** 0 = not at all. */
  readonly killAt: number;
  /** How long the step may go on before. */
  readonly killAfterMs: number;
}

const { folder, executable, text, what, killAt, killAfterMs } = JSON.parse(process.argv[2] ?? '') as ChildOptions;
const never = new AbortController().signal;
const asking = /^(list|showvminfo|showmediuminfo|--version|guestproperty|getextradata|metrics)$/;
let steps = 0;

/** Says the step, and ends this process in the middle of it if it is the one. */
function step(name: string): void {
  steps++;
  fs.appendFileSync(path.join(folder, 'steps'), `${name}\n`);
  if (steps !== killAt) return;
  fs.writeFileSync(path.join(folder, 'killed'), name);
  void sleep(killAfterMs).then(() => { process.kill(process.pid, 'SIGKILL'); });
}

// Every file that Gaia writes comes to its place by a rename.
const { rename } = fsPromises;
fsPromises.rename = async (from, to) => {
  step(`write ${path.basename(path.dirname(String(to)))}`);
  if (steps === killAt && killAfterMs === 0) process.kill(process.pid, 'SIGKILL');
  await rename(from, to);
};
syncBuiltinESMExports();

const bindingsFile = path.join(folder, 'bindings.json');
const bindings = new Map<string, MachineId>(fs.existsSync(bindingsFile) ? Object.entries(JSON.parse(fs.readFileSync(bindingsFile, 'utf8')) as Record<string, MachineId>) : []);
const images = createImages({ cacheFolder: path.join(folder, 'cache'), record: () => undefined, env: { VAGRANT_HOME: path.join(folder, 'vagrant') } });
const registry = new ProviderRegistry();
registry.register(createVirtualBoxProvider({
  settings: () => ({ executable }), record: () => undefined,
  run: (request, signal, hooks) => {
    const running = runProcess(request, signal, hooks);
    if (request.file === executable && !asking.test(request.args[0] ?? '')) step(request.args.slice(0, 1).join(' '));
    return running;
  },
}));
const fleet = new Fleet(registry, { listTimeoutMs: () => 60_000 });
const operations = new Operations(registry, fleet);
const { plan } = await gatherPlan(registry, fleet, text, bindings, never, { baseFolder: folder });
const context = { signal: never, progress: () => undefined, output: () => undefined };
const hooks: ApplyHooks = {
  run: (action, _signal, intend) => operations.run(action, intend ? { intend } : {}).result,
  prepare: async (spec, around, only) => (await prepare(images, spec, { needs: registry.meantBy(spec)?.lifecycle?.needs, baseFolder: folder, seedFolder: path.join(folder, 'seeds'), ...only === undefined ? {} : { only } }, around)).spec,
  finish: async () => undefined,
  bind: async (name, id) => {
    if (id === undefined) bindings.delete(name);
    else bindings.set(name, id);
    fs.writeFileSync(bindingsFile, JSON.stringify(Object.fromEntries(bindings)));
  },
  progress: () => undefined,
  context: () => context,
};
if (what === 'destroy') {
  for (const [name, id] of bindings) {
    await operations.run({ verb: 'delete', id, disks: 'delete' }).result;
    await hooks.bind(name, undefined);
  }
  console.log('"done"');
} else {
  const wanted = what === 'replace' ? { ...plan, steps: plan.steps.map(one => ({ ...one, kind: 'replace' as const })) } : plan;
  const replace = new Set(wanted.steps.map(one => one.name));
  const outcomes = await applyPlan(wanted, { replace, stop: true, shutDownTimeoutMs: 1500, parallel: 1 }, journaled(hooks, new Journal(path.join(folder, 'making')), 'file:///web.gaia.json', () => fleet.machines()), never);
  console.log(JSON.stringify(outcomes.map(one => ({ ...one, error: one.error && { code: one.error.code, message: one.error.message, detail: one.error.detail } }))));
}
fleet.dispose();
process.exit(0);
