// Any Vagrantfile in, the .gaia.json it stands for out. The file is read by Prism and never run.
import { Interpreter } from './evaluate.ts';
import { keptText, literal } from './keep.ts';
import { importedText } from './importText.ts';
import { parseRuby } from './prism.ts';
import { rubyLiteral, symbol } from './ruby.ts';
import { Scope } from './rubyValues.ts';
import type { ImportedMachine } from './machineBuilder.ts';
import { toMachine } from './toConfig.ts';
import type { Done } from './recorder.ts';

export interface ImportReport {
  /** From 1. */
  readonly line: number;
  /** What was not understood, in English. */
  readonly message: string;
  /** `custom_config`: the statement is in the machine's `custom_config`, so a Vagrantfile made of it means the same. `dropped`: it is lost. */
  readonly kept: 'custom_config' | 'dropped';
}

export interface ImportedVagrantfile {
  /** A .gaia.json. */
  readonly text: string;
  readonly machines: readonly Omit<ImportedMachine, 'lines'>[];
  readonly report: readonly ImportReport[];
  /** Everything that says something about a machine is in its keys: nothing was dropped or kept as Ruby. */
  readonly complete: boolean;
  /** Nothing was dropped: what is not in keys is in `custom_config`. */
  readonly nothingLost: boolean;
}

export interface ImportOptions {
  /** Texts of files beside the Vagrantfile (its YAML and JSON), by path from there with `/`. Given, a file that is not among them is not there. */
  readonly files?: ReadonlyMap<string, string>;
}

/** Reads a Vagrantfile. A file that is no valid Ruby is read as far as it goes, and its errors are in the report. */
export async function importVagrantfile(source: string, options: ImportOptions = {}): Promise<ImportedVagrantfile> {
  const ruby = await parseRuby(source.replace(/^\ufeff/, ''));
  const interpreter = new Interpreter(ruby, options.files);
  const report: ImportReport[] = ruby.errors.map(error => ({ line: error.line, message: `Not valid Ruby: ${error.message}`, kept: 'dropped' as const }));
  try {
    interpreter.run();
  } catch (thrown) {
    report.push({ line: 1, message: thrown instanceof Error ? thrown.message : String(thrown), kept: 'dropped' });
  }
  const preferred = interpreter.environment.get('VAGRANT_DEFAULT_PROVIDER');
  const targets = interpreter.machines.size ? [...interpreter.machines.values()] : [undefined];
  const seen = new Set<string>();
  const note = (line: number, message: string, kept: ImportReport['kept']): void => {
    const key = `${String(line)} ${message} ${kept}`;
    if (!seen.has(key)) report.push({ line, message, kept });
    seen.add(key);
  };
  for (const one of interpreter.report) note(one.line, one.message, one.kept);
  const machines = targets.map(target => {
    const made = toMachine(target?.name ?? '', target, interpreter.all, typeof preferred === 'string' ? preferred : undefined,
      (line, message) => { note(line, message, 'dropped'); },
      done => {
        const text = rubyFor(done, interpreter);
        if (text !== undefined) note(done.line, reason(done), 'custom_config');
        return text;
      });
    return made.name === '' ? { ...made, name: nameFor(made) } : made;
  });
  report.sort((a, b) => a.line - b.line);
  return {
    text: importedText(machines, ruby),
    machines: machines.map(({ name, provider, config }) => ({ name, provider, config })),
    report,
    complete: report.length === 0,
    nothingLost: report.every(one => one.kept === 'custom_config'),
  };
}

/** A machine the file gives no name: its host name, else Vagrant's own word. */
function nameFor(machine: ImportedMachine): string {
  return typeof machine.config.hostname === 'string' && machine.config.hostname !== '' ? machine.config.hostname : 'default';
}

function reason(done: Done): string {
  if (done.kind === 'option' || done.kind === 'keyed' || done.kind === 'customize') return `A setting of the provider ${done.name} that Gaia has no key for`;
  return done.provider === undefined ? 'A setting that Gaia has no key for' : `A setting for the provider ${done.provider} alone`;
}

/** What was done, as Ruby again. */
function rubyFor(done: Done, interpreter: Interpreter): string | undefined {
  const block = (name: string, line: string): string => `config.vm.provider ${rubyLiteral(name)} do |provider|\n  ${line}\nend`;
  try {
    switch (done.kind) {
      case 'option': return block(done.name, `provider.${done.key} = ${rubyLiteral(literal(done.value))}`);
      case 'keyed': return block(done.name, `provider.${done.option}[${rubyLiteral(done.key)}] = ${rubyLiteral(literal(done.value))}`);
      case 'customize': return done.unlessExists !== undefined ? keptText(done.node, new Scope(), interpreter, { target: interpreter.all }) : block(done.name, `provider.customize${done.args.length === 1 ? ' ' : '('}${done.args.map(one => rubyLiteral(literal(one))).join(', ')}${done.args.length === 1 ? '' : ')'}`);
      case 'set': return overridden(done, `config.${done.space}.${done.key} = ${rubyLiteral(literal(done.value))}`);
      case 'disk': return overridden(done, `config.vm.disk ${rubyLiteral(symbol(done.type))}${keywords(done.options)}`);
      case 'cloudInit': return overridden(done, `config.vm.cloud_init${keywords(done.options).slice(1)}`);
      case 'network': return overridden(done, `config.vm.network ${rubyLiteral(done.type)}${keywords(done.options)}`);
      case 'folder': return overridden(done, `config.vm.synced_folder ${rubyLiteral(literal(done.host))}, ${rubyLiteral(literal(done.guest))}${keywords(done.options)}`);
      case 'provision': return overridden(done, provision(done));
      case 'trigger': return overridden(done, trigger(done));
      case 'custom': return overridden(done, done.text);
      case 'named': return undefined;
    }
  } catch {
    return undefined;
  }
}

function overridden(done: Done, text: string): string {
  if (done.provider === undefined) return text;
  const renamed = text.replace(/^config\./, 'override.');
  return `config.vm.provider ${rubyLiteral(done.provider)} do |_, override|\n${renamed.split('\n').map(line => `  ${line}`).join('\n')}\nend`;
}

function keywords(options: { entries(): [unknown, unknown][] }): string {
  return options.entries().map(([key, value]) => `, ${String(key)}: ${rubyLiteral(literal(value as never))}`).join('');
}

function trigger(done: Done & { kind: 'trigger' }): string {
  const lines = done.settings.map(([key, value]) => `  trigger.${key} = ${rubyLiteral(literal(value))}\n`);
  return `config.trigger.${done.stage} ${done.actions.map(action => rubyLiteral(symbol(action))).join(', ')} do |trigger|\n${lines.join('')}end`;
}

function provision(done: Done & { kind: 'provision' }): string {
  const head = `config.vm.provision ${rubyLiteral(done.name ?? done.type)}${done.name === undefined ? '' : `, type: ${rubyLiteral(done.type)}`}${keywords(done.options)}`;
  const lines = [...done.settings.map(([key, value]) => `p.${key} = ${rubyLiteral(literal(value))}`), ...done.calls.map(({ method, args }) => `p.${method}(${args.map(one => rubyLiteral(literal(one))).join(', ')})`)];
  return lines.length ? `${head} do |p|\n${lines.map(line => `  ${line}`).join('\n')}\nend` : head;
}

