// Commands by id, as a key binding, another extension or a task would call them; the API's run(); the tools of language models.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { GaiaError } from '../../src/machines/errors.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { deferred } from '../unit/machines/builders.ts';
import { eventually, setting, withProvider } from './gaia.ts';

const run = (command: string, ...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand(command, ...args);
const state = (api: { machines(): readonly Machine[] }, id: string | undefined): string | undefined => api.machines().find(machine => machine.id === id)?.state;

describe('commands', () => {
  it('start, pause, resume and power off the machine of the id', async () => {
    const { api, provider, ids: [id], dispose } = await withProvider('verbs', [{ name: 'one' }, { name: 'two' }]);
    await setting('confirmPowerOff', false);
    try {
      await run('gaia.machine.start', id);
      assert.equal(state(api, id), 'running');
      await run('gaia.machine.pause', id);
      assert.equal(state(api, id), 'paused');
      await run('gaia.machine.resume', id);
      assert.equal(state(api, id), 'running');
      await run('gaia.machine.powerOff', id);
      assert.equal(state(api, id), 'stopped');
      assert.deepEqual(provider.calls.filter(call => call !== 'list'), ['start one', 'pause one', 'resume one', 'powerOff one']);
    } finally {
      await setting('confirmPowerOff', undefined);
      dispose();
    }
  });

  it('act on several machines side by side', async () => {
    const { api, provider, ids, dispose } = await withProvider('several', [{ name: 'one' }, { name: 'two' }, { name: 'three', state: 'running' }]);
    try {
      const both = deferred();
      let begun = 0;
      provider.onVerb = async () => {
        begun++;
        if (begun === 2) both.resolve();
        await both.promise;
      };
      await run('gaia.machine.start', ids);
      assert.deepEqual(ids.map(id => state(api, id)), ['running', 'running', 'running']);
      assert.equal(provider.calls.filter(call => call.startsWith('start')).length, 2, 'the one that runs was left alone');
    } finally {
      dispose();
    }
  });

  it('make one operation of a double click', async () => {
    const { provider, ids: [id], dispose } = await withProvider('twins', [{ name: 'one' }]);
    try {
      provider.onVerb = () => new Promise(resolve => setTimeout(resolve, 200));
      await Promise.all([run('gaia.machine.start', id), run('gaia.machine.start', id)]);
      assert.equal(provider.calls.filter(call => call === 'start one').length, 1);
    } finally {
      dispose();
    }
  });

  it('do nothing to a machine in a state that does not allow it', async () => {
    const { provider, ids: [id], dispose } = await withProvider('ineligible', [{ name: 'one' }]);
    try {
      await run('gaia.machine.pause', id);
      await run('gaia.machine.stop', id);
      assert.deepEqual(provider.calls.filter(call => call !== 'list'), []);
    } finally {
      dispose();
    }
  });

  it('do nothing, any of them, to a machine that is busy, or when there is none they could be meant for', async () => {
    const { provider, ids: [id], dispose } = await withProvider('busy', [{ name: 'moving', state: 'migrating' }]);
    const { contributes } = vscode.extensions.getExtension('haa-gaia.gaia')?.packageJSON as { contributes: { commands: { command: string }[] } };
    const commands = contributes.commands.map(({ command }) => command).filter(command => /^gaia\.(?:machine|snapshot)\./.test(command));
    assert.ok(commands.length > 30);
    try {
      for (const command of commands) {
        for (const args of [[id], []]) {
          // What asks for something (which machine, which request) waits for an answer: it gets none.
          const waiting = run(command, ...args);
          await Promise.race([waiting, new Promise(resolve => setTimeout(resolve, 150))]);
          await run('workbench.action.closeQuickOpen');
          await Promise.race([waiting, new Promise(resolve => setTimeout(resolve, 150))]);
        }
      }
      assert.deepEqual(provider.calls.filter(call => call !== 'list'), []);
    } finally {
      dispose();
    }
  }).timeout(60_000);

  it('delete nothing unless the question is answered', async () => {
    const { api, provider, ids: [id], dispose } = await withProvider('asked', [{ name: 'one' }, { name: 'on', state: 'running' }]);
    try {
      // A window under test refuses modal questions.
      await run('gaia.machine.delete', id);
      assert.ok(state(api, id) !== undefined);
      assert.deepEqual(provider.calls.filter(call => call.startsWith('delete')), []);
      const [, running] = [...provider.machines.keys()];
      await run('gaia.machine.powerOff', running);
      assert.equal(state(api, running), 'running');
    } finally {
      dispose();
    }
  });

  it('show a failure and leave the truth in the tree', async () => {
    const { api, provider, ids: [id], dispose } = await withProvider('broken', [{ name: 'one' }]);
    try {
      provider.onVerb = () => Promise.reject(new GaiaError('locked', { message: 'Locked.' }));
      void run('gaia.machine.start', id);
      await eventually(() => provider.calls.includes('start one'), 'it was tried');
      await eventually(() => state(api, id) === 'stopped', 'the row is back');
    } finally {
      dispose();
    }
  });

  it('group, filter and show the log without a question', async () => {
    for (const command of ['gaia.groupByState', 'gaia.groupByGroup', 'gaia.groupByTag', 'gaia.groupByProvider', 'gaia.clearFilter', 'gaia.showLog', 'gaia.refresh']) await run(command);
    await run('gaia.filter', 'state:running');
    await run('gaia.clearFilter');
  });

  it('write a report of what works here', async () => {
    const { dispose } = await withProvider('healthy', [{ name: 'one' }]);
    try {
      await run('gaia.doctor');
      const text = vscode.window.activeTextEditor?.document.getText() ?? '';
      assert.match(text, /## ✅ healthy/);
      assert.match(text, /## (✅|❌) VirtualBox/);
    } finally {
      dispose();
    }
  });
});

describe('run() of the API', () => {
  it('resolves when it is done and the machine was read again', async () => {
    const { api, ids: [id], dispose } = await withProvider('api', [{ name: 'one' }]);
    try {
      await api.run(id as string, 'start');
      assert.equal(state(api, id), 'running');
      await api.run(id as string, 'stop', { timeoutMs: 1000 });
      assert.equal(state(api, id), 'stopped');
    } finally {
      dispose();
    }
  });

  it('rejects with a code and the name of the machine', async () => {
    const { api, provider, ids: [id], dispose } = await withProvider('apiFails', [{ name: 'one' }]);
    try {
      provider.onVerb = () => Promise.reject(new GaiaError('noSpace', { message: 'Full.' }));
      await assert.rejects(api.run(id as string, 'start'), (error: GaiaError) => error.code === 'noSpace' && error.detail.machine === 'one');
      await assert.rejects(api.run('nobody:local:1', 'start'), (error: GaiaError) => error.code === 'notFound');
      await assert.rejects(api.run(id as string, 'migrate', { target: 'x' }), (error: GaiaError) => error.code === 'notSupported');
    } finally {
      dispose();
    }
  });
});

describe('the tools of language models', () => {
  const invoke = async (name: string, input: object): Promise<string> => {
    const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
    return content.map(part => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
  };

  it('list the machines, filtered', async () => {
    const { dispose } = await withProvider('tool', [{ name: 'alpha' }, { name: 'beta', state: 'running' }]);
    try {
      const connections = JSON.parse(await invoke('gaia_listMachines', { filter: 'provider:tool state:running' })) as { provider: string; machines: { name: string }[] }[];
      assert.deepEqual(connections.flatMap(connection => connection.machines.map(machine => machine.name)), ['beta']);
    } finally {
      dispose();
    }
  });

  it('start and stop the machine of a name, and say how it is then', async () => {
    const { api, provider, ids: [id], dispose } = await withProvider('toolVerbs', [{ name: 'gamma' }, { name: 'delta', state: 'running' }]);
    try {
      assert.match(await invoke('gaia_startMachine', { machine: 'gamma' }), /^gamma: running$/i);
      assert.equal(state(api, id), 'running');
      assert.match(await invoke('gaia_stopMachine', { machine: id as string }), /^gamma: stopped$/i);
      assert.equal(state(api, id), 'stopped');
      assert.deepEqual(provider.calls.filter(call => call !== 'list'), ['start gamma', 'shutDown gamma']);
    } finally {
      dispose();
    }
  });

  it('never power off what does not shut down, and do nothing to a name that several machines have', async () => {
    const { api, provider, ids: [id], dispose } = await withProvider('toolRefused', [{ name: 'deaf', state: 'running' }, { name: 'same' }, { name: 'same' }]);
    try {
      provider.onVerb = () => Promise.reject(new GaiaError('didNotAnswer', { message: 'The guest has not shut down.' }));
      await assert.rejects(invoke('gaia_stopMachine', { machine: 'deaf' }), /has not shut down/);
      assert.equal(state(api, id), 'running');
      await assert.rejects(invoke('gaia_startMachine', { machine: 'same' }), /Several machines are named "same"/);
      assert.deepEqual(provider.calls.filter(call => call !== 'list'), ['shutDown deaf']);
    } finally {
      dispose();
    }
  });

  it('end the work when the call is cancelled', async () => {
    const { provider, dispose } = await withProvider('toolCancelled', [{ name: 'slow' }]);
    const source = new vscode.CancellationTokenSource();
    try {
      const aborted = deferred();
      provider.onVerb = (_verb, _machine, { signal }) => new Promise((_, reject) => {
        signal.addEventListener('abort', () => { aborted.resolve(); reject(new GaiaError('cancelled', { message: 'Cancelled.' })); });
        source.cancel();
      });
      await assert.rejects(Promise.resolve(vscode.lm.invokeTool('gaia_startMachine', { input: { machine: 'slow' }, toolInvocationToken: undefined }, source.token)));
      await aborted.promise;
    } finally {
      source.dispose();
      dispose();
    }
  });

  it('say so when a machine is not there', async () => {
    await assert.rejects(invoke('gaia_getMachine', { machine: 'no such machine' }), /no such machine/);
  });
});
