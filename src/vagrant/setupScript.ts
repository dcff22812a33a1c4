// For a WSL machine: a PowerShell script that makes it with `wsl.exe` alone, for computers without Vagrant or the plugin.
import type { ParsedMachine } from '../config/model.ts';
import { psComment, psLines, psText, shellWord } from './powershell.ts';
import { asDict, asList, asText, isDict, joinLines, type Dict } from './values.ts';

export interface SetupScript {
  /** Name of the distribution. */
  readonly name: string;
  readonly fileName: string;
  /** ASCII, CR LF line ends. Run with `powershell -ExecutionPolicy Bypass -File`. */
  readonly text: string;
}

export function setupScript(machine: Pick<ParsedMachine, 'name' | 'provider' | 'config'>): SetupScript | undefined {
  if (machine.provider !== 'wsl') return undefined;
  const { config } = machine;
  const options = asDict(config.provider_config);
  const name = asText(options.distribution_name) ?? asText(config.name) ?? machine.name;
  const lines = [
    psComment(`Makes the WSL distribution ${name} with wsl.exe alone.`),
    '$ErrorActionPreference = \'Stop\'',
    '$env:WSL_UTF8 = \'1\'',
    '',
    `$name     = ${psText(name)}`,
    `$location = ${location(config, name)}`,
    '',
    ...functions,
    '',
    ...preconditions,
    '',
    ...source(config, options),
    '',
    ...configuration(config, options),
    ...provisioners(config, options),
    ...closing(options),
  ];
  return { name, fileName: `setup-${name.replace(/[^A-Za-z0-9._-]+/g, '_') || 'wsl'}.ps1`, text: `${lines.join('\r\n').replace(/\r?\n/g, '\r\n')}\r\n` };
}

function location(config: Dict, name: string): string {
  const given = asText(config.install_location);
  return given === undefined ? `Join-Path $env:LOCALAPPDATA ${psText(`Gaia\\wsl\\${name}`)}` : psText(withoutEndSlash(given));
}

/** Windows PowerShell 5.1 puts a folder with blanks into quotes as it is: a backslash at its end would then quote the quote. `C:\` stays. */
function withoutEndSlash(folder: string): string {
  return folder.replace(/(.)[\\/]+$/, (all, before: string) => (before === ':' ? all : before));
}

/** Scripts go through base64 into a file inside: no quoting on the way can change them, and no line end. */
const functions = [
  'function Invoke-Wsl {',
  '  & wsl.exe @args',
  '  if ($LASTEXITCODE -ne 0) { throw (\'wsl.exe \' + ($args -join \' \') + \' ended with \' + $LASTEXITCODE) }',
  '}',
  '',
  'function Invoke-Inside([string]$User, [string]$Script) {',
  '  $file = \'/tmp/gaia-\' + [guid]::NewGuid().ToString(\'N\')',
  '  $data = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Script.Replace([string][char]13, \'\')))',
  '  for ($at = 0; $at -lt $data.Length; $at += 20000) {',
  '    $part = $data.Substring($at, [Math]::Min(20000, $data.Length - $at))',
  '    Invoke-Wsl -d $name -u $User -e sh -c (\'printf %s \' + $part + \' >> \' + $file + \'.b64\')',
  '  }',
  '  Invoke-Wsl -d $name -u $User -e sh -c (\'base64 -d < \' + $file + \'.b64 > \' + $file + \'; if command -v bash > /dev/null; then bash \' + $file + \'; else sh \' + $file + \'; fi; s=$?; rm -f \' + $file + \' \' + $file + \'.b64; exit $s\')',
  '}',
];

const preconditions = [
  '$installed = @(& wsl.exe --list --quiet | ForEach-Object { $_.Replace([string][char]0, \'\').Trim() } | Where-Object { $_ })',
  'if ($installed -contains $name) { throw (\'There is a distribution \' + $name + \' already.\') }',
];

function source(config: Dict, options: Dict): string[] {
  const version = `--version ${options.version === 1 ? '1' : '2'}`;
  const tarball = asText(config.tarball);
  if (tarball !== undefined) {
    const remote = /^https?:\/\//i.test(tarball);
    const vhd = /\.vhdx?$/i.test(tarball) ? ' --vhd' : '';
    if (!remote) return [`$tarball = ${psText(tarball)}`, 'New-Item -ItemType Directory -Force -Path $location | Out-Null', `Invoke-Wsl --import $name $location $tarball ${version}${vhd}`];
    return [
      '$tarball = Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid().ToString(\'N\') + \'.tar\')',
      'try {',
      `  Invoke-WebRequest -UseBasicParsing -Uri ${psText(tarball)} -OutFile $tarball`,
      '  New-Item -ItemType Directory -Force -Path $location | Out-Null',
      `  Invoke-Wsl --import $name $location $tarball ${version}${vhd}`,
      '} finally { Remove-Item -Force -ErrorAction SilentlyContinue $tarball }',
    ];
  }
  const distribution = asText(config.source_distro) ?? asText(config.base_distro) ?? asText(config.box);
  if (distribution === undefined) return ["throw 'The config names no source: set source_distro or tarball.'"];
  return [
    `$source = ${psText(distribution)}`,
    'if ($installed -contains $source) {',
    '  $copy = Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid().ToString(\'N\') + \'.tar\')',
    '  try {',
    '    Invoke-Wsl --export $source $copy',
    '    New-Item -ItemType Directory -Force -Path $location | Out-Null',
    `    Invoke-Wsl --import $name $location $copy ${version}`,
    '  } finally { Remove-Item -Force -ErrorAction SilentlyContinue $copy }',
    '} else {',
    `  Invoke-Wsl --install $source --name $name --location $location ${version} --no-launch`,
    '}',
  ];
}

