// One apply in a process of its own, to be killed: <folder> <VBoxManage> <config>. Keeps its bindings in a file.
import fs from 'node:fs';
import path from 'node:path';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks } from '../../../src/config/plan/apply.ts';
import { createImages } from '../../../src/images/images.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { MachineId } from '../../../src/machines/machine.ts';
import { Operations } from '../../../src/machines/operations.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import { gatherPlan } from '../../../src/ui/plan/gather.ts';
import { Journal, journaled } from '../../../src/ui/plan/journal.ts';
import { prepare } from '../../../src/ui/plan/prepare.ts';

const [folder = '', executable = '', text = ''] = process.argv.slice(2);
const never = new AbortController().signal;
const bindingsFile = path.join(folder, 'bindings.json');
const bindings = new Map<string, MachineId>(fs.existsSync(bindingsFile) ? Object.entries(JSON.parse(fs.readFileSync(bindingsFile, 'utf8')) as Record<string, MachineId>) : []);
const images = createImages({ cacheFolder: path.join(folder, 'cache'), record: () => undefined, env: { VAGRANT_HOME: path.join(folder, 'vagrant') } });
const registry = new ProviderRegistry();
registry.register(createVirtualBoxProvider({ settings: () => ({ executable }), record: () => undefined }));
const fleet = new Fleet(registry, { listTimeoutMs: () => 60_000 });
const operations = new Operations(registry, fleet);
const { plan } = await gatherPlan(registry, fleet, text, bindings, never, { baseFolder: folder });
const context = { signal: never, progress: () => undefined, output: () => undefined };
const hooks: ApplyHooks = {
  run: action => operations.run(action).result,
  prepare: async spec => (await prepare(images, spec, { baseFolder: folder, seedFolder: folder }, context)).spec,
  finish: async () => undefined,
  bind: async (name, id) => {
    if (id === undefined) bindings.delete(name);
    else bindings.set(name, id);
    fs.writeFileSync(bindingsFile, JSON.stringify(Object.fromEntries(bindings)));
  },
  progress: () => undefined,
  context: () => context,
};
const outcomes = await applyPlan(plan, { replace: new Set(), stop: true, shutDownTimeoutMs: 1500, parallel: 1 }, journaled(hooks, new Journal(path.join(folder, 'making')), 'file:///web.gaia.json', () => fleet.machines()), never);
console.log(JSON.stringify(outcomes.map(one => ({ ...one, error: one.error && { code: one.error.code, message: one.error.message, raw: one.error.detail.raw } }))));
fleet.dispose();
process.exit(0);
