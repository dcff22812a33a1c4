// One machine of a config as what its part of a Vagrantfile is made of.
import { stringify } from 'yaml';
import type { ConfigPath, ParsedMachine } from '../config/model.ts';
import { cloudInitStatements, diskStatements, folderStatements, lookUp, networkStatements, type Sink } from './networkStatements.ts';
import { machineProblems } from './problems.ts';
import { foreignStatements, providerStatements } from './providerStatements.ts';
import { provisionerStatements } from './provisionerStatements.ts';
import { triggerStatements } from './triggerStatements.ts';
import { commentLines, rubyLiteral, type RubyValue } from './ruby.ts';
import { asDict, asText, data, isDict, isSecret, pluginData, type Dict } from './values.ts';
import { assign, attachComments, blockCall, code, type MachineView, type Statement, type ViewProblem } from './view.ts';

type Input = Pick<ParsedMachine, 'name' | 'provider' | 'config' | 'comments'>;

/** Keys of `config` that are Gaia's own: a machine made by Vagrant comes from a box. */
const gaiaOnly = ['iso', 'image', 'clone_from', 'checksum', 'connection', 'source_distro', 'tarball', 'install_location'];

/** `alone`: the machine is the only one of its file, so its settings stand on `config` itself. */
export function machineView(machine: Input, alone: boolean): MachineView {
  const { name, provider, config } = machine;
  const variable = alone ? undefined : blockVariable(name, config);
  const top = variable ?? 'config';
  const problems: ViewProblem[] = [];
  const sink: Sink = {
    receiver: `${top}.vm`,
    problem: problem => problems.push(problem),
    noEquivalent: path => problems.push({ code: 'vagrant.noEquivalent', severity: 'information', message: 'Vagrant has no setting for "{0}": it is not in the Vagrantfile. Gaia itself applies it.', values: [String(path.findLast(step => typeof step === 'string'))], path, atKey: true }),
    secret: (key, path) => secret(key, path, problems),
  };
  for (const key of gaiaOnly) {
    if (config[key] !== undefined && !(key === 'iso' && provider === 'proxmox') && !(provider === 'wsl' && key !== 'connection')) sink.noEquivalent(['config', key]);
  }
  const extra = extraStatements(asDict(config.vagrant), top, sink);
  const sections = [
    [...settings(config, provider, sink.receiver), ...extra.vm],
    extra.others,
    networkStatements(config, provider, sink),
    folderStatements(config, sink),
    diskStatements(config, provider, sink),
    cloudInitStatements(config, sink, document => stringify(document, { lineWidth: 0 })),
    [...providerStatements(name, provider, config, sink), ...otherProviders(asDict(asDict(config.vagrant).providers), sink.receiver, sink)],
    provisionerStatements(config, sink),
    triggerStatements(config, top, sink),
    custom(config),
  ].filter(section => section.length > 0);
  const comments = descriptionLines(machine);
  attachComments(machine.comments, sections, comments, commentLines);
  problems.push(...machineProblems(machine));
  const define = asDict(asDict(config.vagrant).define);
  return { name, comments, define: Object.fromEntries(Object.entries(define).map(([key, value]) => [key, data(value)])), variable, sections, problems };
}

function settings(config: Dict, provider: string, receiver: string): Statement[] {
  const made: Statement[] = [];
  const set = (key: string, value: unknown, option = key): void => {
    if (value !== undefined && value !== null) made.push(assign(['config', key], receiver, option, data(value)));
  };
  set('box', config.box);
  if (config.box === undefined && provider === 'wsl') set('base_distro', config.base_distro, 'box');
  if (config.box_version !== '>= 0') set('box_version', config.box_version);
  set('box_url', config.box_url);
  if (config.box_architecture !== 'auto') set('box_architecture', config.box_architecture);
  if (provider !== 'wsl') set('hostname', config.hostname);
  return made;
}

