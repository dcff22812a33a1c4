// A provisioner of the config → what to do in the machine, as data. What only Vagrant can do is said, not tried.
import { GaiaError } from '../machines/errors.ts';
import { posixEnvironment, posixWord } from './posix.ts';

export type Step =
  /** `script` goes in through stdin and is run by `command`. */
  | { readonly kind: 'shell'; readonly title: string; readonly script: string | { readonly file: string }; readonly binary: boolean; readonly command: string; readonly secrets: readonly string[] }
  | { readonly kind: 'file'; readonly title: string; readonly source: string; readonly destination: string }
  | { readonly kind: 'ansible'; readonly title: string; readonly playbook: string; readonly args: readonly string[]; readonly inventory?: string }
  | { readonly kind: 'vagrant'; readonly title: string; readonly type: string };

type Values = Readonly<Record<string, unknown>>;

/** `when`: `first` = a new machine (all but `run: never`), `again` = only those with `run: always`. */
export function stepsOf(provisioners: unknown, when: 'first' | 'again' = 'first'): readonly Step[] {
  if (!Array.isArray(provisioners)) return [];
  return provisioners.filter(isObject).filter(one => one['run'] !== 'never' && (when === 'first' || one['run'] === 'always')).map((one, index) => stepOf(one, index));
}

function stepOf(provisioner: Values, index: number): Step {
  const type = text(provisioner['type']) ?? 'shell';
  const title = text(provisioner['name']) ?? `${type} ${String(index + 1)}`;
  if (type === 'shell') return shellStep(provisioner, title);
  if (type === 'file') return { kind: 'file', title, source: needed(provisioner, 'source', title), destination: needed(provisioner, 'destination', title) };
  if (type === 'ansible') return ansibleStep(provisioner, title);
  return { kind: 'vagrant', title, type };
}

/**
 * As Vagrant does: the script lands in a file of its own and is run, by its first line or by bash; as root unless `privileged` is false;
 * `args` as a list are words, as a text they are shell; `env` is quoted.
 */
function shellStep(provisioner: Values, title: string): Step {
  const inline = provisioner['inline'];
  const file = text(provisioner['path']);
  if ((inline === undefined) === (file === undefined)) throw new GaiaError('invalidInput', { message: 'The provisioner "{0}" needs either "inline" or "path".', values: [title] });
  const environment = isObject(provisioner['env']) ? Object.fromEntries(Object.entries(provisioner['env']).map(([name, value]) => [name, String(value)])) : {};
  const words = provisioner['args'];
  const args = Array.isArray(words) ? words.map(word => posixWord(String(word))).join(' ') : words === undefined ? '' : String(words);
  const binary = provisioner['binary'] === true;
  return {
    kind: 'shell', title, binary,
    script: file === undefined ? normal(Array.isArray(inline) ? inline.map(String).join('\n') : String(inline), binary) : { file },
    command: runScript({ environment, args, root: provisioner['privileged'] !== false }),
    secrets: provisioner['sensitive'] === true ? Object.values(environment).filter(value => value.length > 3) : [],
  };
}

/** A shell script with CR LF runs nowhere. */
export function normal(script: string, binary: boolean): string {
  return `${binary ? script : script.replaceAll('\r\n', '\n')}\n`;
}

/** Shell text that reads a script from stdin, runs it, removes it and ends with its exit code. */
export function runScript({ environment, args, root }: { readonly environment: Readonly<Record<string, string>>; readonly args: string; readonly root: boolean }): string {
  const env = posixEnvironment(environment);
  const words = [`env${env === '' ? '' : ` ${env}`}`, '"$@"', ...args === '' ? [] : [args]].join(' ');
  const body = [
    'umask 077',
    'f=$(mktemp /tmp/gaia-script.XXXXXX) || exit 1',
    'trap \'rm -f "$f"\' EXIT HUP INT TERM',
    'cat > "$f" || exit 1',
    'chmod 755 "$f"',
    // Without a first line of its own a script is for bash where there is one, as with Vagrant.
    'if [ "$(head -c 2 "$f")" = "#!" ]; then set -- "$f"; elif command -v bash >/dev/null 2>&1; then set -- bash "$f"; else set -- sh "$f"; fi',
    ...root ? ['if [ "$(id -u)" = 0 ]; then r=; else r="sudo -n -E -H"; fi'] : ['r='],
    `$r ${words} </dev/null`,
  ].join('\n');
  return `sh -c ${posixWord(body)}`;
}

