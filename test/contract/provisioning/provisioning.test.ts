// Waiting, key replacement and provisioners against a real OpenSSH server: hostile values arrive exactly as written.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/machines/clock.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';
import { insecurePrivateKey, insecurePublicBody } from '../../../src/provisioning/insecureKey.ts';
import { nameHost, provision, replaceKey, waitForSsh } from '../../../src/provisioning/session.ts';
import type { SessionDoors, Surroundings } from '../../../src/provisioning/session.ts';
import { stepsOf } from '../../../src/provisioning/steps.ts';
import { readText, removeAll, writeWhole } from '../../../src/system/files.ts';
import { runProcess } from '../../../src/system/process.ts';
import type { SshTarget } from '../../../src/system/ssh.ts';
import { sshRequest } from '../../../src/system/ssh.ts';
import { sshdMissing, startSshd } from './sshd.ts';
import type { Sshd } from './sshd.ts';

const which = (program: string): string => spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
const ansible = which('ansible-playbook');

describe.skipIf(sshdMissing())('provisioning over a real SSH server', () => {
  let server: Sshd;
  let target: SshTarget;
  let around: Surroundings;
  let output: string[] = [];
  const context = (signal = new AbortController().signal): OperationContext => ({ signal, progress: () => undefined, output: line => { output.push(line); } });
  const doors: SessionDoors = {
    run: (request, signal, hooks) => runProcess(request, signal, hooks), clock: systemClock, ssh: which('ssh'), scp: which('scp'),
    readFile: readText, writeFile: (file, text) => writeWhole(file, text), removeFile: removeAll, ansible: async () => (ansible === '' ? undefined : ansible),
  };
  const keyFile = (name: string): string => path.join(server.folder, name);
  const run = async (provisioners: readonly unknown[], through = doors): Promise<void> => { await provision(through, target, stepsOf(provisioners), around, context()); };
  const there = (name: string): string => fs.readFileSync(path.join(server.home, name), 'utf8');

  beforeAll(async () => {
    server = await startSshd(`# others stay\nssh-rsa ${insecurePublicBody} vagrant insecure public key`);
    fs.writeFileSync(keyFile('insecure'), insecurePrivateKey, { mode: 0o600 });
    target = { host: '127.0.0.1', port: server.port, user: server.user, keyFiles: [keyFile('insecure')], knownHostsFile: keyFile('known_hosts'), alias: 'gaia-test' };
    around = { machine: 'web', resolve: file => path.resolve(server.folder, file), scratch: server.folder };
  });
  afterAll(() => server.stop());

  it('waits until it answers', async () => {
    await waitForSsh(doors, target, 20_000, context());
  });

  it('gives up on what never answers, and says so', async () => {
    await expect(waitForSsh(doors, { ...target, port: 1 }, 700, context())).rejects.toMatchObject({ code: 'didNotAnswer' });
  });

  it('can be cancelled while it waits', async () => {
    const abort = new AbortController();
    setTimeout(() => { abort.abort(); }, 300);
    await expect(waitForSsh(doors, { ...target, port: 1 }, 60_000, context(abort.signal))).rejects.toThrow();
  });

  it('replaces the insecure key: the new one lets us in, the old one no more, others stay', async () => {
    const renewed = await replaceKey(doors, target, keyFile('own_key'), 'gaia web', context());
    expect(renewed.keyFiles).toEqual([keyFile('own_key')]);
    expect(fs.statSync(keyFile('own_key')).mode & 0o777).toBe(0o600);
    const keys = fs.readFileSync(server.authorizedKeys, 'utf8');
    expect(keys).toContain('# others stay');
    expect(keys).not.toContain(insecurePublicBody);
    expect((await runProcess(sshRequest(doors.ssh, target, 'true', { timeoutMs: 20_000 }), context().signal)).exitCode).toBe(255);
    target = renewed;
    await waitForSsh(doors, target, 20_000, context());
  });

  it('refuses another system that answers at the same place', async () => {
    const other = await startSshd(fs.readFileSync(server.authorizedKeys, 'utf8'));
    try {
      await expect(waitForSsh(doors, { ...target, port: other.port }, 20_000, context())).rejects.toMatchObject({ code: 'untrusted' });
    } finally {
      await other.stop();
    }
  });

  it('sets the host name, once', async () => {
    await nameHost(doors, target, 'shop.example.org', context());
    await nameHost(doors, target, 'shop.example.org', context());
    output = [];
    await run([{ type: 'shell', inline: 'hostname; cat /etc/hosts' }]);
    expect(output[0]).toBe('shop.example.org');
    expect(output.filter(line => line.includes('shop.example.org'))).toHaveLength(2);
  });

  it('runs inline lines in one script, streams their output, and hands the exit code on', async () => {
    output = [];
    await run([{ type: 'shell', inline: ['x=1', 'echo "x is $x"', 'echo warn >&2'] }]);
    expect([...output].sort()).toEqual(['warn', 'x is 1']);
    await expect(run([{ type: 'shell', name: 'bad', inline: 'echo before; exit 7' }])).rejects.toMatchObject({ code: 'partial', message: expect.stringContaining('exit code 7') as string });
  });

  it('runs a script by its own first line, else by bash', async () => {
    output = [];
    await run([{ type: 'shell', inline: '[[ 1 = 1 ]] && echo bash' }, { type: 'shell', inline: '#!/usr/bin/env perl\nprint "perl\\n";' }]);
    expect(output).toEqual(['bash', 'perl']);
  });

  it('runs a script file with CR LF line ends', async () => {
    fs.writeFileSync(path.join(server.folder, 'a script.sh'), '#!/bin/sh\r\necho "got $1"\r\n');
    output = [];
    await run([{ type: 'shell', path: 'a script.sh', args: ['two words'] }]);
    expect(output).toEqual(['got two words']);
  });

  it('hands hostile values over exactly: in scripts, in env and in args', async () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 60 }).map(text => text.replaceAll(/[\0\ud800-\udfff]/gu, ''));
    await fc.assert(fc.asyncProperty(hostile, hostile, hostile, async (word, value, text) => {
      const marker = 'GAIA_END_OF_TEXT_7f';
      fc.pre(!text.includes(marker) && !text.includes('\r'));
      await run([{ type: 'shell', env: { VALUE: value }, args: [word], inline: [`printf '%s' "$1" > ~/word`, `printf '%s' "$VALUE" > ~/value`, `cat > ~/text <<'${marker}'`, text, marker] }]);
      expect(there('word')).toBe(word);
      expect(there('value')).toBe(value);
      expect(there('text')).toBe(`${text}\n`);
    }), { numRuns: 15, examples: [[`'"$(touch /tmp/gaia-evil)\``, '\n\n*?[a]', '$HOME `id` \\'], ['-n', '', ''], ['ü😀\u202e', '%s\t', "'"]] });
    expect(fs.existsSync('/tmp/gaia-evil')).toBe(false);
  });

  it('takes args as a text for shell, as Vagrant does', async () => {
    output = [];
    await run([{ type: 'shell', inline: 'echo "$#: $1 $2"', args: `one 'two 3'` }]);
    expect(output).toEqual(['2: one two 3']);
  });

  it('leaves no script behind', async () => {
    expect(fs.readdirSync('/tmp').filter(name => name.startsWith('gaia-script.'))).toEqual([]);
  });

  it('copies files and folders', async () => {
    fs.mkdirSync(path.join(server.folder, 'site'), { recursive: true });
    fs.writeFileSync(path.join(server.folder, 'site/index.html'), '<h1>');
    await run([{ type: 'file', source: 'site', destination: path.join(server.home, 'deep/www') }, { type: 'file', source: 'site/index.html', destination: path.join(server.home, 'one file.html') }]);
    expect(there('deep/www/index.html')).toBe('<h1>');
    expect(there('one file.html')).toBe('<h1>');
  });

  it('says which steps only Vagrant can do', async () => {
    const left = await provision(doors, target, stepsOf([{ type: 'puppet' }, { type: 'chef_solo' }]), around, context());
    expect(left.map(step => step.kind === 'vagrant' && step.type)).toEqual(['puppet', 'chef_solo']);
  });

  it('a script that is cancelled is ended', async () => {
    const abort = new AbortController();
    setTimeout(() => { abort.abort(); }, 1500);
    await expect(provision(doors, target, stepsOf([{ type: 'shell', inline: 'sleep 60' }]), around, context(abort.signal))).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.skipIf(ansible === '')(`runs a playbook with a generated inventory${ansible === '' ? ' (skipped: needs ansible-playbook)' : ''}`, async () => {
    fs.writeFileSync(path.join(server.folder, 'site.yml'), '- hosts: all\n  gather_facts: false\n  tasks:\n    - raw: echo "{{ greeting }}" > ~/ansible\n');
    await run([{ type: 'ansible', playbook: 'site.yml', extra_vars: { greeting: 'it\'s "me"' } }]);
    expect(there('ansible')).toBe('it\'s me\n');
  });

  it('says that Ansible is missing where it is', async () => {
    await expect(run([{ type: 'ansible', playbook: 'site.yml' }], { ...doors, ansible: async () => undefined })).rejects.toMatchObject({ code: 'notInstalled' });
  });
});
