// From file to machine by commands and the API, in a real extension host, on a real VirtualBox (the private one of the rig).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GaiaApi } from '../../src/api.ts';
import { GaiaError } from '../../src/machines/errors.ts';
import { parseMachineId } from '../../src/machines/machine.ts';
import { virtualBoxOfEnvironment } from '../rig/virtualbox.mjs';
import { deferred } from '../unit/machines/builders.ts';
import { eventually, gaia, withProvider } from './gaia.ts';

const run = (command: string, ...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand(command, ...args);
const box = virtualBoxOfEnvironment();
const machine = (name: string, config: Record<string, unknown> = {}): unknown => ({ name, provider: 'virtualbox', config: { cpus: 1, memory: 512, disk_size: '8M', start: false, ...config } });
const file = (...machines: unknown[]): string => JSON.stringify({ machines }, null, 2);

describe('plan and apply', function () {
  this.timeout(120_000);
  let api: GaiaApi;
  let folder: string;
  let uri: vscode.Uri;
  const write = (text: string): void => { fs.writeFileSync(uri.fsPath, text); };
  const kinds = async (of = uri): Promise<Record<string, string>> => Object.fromEntries((await api.plan((await vscode.workspace.openTextDocument(of)).getText(), of.toString())).steps.map(step => [step.name, step.kind]));
  const list = (): Promise<string> => box?.run(['list', 'vms']) ?? Promise.resolve('');
  const said = async (vm: string, key: string): Promise<string | undefined> => new RegExp(`^${key}="?([^"\r\n]*)`, 'm').exec(await box?.run(['showvminfo', vm, '--machinereadable']) ?? '')?.[1];
  /** The document shows what is on the disk. */
  const edited = async (text: string): Promise<void> => {
    write(text);
    const document = await vscode.workspace.openTextDocument(uri);
    await eventually(() => document.getText() === text, 'the document is read again');
  };

  before(async function () {
    if (!box) this.skip();
    api = await gaia();
    await api.refresh();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-host-plan-'));
    uri = vscode.Uri.file(path.join(folder, 'lab.gaia.json'));
    write(file(machine('plan-web'), machine('plan-twin', { clone_from: 'plan-web', linked: true, memory: undefined, cpus: undefined, disk_size: undefined })));
  });
  after(async () => {
    await run('workbench.action.closeAllEditors');
    if (folder) fs.rmSync(folder, { recursive: true, force: true });
  });

  it('shows the plan as a read-only text, with the exact commands, and changes nothing', async () => {
    await vscode.window.showTextDocument(uri);
    await run('gaia.config.showPlanText', uri);
    const shown = vscode.window.activeTextEditor?.document;
    assert.equal(shown?.uri.scheme, 'gaia-plan');
    assert.equal(shown?.languageId, 'diff');
    assert.equal(shown?.isDirty, false);
    assert.match(shown?.getText() ?? '', /^Plan: 2 to create\.\n\n\+ plan-web \(virtualbox\) will be created\n[^]*\+ {5}memory: 512 MiB\n[^]*VBoxManage createvm --name plan-web/);
    assert.ok(!(await list()).includes('plan-web'));
    await run('workbench.action.closeActiveEditor');
  });

  it('makes the machines of the file, what is cloned after what it is cloned from', async () => {
    await run('gaia.config.apply', uri);
    assert.match(await list(), /"plan-web"/);
    assert.match(await list(), /"plan-twin"/);
    assert.equal(await said('plan-web', 'memory'), '512');
    assert.deepEqual(await kinds(), { 'plan-web': 'none', 'plan-twin': 'none' });
  });

  it('has nothing to do the second time', async () => {
    const before = await box?.run(['list', '--long', 'vms']);
    assert.deepEqual((await api.apply(fs.readFileSync(uri.fsPath, 'utf8'), uri.toString())).map(one => one.outcome), []);
    assert.equal(await box?.run(['list', '--long', 'vms']), before);
  });

  it('plans what is typed, not what is saved', async () => {
    const document = await vscode.workspace.openTextDocument(uri);
    const change = new vscode.WorkspaceEdit();
    const at = document.getText().indexOf('512');
    change.replace(uri, new vscode.Range(document.positionAt(at), document.positionAt(at + 3)), '768');
    await vscode.workspace.applyEdit(change);
    await vscode.window.showTextDocument(document);
    await run('gaia.config.showPlanText', uri);
    assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /~ plan-web \(virtualbox\) will be changed in place\n~ {5}memory: 512 MiB → 768 MiB\n/);
    const back = new vscode.WorkspaceEdit();
    back.replace(uri, new vscode.Range(document.positionAt(at), document.positionAt(at + 3)), '512');
    await vscode.workspace.applyEdit(back);
    // VS Code in a browser saves by itself after a second; then there is nothing left to save.
    await document.save();
    await eventually(() => !document.isDirty, 'it is saved');
    assert.deepEqual(await kinds(), { 'plan-web': 'none', 'plan-twin': 'none' });
  });

  it('keeps the machines with a file that is renamed', async () => {
    const renamed = vscode.Uri.file(path.join(folder, 'renamed.gaia.json'));
    const change = new vscode.WorkspaceEdit();
    change.renameFile(uri, renamed);
    assert.ok(await vscode.workspace.applyEdit(change));
    await eventually(async () => (await kinds(renamed))['plan-web'] === 'none', 'the machines are the renamed file\'s');
    const back = new vscode.WorkspaceEdit();
    back.renameFile(renamed, uri);
    assert.ok(await vscode.workspace.applyEdit(back));
    await eventually(async () => (await kinds())['plan-web'] === 'none', 'and back');
  });

  it('leaves a namesake alone until it is adopted', async () => {
    // A second try finds what the first one made.
    if (!(await list()).includes('"plan-old"')) await box?.createVm({ name: 'plan-old', memoryMiB: 64 });
    await edited(file(machine('plan-web'), machine('plan-old', { disk_size: undefined })));
    await run('gaia.config.apply', uri);
    assert.equal(await said('plan-old', 'memory'), '64');
    assert.equal((await kinds())['plan-old'], 'conflict');
    const adopting = run('gaia.config.adopt', uri, { machine: 'plan-old' });
    // The quick pick with the machines: the namesake is first.
    await eventually(async () => {
      await run('workbench.action.acceptSelectedQuickOpenItem');
      return (await kinds())['plan-old'] === 'update';
    }, 'it is the file\'s own');
    await adopting;
    await run('gaia.config.apply', uri, { machine: 'plan-old' });
    assert.equal(await said('plan-old', 'memory'), '512');
  });

  it('keeps a machine that left the file', async () => {
    assert.equal((await kinds())['plan-twin'], 'unmanaged');
    assert.match(await list(), /"plan-twin"/);
  });

  it('does nothing for a file with an error, and says where it is', async () => {
    const before = await list();
    await edited('{ "name": "x", "provider": "virtualbox", "config": { "cpus": 0 } }');
    await run('gaia.config.apply', uri);
    await assert.rejects(api.plan(fs.readFileSync(uri.fsPath, 'utf8'), uri.toString()), (error: GaiaError) => error.code === 'invalidInput' && /^Line 1:/.test(error.message));
    assert.equal(await list(), before);
  });

  it('destroys nothing unless the question is answered', async () => {
    await edited(file(machine('plan-web')));
    // A window under test refuses modal questions.
    await run('gaia.config.destroy', uri);
    for (const name of ['plan-web', 'plan-twin', 'plan-old']) assert.ok((await list()).includes(`"${name}"`), name);
  });

  it('writes a file of an existing machine, which is that machine', async () => {
    const id = api.machines().find(one => one.name === 'plan-web')?.id;
    await run('gaia.machine.exportConfig', id);
    const exported = vscode.window.activeTextEditor?.document;
    const text = exported?.getText() ?? '';
    assert.match(exported?.uri.path ?? '', /plan-web\.gaia\.json$/);
    const parsed = await api.parseConfig(text);
    assert.deepEqual(parsed.problems, []);
    assert.deepEqual(parsed.machines.map(one => [one.name, one.provider, one.config['memory'], one.config['cpus']]), [['plan-web', 'virtualbox', 512, 1]]);
    await run('workbench.action.revertAndCloseActiveEditor');
    // Planned as the machine's own file it changes nothing.
    assert.deepEqual((await api.plan(text, uri.toString())).steps.filter(step => step.name === 'plan-web').map(step => [step.kind, step.differences]), [['none', []]]);
  });

  it('forgets a machine that Gaia deleted', async () => {
    const twin = api.machines().find(one => one.name === 'plan-twin');
    assert.ok(twin);
    await api.run(twin.id, 'delete', { disks: 'delete' });
    await eventually(async () => !('plan-twin' in await kinds()), 'it is no longer the file\'s');
    for (const name of ['plan-web', 'plan-old']) {
      const one = api.machines().find(candidate => candidate.name === name);
      if (one) await api.run(one.id, 'delete', { disks: 'delete' });
    }
    assert.doesNotMatch(await list(), /"plan-/);
  });

  it('gives the SSH configuration and the address of a machine to the clipboard', async function () {
    this.timeout(120_000);
    // Another name at each try: what a first one left is not the second one's trouble.
    const name = `plan-reach-${String(Date.now())}`;
    const native = await box?.createVm({ name, memoryMiB: 64, modify: ['--natpf1', 'ssh,tcp,127.0.0.1,22022,,22'] });
    assert.ok(native !== undefined);
    await api.refresh();
    const id = api.machines().find(one => parseMachineId(one.id).native === native)?.id;
    await api.run(id as string, 'start');
    try {
      await run('gaia.machine.copyAddress', id);
      assert.equal(await vscode.env.clipboard.readText(), '127.0.0.1:22022');
      const copying = run('gaia.machine.copySshConfig', id);
      await eventually(async () => {
        await run('workbench.action.acceptSelectedQuickOpenItem');
        return (await vscode.env.clipboard.readText()).startsWith(`Host ${name}\n`);
      }, 'the configuration is there');
      await copying;
      assert.ok((await vscode.env.clipboard.readText()).startsWith(`Host ${name}\n  HostName 127.0.0.1\n  User vagrant\n  Port 22022\n`));
      const before = vscode.window.terminals.length;
      const opening = run('gaia.machine.openTerminal', id);
      await eventually(async () => {
        await run('workbench.action.acceptSelectedQuickOpenItem');
        return vscode.window.terminals.length > before;
      }, 'a terminal');
      await opening;
      const terminal = vscode.window.terminals.at(-1);
      const { shellPath, shellArgs } = terminal?.creationOptions as vscode.TerminalOptions;
      assert.equal(terminal?.name, name);
      assert.deepEqual([shellPath, shellArgs], ['ssh', ['-p', '22022', 'vagrant@127.0.0.1']]);
      terminal?.dispose();
    } finally {
      await api.run(id as string, 'powerOff');
      await api.run(id as string, 'delete', { disks: 'delete' });
    }
  });
});

describe('apply by the API', () => {
  // A provider in memory takes the place of Hyper-V, which is not on this computer: a file may only name providers that there are.
  before(async function () { if ((await gaia()).providers().some(provider => provider.id === 'hyperv')) this.skip(); });

  const text = JSON.stringify({ name: 'one', provider: 'hyperv', config: { start: false } });

  it('refuses a second apply of the same file while the first runs', async () => {
    const { api, provider, dispose } = await withProvider('hyperv', []);
    const goOn = deferred();
    provider.onVerb = () => goOn.promise;
    try {
      const first = api.apply(text, 'gaia-api:/twice');
      await eventually(() => provider.calls.includes('create hyperv:local:one'), 'it is being made');
      await assert.rejects(api.apply(text, 'gaia-api:/twice'), (error: GaiaError) => error.code === 'locked');
      goOn.resolve();
      assert.deepEqual((await first).map(one => one.outcome), ['done']);
      assert.equal(provider.calls.filter(call => call.startsWith('create')).length, 1);
    } finally {
      goOn.resolve();
      dispose();
    }
  });

  it('says what failed and why, by the machine\'s name', async () => {
    const { api, provider, dispose } = await withProvider('hyperv', []);
    provider.onVerb = () => Promise.reject(new GaiaError('noSpace', { message: 'There is no room.', hint: 'Make some.' }));
    try {
      const [outcome] = await api.apply(text, 'gaia-api:/full');
      assert.equal(outcome?.outcome, 'failed');
      assert.equal(outcome?.error?.code, 'noSpace');
    } finally {
      dispose();
    }
  });
});
