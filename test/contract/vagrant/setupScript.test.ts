// The setup script of a WSL machine, read and run by the real PowerShell engine: it parses without an error, uses nothing that Windows PowerShell 5.1
// lacks, and calls wsl.exe and the few cmdlets exactly as the config says. wsl.exe and the cmdlets are stand-ins that write down how they were called.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setupScript } from '../../../src/vagrant/setupScript.ts';
import { powerShellEngine, powerShellMissing, type PowerShellAnswer } from '../../rig/powershell.mjs';
import { hostileText, well } from './hostile.ts';

type Json = Readonly<Record<string, unknown>>;
interface Verb { readonly args: string; readonly short?: string; readonly options: readonly { readonly flag: string; readonly args: string; readonly short?: string }[] }

const { verbs } = JSON.parse(fs.readFileSync(path.resolve(import.meta.dirname, '../../truth/wsl/verbs.json'), 'utf8')) as { verbs: Readonly<Record<string, Verb>> };
const missing = powerShellMissing();
if (missing) console.log(`skipped: the WSL setup script in PowerShell (${missing})`);

/** `fail`: the number (from 1) of the call of wsl.exe that ends with an error. */
const prelude = ({ installed = [], scriptFile = '', fail = 0 }: { installed?: readonly string[]; scriptFile?: string; fail?: number }): string => `
$global:calls = [System.Collections.ArrayList]::new()
$global:wslCalls = 0
$env:LOCALAPPDATA = 'C:\\Users\\me\\AppData\\Local'
function global:note { [void]$global:calls.Add(@($args | ForEach-Object { [string]$_ })) }
function global:wsl.exe {
  $global:wslCalls++
  note 'wsl.exe' @args
  $global:LASTEXITCODE = if ($global:wslCalls -eq ${String(fail)}) { 1 } else { 0 }
  if ($args[0] -eq '--list') { ${installed.length ? installed.map(name => `'${name}' + [char]0`).join('; ') : "''"} }
}
function global:New-Item { note 'New-Item' @args }
function global:Remove-Item { note 'Remove-Item' @args }
function global:Copy-Item { note 'Copy-Item' @args }
function global:Invoke-WebRequest { note 'Invoke-WebRequest' @args; [pscustomobject]@{ Content = 'echo from the web' } }
function global:Resolve-Path { note 'Resolve-Path' @args; '${scriptFile}' }
function global:Join-Path($Path, $ChildPath) { $Path.TrimEnd('\\') + '\\' + $ChildPath }
function global:Write-Warning { note 'Write-Warning' @args }
function global:Write-Output { note 'Write-Output' @args }
`;

const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/).filter(one => !/^\.+$/.test(one));
const text = hostileText;
const machine = (config: Json, called = 'dev'): string => {
  const made = setupScript({ name: called, provider: 'wsl', config });
  if (!made) throw new Error('no script');
  return made.text;
};

