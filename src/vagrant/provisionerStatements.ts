// provisioners of a machine as statements of a Vagrantfile.
import type { ConfigPath } from '../config/model.ts';
import { isDefault, provisionerCommon, provisionerKinds, type ProvisionerKind } from './options.ts';
import { args, strings, symbol, type RubyValue } from './ruby.ts';
import { asList, asText, data, environment, isDict, isSecret, joinLines, pluginData, type Dict } from './values.ts';
import { assign, blockCall, call, textCall, type Statement } from './view.ts';
import type { Sink } from './networkStatements.ts';

type Options = Record<string, RubyValue>;

/** What a plugin's provisioner is called in its block. */
const foreign = 'provisioner';

export function provisionerStatements(config: Dict, sink: Sink): Statement[] {
  return asList(config.provisioners).flatMap((value, index): Statement[] => {
    if (!isDict(value)) return [];
    const type = asText(value.type) ?? 'shell';
    // A plugin's provisioner bears its own name.
    const kind = (Object.hasOwn(provisionerKinds, type) ? provisionerKinds[type] : undefined) ?? (type === '' ? undefined : { type, variable: foreign, defaults: {} });
    return kind ? [provisioner(value, kind, ['config', 'provisioners', index], sink)] : [];
  });
}

function provisioner(value: Dict, kind: ProvisionerKind, path: ConfigPath, sink: Sink): Statement {
  const name = asText(value.name);
  const list: RubyValue[] = [name ?? kind.type];
  const options: Options = name === undefined ? {} : { type: kind.type };
  if (value.run !== undefined && value.run !== 'once') options.run = data(value.run);
  for (const key of ['before', 'after'] as const) {
    const other = asText(value[key]);
    if (other !== undefined) options[key] = other === 'all' || other === 'each' ? symbol(other) : other;
  }
  for (const key of ['preserve_order', 'communicator_required'] as const) if (value[key] !== undefined) options[key] = data(value[key]);
  const own = Object.entries(value).filter(([key, inner]) => !(provisionerCommon as readonly string[]).includes(key) && !isDefault(kind.defaults, key, inner));
  if (kind.type === 'shell') return shell(list, options, own, path, sink);
  if (kind.variable === undefined) return call(path, sink.receiver, 'provision', list, { ...options, ...Object.fromEntries(own.map(([key, inner]) => [key, data(inner)])) });
  const variable = kind.variable;
  const statements = own.flatMap(([key, inner]): Statement[] => {
    const at = [...path, key];
    if ((kind.type === 'docker' || kind.type === 'podman') && key !== 'kubic') return container(key, inner, variable, at);
    // Salt's pillar is data given to a method.
    if (kind.type === 'salt' && key === 'pillar_data') return isDict(inner) && Object.keys(inner).length ? [call(at, variable, 'pillar', [args([hidden(inner, at, sink)])])] : [];
    return [assign(at, variable, key, isSecret(key, inner) ? sink.secret(key, at) : variable === foreign ? pluginData(inner) : hidden(inner, at, sink))];
  });
  // Settings before calls: nothing depends on their order, and the import reads them so.
  statements.sort((a, b) => Number(a.kind === 'call') - Number(b.kind === 'call'));
  return blockCall(path, sink.receiver, 'provision', list, options, { variable, statements, path });
}

function shell(list: RubyValue[], options: Options, own: readonly (readonly [string, unknown])[], path: ConfigPath, sink: Sink): Statement {
  let inline: string | undefined;
  for (const [key, inner] of own) {
    if (key === 'inline') inline = joinLines(inner);
    else if (key === 'env' && isDict(inner)) options.env = environment(inner, [...path, 'env'], sink.secret);
    // Vagrant quotes a list itself; numbers in it must be texts.
    else if (key === 'args' && Array.isArray(inner)) options.args = inner.map(one => (typeof one === 'number' ? String(one) : data(one)));
    else options[key] = data(inner);
  }
  return inline === undefined ? call(path, sink.receiver, 'provision', list, options) : textCall(path, sink.receiver, 'provision', list, options, 'inline', inline);
}

/** Data for another tool, with a look-up for each secret in it. */
function hidden(value: unknown, path: ConfigPath, sink: Sink): RubyValue {
  if (Array.isArray(value)) return value.map((one, index) => hidden(one, [...path, index], sink));
  if (!isDict(value)) return data(value);
  return strings(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, isSecret(key, inner) ? sink.secret(key, [...path, key]) : hidden(inner, [...path, key], sink)])));
}

/** Docker's and Podman's words are method calls, not settings. */
function container(key: string, value: unknown, variable: string, path: ConfigPath): Statement[] {
  if (key === 'images') {
    const images = asList(value);
    return images.length ? [call(path, variable, 'pull_images', images.map(data))] : [];
  }
  if (key === 'build_image') return [call(path, variable, 'build_image', [data(value)])];
  if (key !== 'containers') return [assign(path, variable, key, data(value))];
  return asList(value).flatMap((one, index): Statement[] => {
    if (!isDict(one)) return [];
    const { name, ...rest } = one;
    const kept = Object.entries(rest).filter(([option, inner]) => !isDefault(containerDefaults, option, inner));
    return [call([...path, index], variable, 'run', [data(name)], Object.fromEntries(kept.map(([option, inner]) => [option, data(inner)])))];
  });
}

const containerDefaults = { daemonize: true, auto_assign_name: true, restart: 'always' };