/** Sets `key` of `[section]` in /etc/wsl.conf, and keeps the rest of the file. */
const setConf = [
  'set_conf() {',
  '  touch /etc/wsl.conf',
  '  S="$1" K="$2" V="$3" awk \'',
  '    function put() { print ENVIRON["K"] "=" ENVIRON["V"]; done = 1 }',
  '    /^[ \\t]*\\[/ { if (inside && !done) put(); line = $0; gsub(/[ \\t\\r]/, "", line); inside = (line == "[" ENVIRON["S"] "]"); print; next }',
  '    inside { line = $0; sub(/=.*/, "", line); gsub(/[ \\t]/, "", line); if (line == ENVIRON["K"]) { if (!done) put(); next } }',
  '    { print }',
  '    END { if (!done) { if (!inside) print "[" ENVIRON["S"] "]"; put() } }',
  '  \' /etc/wsl.conf > /etc/wsl.conf.gaia && cat /etc/wsl.conf.gaia > /etc/wsl.conf && rm -f /etc/wsl.conf.gaia',
  '}',
].join('\n');

/** Everything that goes to /etc/wsl.conf, as `[section, key, value]`. */
export function wslConfEntries(config: Dict): [string, string, string][] {
  const options = asDict(config.provider_config);
  const entries: [string, string, string][] = [];
  const put = (section: string, key: string, value: unknown): void => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') entries.push([section, key, String(value).replace(/[\r\n\0]+/g, ' ')]);
  };
  put('boot', 'systemd', options.systemd);
  put('boot', 'command', options.boot_command);
  put('network', 'hostname', options.hostname ?? config.hostname);
  put('user', 'default', options.default_user ?? config.default_user);
  for (const [section, keys] of Object.entries(asDict(options.wsl_conf))) for (const [key, value] of Object.entries(asDict(keys))) put(section, key, value);
  return entries;
}

function configuration(config: Dict, options: Dict): string[] {
  const entries = wslConfEntries(config);
  const user = asText(options.default_user) ?? asText(config.default_user);
  if (!entries.length) return [];
  const makeUser = user !== undefined && user !== 'root' ? [`id -u ${shellWord(user)} > /dev/null 2>&1 || useradd -m -s "$(command -v bash || command -v sh)" ${shellWord(user)} 2> /dev/null || adduser -D ${shellWord(user)}`] : [];
  const script = ['set -e', setConf, ...makeUser, ...entries.map(entry => `set_conf ${entry.map(shellWord).join(' ')}`)].join('\n');
  return [psComment('The default user and /etc/wsl.conf'), `Invoke-Inside 'root' ${psLines(script)}`, 'Invoke-Wsl --terminate $name', ''];
}

function provisioners(config: Dict, options: Dict): string[] {
  const user = asText(options.default_user) ?? asText(config.default_user) ?? 'root';
  return asList(config.provisioners).flatMap((value, index): string[] => {
    if (!isDict(value) || value.run === 'never') return [];
    const type = asText(value.type) ?? 'shell';
    const title = psComment(`Provisioner ${String(index + 1)}: ${asText(value.name) ?? type}`);
    if (type === 'file') return [title, `Copy-Item -Recurse -Force ${psText(asText(value.source) ?? '')} ('\\\\wsl.localhost\\' + $name + ${psText((asText(value.destination) ?? '').replaceAll('/', '\\'))})`, ''];
    if (type !== 'shell') return [title, `Write-Warning ${psText(`Provisioner ${String(index + 1)} (${type}) needs Vagrant and is left out.`)}`, ''];
    const as = psText(value.privileged === false ? user : 'root');
    const before = preamble(value);
    const inline = joinLines(value.inline);
    if (inline !== undefined) return [title, `Invoke-Inside ${as} ${psLines(before + inline)}`, ''];
    const path = asText(value.path);
    if (path === undefined) return [];
    const text = /^https?:\/\//i.test(path) ? `(Invoke-WebRequest -UseBasicParsing -Uri ${psText(path)}).Content` : `[IO.File]::ReadAllText((Resolve-Path ${psText(path)}))`;
    return [title, `Invoke-Inside ${as} (${before === '' ? '' : `${psLines(before)} + `}${text})`, ''];
  });
}

/** Environment and arguments, in front of the script. A text as `args` is shell text, as it is for Vagrant. */
function preamble(value: Dict): string {
  const env = Object.entries(asDict(value.env)).filter(([key]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)).map(([key, inner]) => `export ${key}=${shellWord(String(inner))}\n`);
  const args = Array.isArray(value.args) ? value.args.map(one => shellWord(String(one))).join(' ') : (asText(value.args) ?? '');
  return env.join('') + (args === '' ? '' : `set -- ${args}\n`);
}

function closing(options: Dict): string[] {
  const lines: string[] = [];
  const size = asText(options.vhd_size);
  if (size !== undefined) lines.push('Invoke-Wsl --terminate $name', `Invoke-Wsl --manage $name --resize ${psText(size)}`);
  if (options.set_default === true) lines.push('Invoke-Wsl --set-default $name');
  const shared = ['memory', 'cpus', 'swap', 'kernel_command_line'].filter(key => options[key] !== undefined);
  if (shared.length) lines.push(`Write-Warning ${psText(`${shared.join(', ')}: settings of all distributions at once, in .wslconfig of your profile; left as they are.`)}`);
  return [...lines, "Write-Output ('Made ' + $name + '.')"];
}