function ansibleStep(provisioner: Values, title: string): Step {
  const list = (key: string): readonly string[] => {
    const value = provisioner[key];
    return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];
  };
  const vars = provisioner['extra_vars'];
  const args = [
    ...list('limit').flatMap(value => ['--limit', value]),
    ...list('tags').length > 0 ? ['--tags', list('tags').join(',')] : [],
    ...list('skip_tags').length > 0 ? ['--skip-tags', list('skip_tags').join(',')] : [],
    ...vars === undefined ? [] : ['--extra-vars', typeof vars === 'string' ? vars : JSON.stringify(vars)],
    ...provisioner['become'] === true ? ['--become'] : [],
    ...text(provisioner['become_user']) === undefined ? [] : ['--become-user', String(provisioner['become_user'])],
    ...typeof provisioner['verbose'] === 'string' && /^v+$/.test(provisioner['verbose']) ? [`-${provisioner['verbose']}`] : provisioner['verbose'] === true ? ['-v'] : [],
    ...list('raw_arguments'),
  ];
  const inventory = text(provisioner['inventory_path']);
  return { kind: 'ansible', title, playbook: needed(provisioner, 'playbook', title), args, ...inventory === undefined ? {} : { inventory } };
}

/** Inventory of one machine, in the INI form; values quoted as Ansible reads them (Python literals). */
export function inventoryFor(name: string, target: { readonly host: string; readonly port: number; readonly user: string; readonly keyFiles: readonly string[] }, commonArgs: string): string {
  const host = name.replaceAll(/[^A-Za-z0-9._-]+/g, '_').replace(/^[^A-Za-z0-9_]+/, '') || 'machine';
  const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const key = target.keyFiles[0];
  return `${[host, `ansible_host=${target.host}`, `ansible_port=${String(target.port)}`, `ansible_user=${quoted(target.user)}`, ...key === undefined ? [] : [`ansible_ssh_private_key_file=${quoted(key)}`], `ansible_ssh_common_args=${quoted(commonArgs)}`].join(' ')}\n`;
}

/** Shell text that sets the host name by whatever the system has, and lets it find itself. */
export function setHostname(hostname: string): string {
  const name = posixWord(hostname);
  const short = posixWord(hostname.split('.')[0] ?? hostname);
  const body = [
    `[ "$(hostname -f 2>/dev/null || hostname)" = ${name} ] && exit 0`,
    `if command -v hostnamectl >/dev/null 2>&1 && hostnamectl set-hostname ${name} 2>/dev/null; then :; else printf '%s\\n' ${name} > /etc/hostname && hostname ${name}; fi`,
    `grep -qwF ${name} /etc/hosts || printf '127.0.1.1\\t%s %s\\n' ${name} ${short} >> /etc/hosts`,
  ].join('\n');
  return asRoot(body);
}

export function asRoot(body: string): string {
  return `sh -c ${posixWord(`if [ "$(id -u)" = 0 ]; then exec sh -c "$1"; else exec sudo -n sh -c "$1"; fi`)} sh ${posixWord(body)}`;
}

function needed(provisioner: Values, key: string, title: string): string {
  const value = text(provisioner[key]);
  if (value !== undefined) return value;
  throw new GaiaError('invalidInput', { message: 'The provisioner "{0}" needs "{1}".', values: [title, key] });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
