// The running extension is what package.json says it is.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

interface Manifest {
  contributes: { commands: { command: string }[]; views: Record<string, { id: string }[]> };
}

describe('the running extension', () => {
  const extension = vscode.extensions.getExtension('haa-gaia.gaia');

  it('activates', async () => {
    assert.ok(extension, 'haa-gaia.gaia is not installed');
    await extension.activate();
    assert.ok(extension.isActive);
  });

  it('has a handler for each contributed command, and contributes each command it registers', async () => {
    assert.ok(extension);
    const { contributes } = extension.packageJSON as Manifest;
    const contributed = contributes.commands.map(command => command.command).sort();
    const views = Object.values(contributes.views).flat().map(view => view.id);
    const registered = (await vscode.commands.getCommands(true))
      .filter(id => id.startsWith('gaia.'))
      // VS Code adds some for each view: gaia.machines.focus, gaia.machines.open …
      .filter(id => contributed.includes(id) || !views.some(view => id.startsWith(`${view}.`)))
      .sort();
    assert.deepEqual(registered, contributed);
  });
});
