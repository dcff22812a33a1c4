// What Vagrant cannot bear, or merges without a word: machine by machine, and between the machines of one file.
// Each was seen in the real Vagrant (docs/providers/vagrant.md); the Vagrantfile is written all the same.
import type { ConfigPath, ParsedMachine } from '../config/model.ts';
import { asList, asText, isDict, type Dict } from './values.ts';
import type { ViewProblem } from './view.ts';

type Input = Pick<ParsedMachine, 'name' | 'provider' | 'config'>;

export function machineProblems(machine: Input): ViewProblem[] {
  const problems: ViewProblem[] = [];
  const { name, config } = machine;
  if (name.includes('\0')) problems.push(error('vagrant.nulInName', 'A NUL in a machine\'s name makes Vagrant crash.', [], ['name']));
  else if (/[[\]{}/]/.test(name)) problems.push(error('vagrant.name', 'Vagrant refuses a machine\'s name with one of [ ] { } / in it: {0}', [name], ['name']));
  else if (name === '' || name === '.' || name === '..') problems.push(error('vagrant.name', 'Vagrant makes a folder of the machine\'s name: it cannot be "{0}".', [name], ['name']));
  else if (/[<>:"|?*\\]/.test(name)) problems.push(warning('vagrant.nameOnWindows', 'Vagrant makes a folder of the machine\'s name; on Windows it cannot hold "{0}".', [/[<>:"|?*\\]/.exec(name)?.[0] ?? ''], ['name']));
  const hostname = asText(config.hostname);
  if (hostname !== undefined && machine.provider !== 'wsl' && !/^[a-z0-9][-.a-z0-9]*$/i.test(hostname)) problems.push(error('vagrant.hostname', 'Vagrant takes host names of letters, digits, "-" and "." only, and the first a letter or digit: {0}', [hostname], ['config', 'hostname']));
  ports(config, problems);
  folders(config, problems);
  provisioners(config, problems);
  unreadable(config, ['config'], problems);
  if (lone.test(name)) problems.push(lonely(['name']));
  const custom = Array.isArray(config.custom_config) ? config.custom_config.map(String).join('\n') : (asText(config.custom_config) ?? '');
   
  if (/[\0\x04\x1a]|^__END__\r?$/m.test(custom)) problems.push(error('vagrant.endOfProgram', 'A NUL, Ctrl-D, Ctrl-Z or a line "__END__" ends a Ruby program: what follows in the Vagrantfile may not be read.', [], ['config', 'custom_config']));
  return problems;
}

/** Two forwards with one id are one for Vagrant, the later; without an id, it is made of address, protocol and host port. */
function ports(config: Dict, problems: ViewProblem[]): void {
  const seen = new Map<string, number>();
  asList(config.networks).forEach((value, index) => {
    if (!isDict(value) || value.type !== 'forwarded_port') return;
    const path = ['config', 'networks', index];
    for (const key of ['guest_port', 'host_port']) {
      const port = value[key];
      if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) problems.push(error('vagrant.port', 'A port is a whole number from 1 to 65535.', [], [...path, key]));
    }
    const id = asText(value.id) ?? (value.guest_port === 22 && (value.protocol ?? 'tcp') === 'tcp' ? 'ssh' : `${asText(value.host_ip) ?? ''}${asText(value.protocol) ?? 'tcp'}${String(value.host_port)}`);
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index);
    else problems.push(error('vagrant.samePort', 'Vagrant takes this forward and number {0} for one, and drops the earlier: give them different host ports or an "id" of their own.', [first + 1], path));
  });
}

function folders(config: Dict, problems: ViewProblem[]): void {
  const seen = new Map<string, number>();
  asList(config.synced_folders).forEach((value, index) => {
    if (!isDict(value)) return;
    const path = ['config', 'synced_folders', index];
    const guest = String(value.guest_path).replace(/\/$/, '');
    const first = seen.get(guest);
    if (first === undefined) seen.set(guest, index);
    else problems.push(error('vagrant.sameGuestPath', 'Vagrant merges folders of one guest path without a word: this one replaces number {0}.', [first + 1], [...path, 'guest_path']));
    for (const key of ['host_path', 'guest_path']) if (String(value[key]).includes('\0')) problems.push(error('vagrant.nulInPath', 'A NUL in a path makes Vagrant crash.', [], [...path, key]));
  });
}

function provisioners(config: Dict, problems: ViewProblem[]): void {
  const seen = new Map<string, number>();
  asList(config.provisioners).forEach((value, index) => {
    const name = isDict(value) ? asText(value.name) : undefined;
    if (name === undefined) return;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else problems.push(error('vagrant.sameProvisioner', 'Vagrant merges provisioners of one name: this one replaces what number {0} says.', [first + 1], ['config', 'provisioners', index, 'name']));
  });
}

const lone = /\p{Cs}/u;

/** A lone surrogate is no character: Ruby, being UTF-8, has no form for it. */
function unreadable(value: unknown, path: ConfigPath, problems: ViewProblem[]): void {
  if (typeof value === 'string') {
    if (lone.test(value)) problems.push(lonely(path));
  } else if (Array.isArray(value)) value.forEach((inner, index) => { unreadable(inner, [...path, index], problems); });
  else if (isDict(value)) for (const [key, inner] of Object.entries(value)) unreadable(inner, [...path, key], problems);
}

const lonely = (path: ConfigPath): ViewProblem => warning('vagrant.noCharacter', 'Half a character (a lone surrogate) cannot be written into a Vagrantfile: it becomes U+FFFD.', [], path);

/** Machines of one name are one machine for Vagrant, its blocks merged. */
export function fileProblems(machines: readonly Pick<ParsedMachine, 'name'>[]): { readonly machine: number; readonly problem: ViewProblem }[] {
  const seen = new Map<string, number>();
  return machines.flatMap(({ name }, index) => {
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, index);
      return [];
    }
    return [{ machine: index, problem: error('vagrant.sameMachine', 'Vagrant merges machines of one name: "{0}" is number {1} already.', [name, first + 1], ['name']) }];
  });
}

function error(code: string, message: string, values: readonly (string | number)[], path: ConfigPath): ViewProblem {
  return { code, severity: 'error', message, values, path };
}
function warning(code: string, message: string, values: readonly (string | number)[], path: ConfigPath): ViewProblem {
  return { code, severity: 'warning', message, values, path };
}