/** `vagrant`: settings that are Vagrant's alone, `{ "ssh": { "forward_agent": true } }` is `config.ssh.forward_agent = true`. */
function extraStatements(extra: Dict, top: string, sink: Sink): { vm: Statement[]; others: Statement[] } {
  const vm: Statement[] = [];
  const others: Statement[] = [];
  for (const [space, values] of Object.entries(extra)) {
    if (space === 'define' || space === 'providers' || !isDict(values)) continue;
    if (space === 'plugins') {
      for (const [plugin, spaces] of Object.entries(values)) others.push(...pluginStatements(plugin, asDict(spaces), top, sink));
      continue;
    }
    for (const [key, value] of Object.entries(values)) {
      const path = ['config', 'vagrant', space, key];
      if (!methodName.test(space) || !methodName.test(key)) {
        sink.problem({ code: 'vagrant.settingName', severity: 'error', message: '"{0}" cannot be the name of a setting in a Vagrantfile.', values: [methodName.test(space) ? key : space], path, atKey: true });
        continue;
      }
      (space === 'vm' ? vm : others).push(assign(path, `${top}.${space}`, key, isSecret(key, value) ? sink.secret(key, path) : coreSpaces.has(space) ? data(value) : pluginData(value)));
    }
  }
  return { vm, others };
}

/** Settings that hold where a plugin is installed; elsewhere Vagrant would refuse them. */
function pluginStatements(plugin: string, spaces: Dict, top: string, sink: Sink): Statement[] {
  const path = ['config', 'vagrant', 'plugins', plugin];
  const statements = Object.entries(spaces).flatMap(([space, values]) => Object.entries(asDict(values)).flatMap(([key, value]): Statement[] => {
    const at = [...path, space, key];
    if (!methodName.test(space) || !methodName.test(key)) return [];
    return [assign(at, `${top}.${space}`, key, isSecret(key, value) ? sink.secret(key, at) : coreSpaces.has(space) ? data(value) : pluginData(value))];
  }));
  return statements.length ? [{ kind: 'condition', word: 'if', path, comments: [], condition: `Vagrant.has_plugin?(${rubyLiteral(plugin)})`, block: { statements, path } }] : [];
}

/** The same machine for another of Vagrant's providers: `"providers": { "libvirt": { "memory": 2048 } }`. */
function otherProviders(providers: Dict, receiver: string, sink: Sink): Statement[] {
  return Object.entries(providers).map(([name, values]) => {
    const path = ['config', 'vagrant', 'providers', name];
    return blockCall(path, receiver, 'provider', [name], {}, { variable: 'provider', statements: foreignStatements(asDict(values), path, sink), path });
  });
}

/** Vagrant's own: the rest of `vagrant` belongs to plugins. */
const coreSpaces = new Set(['vm', 'ssh', 'winrm', 'winssh', 'vagrant', 'nfs']);

const methodName = /^[a-z_][A-Za-z0-9_]*$/;

function custom(config: Dict): Statement[] {
  const value = config.custom_config;
  const text = Array.isArray(value) ? value.map(String).join('\n') : asText(value);
  return text === undefined || text.trim() === '' ? [] : [code(['config', 'custom_config'], text)];
}

function secret(key: string, path: ConfigPath, problems: ViewProblem[]): RubyValue {
  const name = key.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();
  problems.push({ code: 'vagrant.secret', severity: 'warning', message: 'The value of "{0}" is not written into the Vagrantfile, which reads the environment variable {1} instead.', values: [String(path.at(-1)), name], path });
  return lookUp(key);
}

/** The description stands above the machine. */
function descriptionLines(machine: Input): string[] {
  const text = asText(machine.config.description);
  return text === undefined || text.trim() === '' ? [] : commentLines(text.trim());
}

const words = new Set(['BEGIN', 'END', 'alias', 'and', 'begin', 'break', 'case', 'class', 'config', 'def', 'defined', 'do', 'else', 'elsif', 'end', 'ensure', 'false', 'for', 'h', 'if', 'in', 'loop', 'module', 'next', 'nil', 'not', 'or', 'proxmox',
  'redo', 'rescue', 'retry', 'return', 'self', 'super', 'then', 'true', 'undef', 'unless', 'until', 'vb', 'wsl', 'when', 'while', 'yield', 'provider', 'ansible', 'puppet', 'chef', 'docker', 'podman', 'salt', 'cf', 'provisioner', 'trigger']);

/** The machine's name where it can be one of a variable. `custom_config` is written for `config`, so that is what it finds. */
function blockVariable(name: string, config: Dict): string {
  if (config.custom_config !== undefined) return 'config';
  const wanted = name.replace(/[-. ]/g, '_').toLowerCase();
  return /^[a-z][a-z0-9_]{0,30}$/.test(wanted) && !words.has(wanted) ? wanted : 'machine';
}
