// Proxmox VE inside the extension host, where VS Code's proxy code stands between Gaia and the network: a stand-in cluster on a loopback port.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GaiaApi } from '../../src/api.ts';
import type { GaiaError } from '../../src/machines/errors.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { addGuest } from '../proxmox/seed.ts';
import { startProxmox } from '../proxmox/server.ts';
import type { ProxmoxServer } from '../proxmox/server.ts';
import { eventually, gaia } from './gaia.ts';

const run = (command: string, ...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand(command, ...args);

describe('Proxmox VE', function () {
  this.timeout(90_000);
  let server: ProxmoxServer;
  let api: GaiaApi;
  const machine = (name: string): Machine | undefined => api.machines().find(one => one.name === name && one.id.startsWith('proxmox:'));
  const connected = (label: string): boolean => api.providers().some(provider => provider.id === 'proxmox' && provider.connection.label === label);
  const connect = async (label: string, login: { readonly user?: string; readonly secret?: string; readonly fingerprint?: string } = {}): Promise<void> => {
    await run('gaia.connection.add', { address: `${server.host}:${String(server.port)}`, user: server.root.tokenId, secret: server.root.tokenSecret, fingerprint: server.fingerprint('pve'), label, ...login });
  };

  before(async () => {
    server = await startProxmox({ version: '9.1', nodes: ['pve', 'pve2'], speed: 50, users: [{ userid: 'ann@pve', password: 'ann-secret' }], acl: [{ path: '/vms/100', who: 'ann@pve', role: 'PVEAuditor' }] });
    addGuest(server.state, { vmid: 100, name: 'web', node: 'pve', status: 'running' });
    server.cluster.broadcast();
    api = await gaia();
  });

  after(async () => {
    await server.dispose();
  });

  it('sends nothing to a server whose certificate is not the given one', async () => {
    await connect('impostor', { fingerprint: server.fingerprint('pve2') });
    assert.equal(connected('impostor'), false);
    assert.deepEqual(server.requests, []);
  });

  it('shows two nodes and their guests after the certificate was trusted', async () => {
    await connect('home');
    assert.ok(connected('home'));
    await eventually(() => machine('web') !== undefined, 'the guest is listed');
    assert.deepEqual(machine('web')?.path, ['pve']);
    const provider = api.providers().find(one => one.connection.label === 'home');
    assert.deepEqual(provider?.places?.().map(place => place.path), [['pve'], ['pve2']]);
  });

  it('creates the machine of the example', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const text = fs.readFileSync(path.join(folder.uri.fsPath, 'my-proxmox-vm.gaia.json'), 'utf8');
    const { name } = JSON.parse(text) as { name: string };
    const outcomes = await api.apply(text);
    assert.deepEqual(outcomes.map(outcome => outcome.error?.message).filter(Boolean), []);
    await eventually(() => machine(name) !== undefined, 'the machine of the example is in the tree');
  });

  it('takes a snapshot and migrates to the other node', async () => {
    const id = machine('web')?.id ?? '';
    await api.run(id, 'snapshot', { name: 'before' });
    await api.run(id, 'migrate', { target: 'pve2', online: true });
    assert.equal(server.state.guests.get(100)?.node, 'pve2');
    assert.deepEqual(machine('web')?.path, ['pve2']);
  });

  it('opens a console, whose first frame comes over the trusted connection', async () => {
    const provider = api.providers().find(one => one.connection.label === 'home');
    const target = await provider?.console?.open(machine('web')?.id as Machine['id'], { signal: AbortSignal.timeout(20_000), progress: () => undefined, output: () => undefined });
    assert.equal(target?.kind, 'vnc');
    let greeting = '';
    const channel = target.connect({ data: bytes => { greeting += Buffer.from(bytes).toString('latin1'); }, closed: () => undefined });
    try {
      await eventually(() => greeting.startsWith('RFB 003.008'), 'the VNC server greets');
    } finally {
      channel.dispose();
    }
    await run('gaia.machine.openConsole', machine('web')?.id);
    await eventually(() => vscode.window.tabGroups.all.some(group => group.tabs.some(tab => tab.label.includes('web'))), 'the page of the console is open');
  });

  it('explains a missing permission with its path and privilege', async () => {
    await connect('ann', { user: 'ann@pve', secret: 'ann-secret' });
    const ann = api.providers().find(one => one.connection.label === 'ann');
    await eventually(() => api.machines().some(one => one.id.startsWith(`proxmox:${ann?.connection.id ?? ''}:`)), 'she sees the one machine that she may see');
    const [own] = api.machines().filter(one => one.id.startsWith(`proxmox:${ann?.connection.id ?? ''}:`));
    await assert.rejects(api.run(own?.id ?? '', 'powerOff'), (error: GaiaError) => error.code === 'noPermission' && /\/vms\/100/.test(error.message) && /VM\.PowerMgmt/.test(error.message));
  });

  it('survives a change of the certificate by refusing it, and keeps what it knew', async () => {
    await server.faults.nodeDown('pve2');
    const before = server.fingerprint('pve');
    server.faults.newCertificate('pve', { otherAuthority: true });
    server.faults.cutConnections();
    const sent = server.requests.length;
    await api.refresh();
    const diagnosis = await api.providers().find(one => one.connection.label === 'home')?.diagnose(AbortSignal.timeout(30_000));
    const problem = diagnosis?.problems.find(one => one.code === 'proxmox.untrusted');
    const said = JSON.stringify([problem?.message, problem?.values, problem?.hint]);
    assert.ok(said.includes(before) && said.includes(server.fingerprint('pve')), said);
    assert.equal(machine('web')?.stale, true);
    assert.equal(server.requests.length, sent, 'nothing was sent to the impostor');
    await server.faults.nodeUp('pve2');
  });

  it('wrote no secret into settings, and made no call that a real server would refuse', () => {
    const settings = JSON.stringify(vscode.workspace.getConfiguration());
    for (const secret of [server.root.tokenSecret, 'ann-secret']) assert.ok(!settings.includes(secret));
    assert.deepEqual(server.violations, []);
  });
});
