// Provisioners and triggers of a Vagrantfile as those of a .gaia.json.
import type { Json, MachineBuilder } from './machineBuilder.ts';
import { provisionerCommon, provisionerKinds, triggerSettings } from './options.ts';
import type { Done } from './recorder.ts';
import { asString, NotKnown, toJson, type Value } from './rubyValues.ts';
import { pluginJson } from './symbols.ts';

export function takeProvisioner(to: MachineBuilder, done: Done & { kind: 'provision' }): void {
  const made: Json = { type: done.type };
  if (done.name !== undefined) made.name = done.name;
  if (!Object.hasOwn(provisionerKinds, done.type) && done.calls.length) throw new NotKnown(`the provisioner ${done.type}`);
  const put = (key: string, value: unknown): void => {
    if (done.type === 'shell' && key === 'inline' && typeof value === 'string') made.inline = asLines(value);
    else if (done.type === 'shell' && key === 'args' && typeof value === 'number') made.args = String(value);
    else if (!(key === 'run' && value === 'once') && value !== null) made[key] = value;
  };
  const json = Object.hasOwn(provisionerKinds, done.type) ? toJson : pluginJson;
  for (const [key, value] of done.options.entries()) put(asString(key), (common.has(asString(key)) ? toJson : json)(value));
  for (const [key, value] of done.settings) put(key, json(value));
  for (const { method, args } of done.calls) called(done.type, method, args, made);
  if ((made.privileged === true || made.privileged === 'true') && done.type === 'shell') delete made.privileged;
  if (made.privileged === 'false') made.privileged = false;
  const before = made.name === undefined ? -1 : to.provisioners.findIndex(one => one.name === made.name);
  if (before >= 0) {
    to.provisioners[before] = { ...to.provisioners[before], ...made };
    return;
  }
  to.lines.set(`config/provisioners/${String(to.provisioners.length)}`, done.line);
  to.provisioners.push(made);
}

export function takeTrigger(to: MachineBuilder, done: Done & { kind: 'trigger' }): void {
  const { actions } = done;
  if (actions.length === 0 || actions.includes('')) throw new NotKnown('a trigger without an action');
  const made: Json = { [done.stage]: actions.length === 1 ? actions[0] : actions };
  for (const [key, value] of done.settings) {
    const json = toJson(value);
    if (json === null) continue;
    if (key === 'run' || key === 'run_remote') made[key] = triggerScript(json);
    else if (triggerSettings.has(key)) made[key] = json;
    else throw new NotKnown(`trigger.${key}`);
  }
  to.lines.set(`config/triggers/${String(to.triggers.length)}`, done.line);
  to.triggers.push(made);
}

function called(type: string, method: string, args: readonly Value[], made: Json): void {
  const first = toJson(args[0] ?? null);
  const list = (key: string): unknown[] => (made[key] = Array.isArray(made[key]) ? made[key] : []) as unknown[];
  if (type === 'docker' || type === 'podman') {
    if (method === 'pull_images') list('images').push(...args.flatMap(one => toJson(one) as string));
    else if (method === 'run') list('containers').push({ name: first, ...(args[1] === undefined ? {} : (toJson(args[1]) as Json)) });
    else if (method === 'build_image' && args.length === 1 && made.build_image === undefined) made.build_image = first;
    else throw new NotKnown(`${type}: ${method}`);
  } else if (type.startsWith('chef') && method === 'add_recipe') list('run_list').push(`recipe[${String(first)}]`);
  else if (type.startsWith('chef') && method === 'add_role') list('run_list').push(`role[${String(first)}]`);
  else if (type === 'salt' && method === 'pillar') made.pillar_data = { ...(made.pillar_data as Json | undefined), ...(first as Json) };
  else throw new NotKnown(`${type}: ${method}`);
}

function triggerScript(json: unknown): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new NotKnown('such a script of a trigger');
  return Object.fromEntries(Object.entries(json).map(([key, value]: [string, unknown]) => [key, key === 'inline' && typeof value === 'string' ? asLines(value) : key === 'args' && typeof value === 'number' ? String(value) : value]));
}

/** What stands on any provisioner's line. */
const common: ReadonlySet<string> = new Set(provisionerCommon);

/** A script of several lines is easier to edit as a list of them. */
function asLines(text: string): unknown {
  if (!text.endsWith('\n') || text.includes('\r')) return text;
  const lines = text.slice(0, -1).split('\n');
  return lines.length > 1 ? lines : text;
}
