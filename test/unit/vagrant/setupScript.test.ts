import fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { psComment, psLines, psText, shellWord } from '../../../src/vagrant/powershell.ts';
import { setupScript } from '../../../src/vagrant/setupScript.ts';
import { hostileText } from '../../contract/vagrant/hostile.ts';

/** What PowerShell makes of our expressions: single-quoted texts (`''` is a quote), `[char]`, `+`, and `@(…) -join [char]10`. Throws at anything else. */
function read(expression: string): string {
  const lines = /^\(@\(\n([^]*)\n\) -join \[char\]10\)$/.exec(expression);
  if (lines) return (lines[1] ?? '').split(',\n').map(line => read(line.trim())).join('\n');
  const inner = /^\((.*)\)$/.exec(expression)?.[1] ?? expression;
  let rest = inner;
  let text = '';
  for (let first = true; rest !== ''; first = false) {
    if (!first) {
      if (!rest.startsWith(' + ')) throw new Error(`not ours: ${rest}`);
      rest = rest.slice(3);
    }
    const piece = /^'((?:[^']|'')*)'|^\[char\]0x([0-9A-F]{4})/.exec(rest);
    if (!piece || (first && piece[2])) throw new Error(`not ours: ${rest}`);
    text += piece[2] === undefined ? (piece[1] ?? '').replaceAll("''", "'") : String.fromCharCode(Number.parseInt(piece[2], 16));
    rest = rest.slice(piece[0].length);
  }
  return text;
}

const printable = /^[\x20-\x7e\r\n]*$/;

describe('the PowerShell encoder', () => {
  it('gives every text back, in ASCII alone', () => {
    fc.assert(fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' }), fc.constantFrom('‘’‚‛“”', "''", '$(x)', '`', 'a\r\nb')), text => {
      expect(psText(text)).toMatch(printable);
      expect(read(psText(text))).toBe(text);
    }));
  });
  it('gives texts of several lines back', () => {
    fc.assert(fc.property(fc.array(hostileText.filter(text => !text.includes(',')), { minLength: 1, maxLength: 4 }).map(lines => lines.join('\n')), text => {
      expect(read(psLines(text))).toBe(text);
    }));
  });
  it('keeps comments in their line', () => {
    fc.assert(fc.property(hostileText, text => { expect(psComment(text)).toMatch(/^#[\x20-\x7e]*$/); }));
  });
});

describe.skipIf(process.platform === 'win32')('a word for the shell', () => {
  it('is that word to sh', () => {
    const words = fc.sample(hostileText, 200).map(text => text.replace(/\p{Cs}/gu, '\ufffd').replaceAll('\0', ''));
    const out = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], { encoding: 'utf8' });
    expect(out.split('\0').slice(0, -1)).toEqual(words);
  });
});

describe('the setup script of a WSL machine', () => {
  const machine = (config: Record<string, unknown>, name = 'Ubuntu-Dev') => ({ name, provider: 'wsl', config });

  it('imports a tarball, and a distribution that is there by a copy of it', () => {
    expect(setupScript(machine({ tarball: 'C:\\path\\to\\rootfs.tar', install_location: 'C:\\WSL\\Custom' }))?.text).toContain("$tarball = 'C:\\path\\to\\rootfs.tar'\r\nNew-Item -ItemType Directory -Force -Path $location | Out-Null\r\nInvoke-Wsl --import $name $location $tarball --version 2\r\n");
    const copied = setupScript(machine({ base_distro: 'Ubuntu', source_distro: 'Ubuntu-22.04' }))?.text;
    expect(copied).toContain("$source = 'Ubuntu-22.04'");
    expect(copied).toMatch(/if \(\$installed -contains \$source\) \{[^]*--export \$source \$copy[^]*--import \$name \$location \$copy --version 2[^]*\} else \{\r\n {2}Invoke-Wsl --install \$source --name \$name --location \$location --version 2 --no-launch/);
    expect(setupScript(machine({ tarball: 'https://x.test/a.tar.gz' }))?.text).toContain("Invoke-WebRequest -UseBasicParsing -Uri 'https://x.test/a.tar.gz' -OutFile $tarball");
    expect(setupScript(machine({}))?.text).toContain('names no source');
  });

  it('gives folders without a backslash at the end, which would swallow a quote', () => {
    const location = (given: string): string | undefined => /\$location = (.*)\r\n/.exec(setupScript(machine({ source_distro: 'x', install_location: given }))?.text ?? '')?.[1];
    expect(['C:\\My WSL\\', 'C:\\', 'C:\\a', 'D:/x//'].map(location)).toEqual(["'C:\\My WSL'", "'C:\\'", "'C:\\a'", "'D:/x'"]);
  });

  it('stops before anything when the name is taken', () => {
    const text = setupScript(machine({ source_distro: 'x' }))?.text ?? '';
    expect(text.indexOf('if ($installed -contains $name) { throw')).toBeLessThan(text.indexOf('--export'));
    expect(text).not.toContain('--unregister');
  });

  it('is ASCII with Windows line ends, whatever the config holds', () => {
    fc.assert(fc.property(hostileText, hostileText, (name, text) => {
      const made = setupScript(machine({ tarball: text, install_location: text, default_user: text, provisioners: [{ type: 'shell', inline: text, env: { A: text }, args: [text] }, { type: text, name: text }], provider_config: { wsl_conf: { [text]: { [text]: text } }, boot_command: text, vhd_size: text } }, name));
      expect(made?.text).toMatch(printable);
      expect(made?.text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      expect(made?.fileName).toMatch(/^setup-[A-Za-z0-9._-]+\.ps1$/);
    }));
  });

  it('is for WSL alone', () => { expect(setupScript({ name: 'a', provider: 'virtualbox', config: {} })).toBeUndefined(); });

  it.skipIf(process.platform === 'win32' || spawnSync('awk', ['1'], { input: '' }).status !== 0)('sets keys of wsl.conf and keeps the rest of the file', () => {
    const text = setupScript(machine({ source_distro: 'x', default_user: 'me', provider_config: { systemd: true, wsl_conf: { automount: { root: '/w in' } } } }))?.text ?? '';
    const block = /Invoke-Inside 'root' (\(@\(\r\n {2}'set -e'[^]*?\) -join \[char\]10\))/.exec(text)?.[1]?.replaceAll('\r\n', '\n') ?? '';
    const script = read(block.replace(/,\n/g, ',\n')).split('\n');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-wsl-'));
    const conf = path.join(folder, 'wsl.conf');
    try {
      fs.writeFileSync(conf, '# mine\n[boot]\nsystemd = false\ncommand=keep\n[network]\nhostname=old\n');
      execFileSync('sh', ['-c', script.filter(line => !line.startsWith('id -u')).join('\n').replaceAll('/etc/wsl.conf', conf)]);
      expect(fs.readFileSync(conf, 'utf8')).toBe('# mine\n[boot]\nsystemd=true\ncommand=keep\n[network]\nhostname=old\n[user]\ndefault=me\n[automount]\nroot=/w in\n');
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
