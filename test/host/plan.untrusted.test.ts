// In a workspace that is not trusted: files are read and planned; nothing of them is done.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { virtualBoxOfEnvironment } from '../rig/virtualbox.mjs';
import { gaia } from './gaia.ts';

const run = (command: string, ...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand(command, ...args);

describe('a workspace that is not trusted', function () {
  this.timeout(60_000);
  const box = virtualBoxOfEnvironment();
  let folder: string;
  let uri: vscode.Uri;

  before(function () {
    if (!box) this.skip();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-untrusted-'));
    uri = vscode.Uri.file(path.join(folder, 'lab.gaia.json'));
    fs.writeFileSync(uri.fsPath, JSON.stringify({ name: 'sneaky', provider: 'virtualbox', config: { memory: 512, start: false } }));
  });
  after(() => { if (folder) fs.rmSync(folder, { recursive: true, force: true }); });

  it('is one', () => { assert.equal(vscode.workspace.isTrusted, false); });

  it('has its files planned, with the commands', async () => {
    await gaia();
    await run('gaia.config.showPlanText', uri);
    assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /\+ sneaky \(virtualbox\) will be created/);
  });

  it('has none of its files applied, nor run with Vagrant', async () => {
    await run('gaia.config.apply', uri);
    await run('gaia.plan.apply');
    await run('gaia.config.runWithVagrant', uri);
    assert.doesNotMatch(await box?.run(['list', 'vms']) ?? '', /sneaky/);
    assert.equal(vscode.tasks.taskExecutions.length, 0);
    assert.deepEqual(fs.readdirSync(folder), ['lab.gaia.json']);
  });

  it('lets its machines be driven', async () => {
    const native = await box?.createVm({ name: 'driven', memoryMiB: 64 });
    const api = await gaia();
    await api.refresh();
    const id = api.machines().find(one => one.id.endsWith(native ?? '-'))?.id;
    await api.run(id as string, 'start');
    assert.equal(await box?.state(native ?? ''), 'running');
    await api.run(id as string, 'powerOff');
  });
});