describe.skipIf(missing)('the setup script of a WSL machine, in PowerShell', () => {
  let engine: ReturnType<typeof powerShellEngine>;
  beforeAll(() => { engine = powerShellEngine(); });
  afterAll(() => { engine.stop(); });

  const run = async (config: Json, more: Parameters<typeof prelude>[0] & { name?: string } = {}): Promise<PowerShellAnswer & { calls: string[][] }> => {
    const answer = await engine.ask({ script: machine(config, more.name), prelude: prelude(more), result: 'calls' });
    return { ...answer, calls: (answer.result ?? []).map(call => call.map(word => tidy(word ?? ''))) };
  };
  /** What is made up anew in each run. */
  const tidy = (word: string): string => word.replace(/[0-9a-f]{32}/g, '<id>').replaceAll(os.tmpdir(), '<temp>').replace(/^<temp>[\\/]+/, '<temp>/');
  const list = ['wsl.exe', '--list', '--quiet'];
  const home = 'C:\\Users\\me\\AppData\\Local\\Gaia\\wsl\\dev';
  const made = ['Write-Output', 'Made dev.'];
  const folder = (location = home): string[] => ['New-Item', '-ItemType', 'Directory', '-Force', '-Path', location];

  it('parses without an error, whatever the config holds, and is no newer than 5.1', { timeout: 40_000 }, async () => {
    const provisioner = fc.oneof(
      fc.record({ type: fc.constant('shell'), inline: fc.oneof(text, fc.array(text, { maxLength: 3 })), env: fc.dictionary(text, text, { maxKeys: 2 }), args: fc.oneof(text, fc.array(text, { maxLength: 3 })), name: text, privileged: fc.boolean() }),
      fc.record({ type: fc.constantFrom('shell', 'file'), path: text, source: text, destination: text }), fc.record({ type: text, name: text }),
    );
    const config = fc.record({
      tarball: text, source_distro: text, base_distro: text, install_location: text, default_user: text, hostname: text, provisioners: fc.array(provisioner, { maxLength: 4 }),
      provider_config: fc.record({ systemd: fc.boolean(), boot_command: text, vhd_size: text, memory: fc.integer(), set_default: fc.boolean(), wsl_conf: fc.dictionary(text, fc.dictionary(text, text, { maxKeys: 2 }), { maxKeys: 2 }) }, { requiredKeys: [] }),
    }, { requiredKeys: [] });
    const drawn = fc.sample(fc.tuple(config, text), 400);
    const answers = await Promise.all(drawn.map(([one, called]) => engine.ask({ script: machine(one as Json, called) })));
    answers.forEach((answer, index) => { expect({ errors: answer.errors, newer: answer.newer }, JSON.stringify(drawn[index])).toEqual({ errors: [], newer: [] }); });
    console.log(`PowerShell: ${String(answers.length)} setup scripts of hostile configs parse without an error`);
  });

  it('would be told apart if it were not PowerShell', async () => {
    expect((await engine.ask({ script: "$x = 'open\n" })).errors).not.toEqual([]);
    expect((await engine.ask({ script: '$x = $a ? 1 : 2; $b ?? 3; a && b' })).newer).toHaveLength(3);
    expect((await engine.ask({ script: "throw 'no'", prelude: '' })).failed).toBe('no');
  });

  it('installs a distribution that is not there yet', async () => {
    const { failed, calls } = await run({ base_distro: 'Ubuntu-24.04' });
    expect(failed).toBeNull();
    expect(calls).toEqual([list, ['wsl.exe', '--install', 'Ubuntu-24.04', '--name', 'dev', '--location', home, '--version', '2', '--no-launch'], made]);
  });

  it('copies one that is there, and removes the copy', async () => {
    const { failed, calls } = await run({ base_distro: 'Ubuntu' }, { installed: ['Ubuntu', 'Debian'] });
    expect(failed).toBeNull();
    expect(calls).toEqual([list, ['wsl.exe', '--export', 'Ubuntu', '<temp>/<id>.tar'], folder(), ['wsl.exe', '--import', 'dev', home, '<temp>/<id>.tar', '--version', '2'], ['Remove-Item', '-Force', '-ErrorAction', 'SilentlyContinue', '<temp>/<id>.tar'], made]);
  });

  it('imports a file of this computer, of any name and to any place', { timeout: 40_000 }, async () => {
    await Promise.all(fc.sample(fc.tuple(text.filter(one => one !== '' && !/^https?:/i.test(one)), text.filter(one => one !== ''), name), 60).map(async ([tarball, location, called]) => {
      const { failed, calls, errors } = await run({ tarball, install_location: location, provider_config: { version: 1 } }, { name: called });
      expect({ failed, errors }).toEqual({ failed: null, errors: [] });
      const plain = (one: string): string => tidy(well(one).replace(/(.)[\\/]+$/, (all, before: string) => (before === ':' ? all : before)));
      expect(calls).toEqual([list, folder(plain(location)), ['wsl.exe', '--import', called, plain(location), tidy(well(tarball)), '--version', '1', ...(/\.vhdx?$/i.test(tarball) ? ['--vhd'] : [])], ['Write-Output', `Made ${called}.`]]);
    }));
  });

  it('fetches one, and removes what it fetched', async () => {
    const { failed, calls } = await run({ tarball: "https://x.test/a'b.tar.gz" });
    expect(failed).toBeNull();
    expect(calls).toEqual([list, ['Invoke-WebRequest', '-UseBasicParsing', '-Uri', "https://x.test/a'b.tar.gz", '-OutFile', '<temp>/<id>.tar'], folder(), ['wsl.exe', '--import', 'dev', home, '<temp>/<id>.tar', '--version', '2'], ['Remove-Item', '-Force', '-ErrorAction', 'SilentlyContinue', '<temp>/<id>.tar'], made]);
  });

  it('does nothing where the name is taken, and stops at the first error', async () => {
    const taken = await run({ base_distro: 'Ubuntu' }, { installed: ['Dev'] });
    expect(taken.failed).toContain('There is a distribution dev already.');
    expect(taken.calls).toEqual([list]);
    const broken = await run({ base_distro: 'Ubuntu', default_user: 'me' }, { fail: 2 });
    expect(broken.failed).toContain('ended with 1');
    expect(broken.calls.map(call => call[1])).toEqual(['--list', '--install']);
    const copy = await run({ base_distro: 'Ubuntu' }, { installed: ['Ubuntu'], fail: 3 });
    expect(copy.calls.at(-1)?.[0]).toBe('Remove-Item');
  });

  it('takes options of wsl.exe alone, and each verb as it is documented', async () => {
    const all = await Promise.all([
      run({ base_distro: 'Ubuntu', default_user: 'me', provisioners: [{ type: 'shell', inline: 'x' }], provider_config: { vhd_size: '64GB', set_default: true } }), run({ base_distro: 'Ubuntu' }, { installed: ['Ubuntu'] }), run({ tarball: 'a.vhdx' }),
    ]);
    expect(all.map(one => one.failed)).toEqual([null, null, null]);
    for (const [, verb, ...words] of all.flatMap(one => one.calls).filter(call => call[0] === 'wsl.exe') as [string, string, ...string[]][]) {
      if (verb === '-d') {
        expect([verb, words[1], words[3]]).toEqual([verbs['--distribution']?.short, verbs['--user']?.short, verbs['--exec']?.short]);
        continue;
      }
      const known = verbs[verb];
      expect(known, verb).toBeDefined();
      for (const word of words.filter(one => one.startsWith('-'))) expect(known?.options.map(one => one.flag), `${verb} ${word}`).toContain(word);
    }
    const [first] = all;
    expect(first?.calls.slice(-5)).toEqual([first?.calls.at(-5), ['wsl.exe', '--terminate', 'dev'], ['wsl.exe', '--manage', 'dev', '--resize', '64GB'], ['wsl.exe', '--set-default', 'dev'], made]);
  });

  /** The scripts that arrive inside, put together again: `[user, text]`. */
  const inside = (answer: PowerShellAnswer): [string, string][] => {
    const parts = new Map<string, string>();
    return (answer.result ?? []).filter(call => call[1] === '-d').flatMap(call => {
      const [, , distribution, , user, dashE, shell, dashC, command] = call as string[];
      expect([distribution, dashE, shell, dashC]).toEqual(['dev', '-e', 'sh', '-c']);
      const part = /^printf %s ([A-Za-z0-9+/=]+) >> (\/tmp\/gaia-[0-9a-f]{32})\.b64$/.exec(command ?? '');
      if (part) { parts.set(part[2] ?? '', (parts.get(part[2] ?? '') ?? '') + (part[1] ?? '')); return []; }
      const file = /^base64 -d < (\/tmp\/gaia-[0-9a-f]{32})\.b64 > \1; if command -v bash > \/dev\/null; then bash \1; else sh \1; fi; s=\$\?; rm -f \1 \1\.b64; exit \$s$/.exec(command ?? '')?.[1];
      expect(file, command ?? '').toBeDefined();
      return [[user ?? '', Buffer.from(parts.get(file ?? '') ?? '', 'base64').toString('utf8')] as [string, string]];
    });
  };

  it('takes scripts inside unharmed, however long', async () => {
    const long = Array.from({ length: 3000 }, (_, at) => `echo "line ${String(at)} 'ü' $HOME"`);
    const drawn = fc.sample(text.filter(one => one !== ''), 40);
    const answer = await engine.ask({ script: machine({ base_distro: 'x', default_user: 'me', provisioners: [...drawn.map(inline => ({ type: 'shell', inline })), { type: 'shell', inline: long, privileged: false }] }), prelude: prelude({}), result: 'calls' });
    expect({ errors: answer.errors, failed: answer.failed }).toEqual({ errors: [], failed: null });
    const [conf, ...scripts] = inside(answer);
    expect(conf?.[0]).toBe('root');
    expect(scripts).toEqual([...drawn.map(one => ['root', well(one.replaceAll('\r', ''))]), ['me', `${long.join('\n')}\n`]]);
  });

  it('hands arguments and environment to the script as they are', () => {
    const words = fc.sample(text, 40).map(one => one.replaceAll('\0', '').replaceAll('\r', ''));
    return engine.ask({ script: machine({ base_distro: 'x', provisioners: [{ type: 'shell', inline: "printf '%s\\0' \"$A\" \"$@\"", args: words, env: { A: words[0] } }] }), prelude: prelude({}), result: 'calls' }).then(answer => {
      const [script] = inside(answer);
      const out = spawnSync('bash', ['-c', script?.[1] ?? 'exit 1'], { encoding: 'utf8' });
      expect(out.status).toBe(0);
      expect(out.stdout.split('\0').slice(0, -1)).toEqual([words[0], ...words].map(one => well(one ?? '')));
    });
  });

  it('copies files, reads scripts of this computer and of the web, and says what it leaves out', async () => {
    const scriptFile = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-script-')), 'a.sh');
    fs.writeFileSync(scriptFile, 'echo here\r\n');
    try {
      const answer = await engine.ask({
        script: machine({ base_distro: 'x', provisioners: [{ type: 'file', source: "a'b", destination: '/opt/x' }, { type: 'shell', path: './a.sh' }, { type: 'shell', path: 'https://x.test/b.sh' }, { type: 'ansible', playbook: 'x' }] }), prelude: prelude({ scriptFile }), result: 'calls',
      });
      expect(answer.failed).toBeNull();
      const others = (answer.result ?? []).filter(call => call[0] !== 'wsl.exe');
      expect(others).toEqual([['Copy-Item', '-Recurse', '-Force', "a'b", '\\\\wsl.localhost\\dev\\opt\\x'], ['Resolve-Path', './a.sh'], ['Invoke-WebRequest', '-UseBasicParsing', '-Uri', 'https://x.test/b.sh'], ['Write-Warning', 'Provisioner 4 (ansible) needs Vagrant and is left out.'], made]);
      expect(inside(answer)).toEqual([['root', 'echo here\n'], ['root', 'echo from the web']]);
    } finally {
      fs.rmSync(path.dirname(scriptFile), { recursive: true });
    }
  });
});
