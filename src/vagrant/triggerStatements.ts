// triggers of a machine as statements of a Vagrantfile: `config.trigger.before :up do |trigger| … end`.
import type { ConfigPath } from '../config/model.ts';
import { isDefault, triggerDefaults, triggerScriptDefaults, triggerSettings, type TriggerScript } from './options.ts';
import { symbol, type RubyValue } from './ruby.ts';
import { asDict, asList, asText, data, environment, isDict, joinLines, type Dict } from './values.ts';
import { assign, blockCall, textAssign, type Statement } from './view.ts';
import type { Sink } from './networkStatements.ts';

const variable = 'trigger';

/** `top`: what the machine's block calls its config. */
export function triggerStatements(config: Dict, top: string, sink: Sink): Statement[] {
  return asList(config.triggers).flatMap((value, index): Statement[] => {
    if (!isDict(value)) return [];
    const path = ['config', 'triggers', index];
    return (['before', 'after'] as const).flatMap((stage): Statement[] => {
      const actions = (Array.isArray(value[stage]) ? asList(value[stage]) : [value[stage]]).filter(action => typeof action === 'string' && action !== '').map(action => symbol(String(action)));
      if (!actions.length) return [];
      const statements = Object.entries(value).flatMap(([key, inner]) => setting(key, inner, [...path, key], sink));
      // A trigger without a block is refused by Vagrant; one without settings does nothing.
      return statements.length ? [blockCall(path, `${top}.trigger`, stage, actions, {}, { variable, statements, path })] : [];
    });
  });
}

function setting(key: string, value: unknown, path: ConfigPath, sink: Sink): Statement[] {
  if (key === 'before' || key === 'after' || isDefault(triggerDefaults, key, value)) return [];
  if (key === 'run' || key === 'run_remote') return isDict(value) ? script(key, value, path, sink) : [];
  if (!triggerSettings.has(key)) {
    sink.noEquivalent(path);
    return [];
  }
  if (key === 'on_error' || key === 'type') return typeof value === 'string' ? [assign(path, variable, key, symbol(value))] : [];
  if (key === 'ignore') return [assign(path, variable, key, Array.isArray(value) ? value.map(one => symbol(String(one))) : symbol(String(value)))];
  return [assign(path, variable, key, data(value))];
}

/** The options of a shell provisioner, as a Hash. */
function script(key: TriggerScript, value: Dict, path: ConfigPath, sink: Sink): Statement[] {
  const options: Record<string, RubyValue> = {};
  let inline: string | undefined;
  for (const [option, inner] of Object.entries(value)) {
    if (isDefault(triggerScriptDefaults[key], option, inner)) continue;
    if (option === 'inline') inline = joinLines(inner);
    else if (option === 'env') options.env = environment(asDict(inner), [...path, option], sink.secret);
    else if (option === 'args' && Array.isArray(inner)) options.args = inner.map(one => (typeof one === 'number' ? String(one) : data(one)));
    else options[option] = option === 'args' ? (asText(inner) ?? data(inner)) : data(inner);
  }
  if (inline !== undefined) return [textAssign(path, variable, key, options, 'inline', inline)];
  return Object.keys(options).length ? [assign(path, variable, key, options)] : [];
}
