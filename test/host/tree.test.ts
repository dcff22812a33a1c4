// The view and the fleet in a real window: a registered provider shows up, is looked at while the view is visible, and not while it is hidden.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { GaiaError } from '../../src/machines/errors.ts';
import type { FleetChange } from '../../src/machines/fleet.ts';
import { eventually, gaia, setting, withProvider } from './gaia.ts';

describe('the view', () => {
  before(() => setting('refreshInterval', 1));
  after(() => setting('refreshInterval', undefined));

  it('follows what changes outside, while it is visible, and tells only what changed', async () => {
    const { api, provider, ids, dispose } = await withProvider('watched', [{ name: 'one' }, { name: 'two', state: 'running' }]);
    const changes: FleetChange[] = [];
    const listening = api.onDidChangeMachines(change => { if (change.provider.id === 'watched') changes.push(change); });
    try {
      await vscode.commands.executeCommand('gaia.machines.focus');
      await eventually(() => provider.watching === 1, 'the provider is watched');
      const [first] = ids;
      const machine = [...provider.machines.values()][0];
      assert.ok(first !== undefined && machine);
      changes.length = 0;
      provider.machines.set(first, { ...machine, state: 'running' });
      provider.hint();
      await eventually(() => api.machines().some(now => now.id === first && now.state === 'running'), 'the change shows');
      assert.deepEqual(changes.map(change => [change.added.length, change.removed.length, change.changed.map(one => one.after.name)]), [[0, 0, ['one']]]);
    } finally {
      listening.dispose();
      dispose();
    }
  });

  it('asks nothing while it is hidden', async () => {
    const { provider, dispose } = await withProvider('quiet', [{ name: 'one' }]);
    try {
      await vscode.commands.executeCommand('gaia.machines.focus');
      await eventually(() => provider.watching === 1, 'it is watched while visible');
      await vscode.commands.executeCommand('workbench.view.explorer');
      await eventually(() => provider.watching === 0, 'watching has stopped');
      const asked = provider.calls.length;
      await new Promise(resolve => setTimeout(resolve, 2500));
      assert.equal(provider.calls.length, asked);
    } finally {
      dispose();
    }
  });

  it('keeps the machines of a provider that fails, marked stale, and recovers', async () => {
    const { api, provider, dispose } = await withProvider('failing', [{ name: 'one' }]);
    try {
      provider.onList = () => Promise.reject(new GaiaError('noPermission', { message: 'No.' }));
      await api.refresh();
      const kept = api.machines().filter(machine => machine.id.startsWith('failing:'));
      assert.deepEqual(kept.map(machine => [machine.name, machine.stale]), [['one', true]]);
      provider.onList = () => Promise.resolve();
      await api.refresh();
      assert.deepEqual(api.machines().filter(machine => machine.id.startsWith('failing:')).map(machine => machine.stale), [undefined]);
    } finally {
      dispose();
    }
  });

  it('loses the machines of a provider that goes away', async () => {
    const { api, dispose } = await withProvider('going', [{ name: 'one' }]);
    assert.equal(api.machines().filter(machine => machine.id.startsWith('going:')).length, 1);
    dispose();
    assert.equal(api.machines().filter(machine => machine.id.startsWith('going:')).length, 0);
  });

  it('refuses a second provider of the same name and connection', async () => {
    const { provider, dispose } = await withProvider('twice', []);
    const api = await gaia();
    assert.throws(() => api.registerProvider(provider), RangeError);
    dispose();
  });
});
