// Activation: quick, quiet, and nothing done before it is needed.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { gaia } from './gaia.ts';

describe('activation', () => {
  it('returns the API, version 1', async () => {
    const api = await gaia();
    assert.equal(api.version, 1);
    for (const member of ['registerProvider', 'providers', 'machines', 'refresh', 'run', 'parseConfig', 'generateVagrantfile', 'importVagrantfile', 'plan', 'apply'] as const) assert.equal(typeof api[member], 'function', member);
  });

  it('loads no provider before a view is visible or somebody asks', async function () {
    // The order of the files puts this test first; a view that the window shows by itself would ask.
    const api = await gaia();
    assert.deepEqual(api.providers().map(provider => provider.id), []);
    assert.deepEqual(api.machines(), []);
    await api.refresh();
    assert.ok(api.providers().some(provider => provider.id === 'virtualbox'), 'asked, it knows VirtualBox');
  });

  it('offers its tools to language models', async () => {
    await gaia();
    const names = vscode.lm.tools.map(tool => tool.name).filter(name => name.startsWith('gaia_')).sort();
    assert.deepEqual(names, ['gaia_getMachine', 'gaia_listMachines', 'gaia_planChanges', 'gaia_startMachine', 'gaia_stopMachine']);
  });

  it('works in remote windows and in untrusted workspaces', () => {
    const manifest = vscode.extensions.getExtension('haa-gaia.gaia')?.packageJSON as { extensionKind: string[]; capabilities: { untrustedWorkspaces: { supported: unknown; restrictedConfigurations: string[] } }; contributes: { configuration: { properties: Record<string, { scope?: string }> } } };
    assert.deepEqual(manifest.extensionKind, ['ui', 'workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    // A workspace's own file must not be able to name a program to run.
    const paths = Object.keys(manifest.contributes.configuration.properties).filter(key => /path|command|executable/i.test(key));
    assert.ok(paths.length > 0);
    for (const key of paths) assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(key), `${key} is restricted`);
  });
});
