// Into a machine: applied from a box, its key replaced, provisioned; then a terminal, a window, its SSH configuration. The machine is a real one
// of VirtualBox; the SSH server behind its forwarded port is a real OpenSSH of this computer, since a guest system would take minutes here.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insecurePublicBody } from '../../src/provisioning/insecureKey.ts';
import { makeBox } from '../contract/plan/makeBox.ts';
import { sshdMissing, startSshd } from '../contract/provisioning/sshd.ts';
import type { Sshd } from '../contract/provisioning/sshd.ts';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { Explorer } from './pages/explorer.ts';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe.skipIf(virtualBoxMissing() ?? sshdMissing())('into a machine', () => {
  let box: PrivateVirtualBox;
  let sshd: Sshd;
  let folder: string;
  let workbench: Workbench;
  let tree: TreeView;
  let plan: TreeView;
  let explorer: Explorer;
  const home = (): string => workbench.server.home;
  const userConfig = (): string => path.join(home(), '.ssh/config');

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    sshd = await startSshd(`ssh-rsa ${insecurePublicBody} vagrant insecure public key\n`);
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-reach-'));
    const file = await makeBox(box, folder, 'Vagrant.configure("2") { |config| config.ssh.username = "root" }\n');
    const srv = { name: 'srv', provider: 'virtualbox', config: {
      box: 'gaia/tiny', box_url: file, cpus: 1, memory: 512, hostname: 'srv',
      networks: [{ type: 'forwarded_port', guest_port: 22, host_port: sshd.port, host_ip: '127.0.0.1' }],
      provisioners: [{ type: 'shell', privileged: false, inline: 'echo "it\'s \\"set up\\" $1" > ~/made; sleep 2', args: ['a b'] }],
      provider_config: { 'vm-execution-engine': 'interpreter' },
    } };
    workbench = await openWorkbench({
      virtualBox: box, viewport: { width: 1280, height: 900 }, settings: { 'gaia.refreshInterval': 2, 'terminal.integrated.gpuAcceleration': 'off' },
      workspace: { 'srv.gaia.json': JSON.stringify(srv, null, 2) },
    });
    fs.mkdirSync(path.dirname(userConfig()), { recursive: true });
    fs.writeFileSync(userConfig(), '# mine\nHost elsewhere\n  Port 2022\n', { mode: 0o600 });
    explorer = new Explorer(workbench.page);
    tree = new TreeView(workbench.page, 'Machines');
    plan = new TreeView(workbench.page, 'Plan');
  });
  afterAll(async () => {
    await workbench.close();
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('is applied: imported, started, its key replaced, its provisioner run', async () => {
    await explorer.menu('srv.gaia.json', 'Apply');
    await workbench.notifications.waitFor('Applying srv.gaia.json');
    await expect.poll(() => plan.description(plan.row('srv')), { timeout: 90_000, interval: 50 }).toMatch(/provision/i);
    await workbench.screenshot('reach-provisioning');
    await workbench.notifications.waitFor('Done: “srv”.', 90_000);
    expect(await box.state('srv')).toBe('running');
    expect(fs.readFileSync(path.join(sshd.home, 'made'), 'utf8')).toBe('it\'s "set up" a b\n');
    expect(fs.readFileSync(sshd.authorizedKeys, 'utf8')).not.toContain(insecurePublicBody);
  });

  it('opens a terminal in it by right-click, without a question', async () => {
    await tree.menu(tree.row('srv'), 'Open Terminal');
    await workbench.page.locator('.terminal-wrapper.active, .terminal-outer-container').first().waitFor({ timeout: 40_000 });
    await workbench.page.waitForTimeout(2500);
    await workbench.page.keyboard.type('echo typed > ~/typed; hostname', { delay: 10 });
    await workbench.page.keyboard.press('Enter');
    await expect.poll(() => fs.existsSync(path.join(sshd.home, 'typed')), { timeout: 40_000 }).toBe(true);
    await workbench.page.waitForTimeout(500);
    await workbench.screenshot('reach-terminal');
    await workbench.run('Terminal: Kill All Terminals');
  });

  it('waits until it is ready', async () => {
    await tree.menu(tree.row('srv'), 'Wait Until Ready');
    await workbench.notifications.waitFor(/“srv” is ready \(\d+ s\)\./);
    await workbench.screenshot('reach-ready');
  });

  it('says how one gets into it, for other programs', async () => {
    await tree.menu(tree.row('srv'), 'Copy SSH Configuration');
    await workbench.page.locator('.statusbar', { hasText: 'The SSH configuration of “srv” is in the clipboard.' }).waitFor({ timeout: 40_000 });
    const lines = await workbench.clipboard();
    expect(lines).toMatch(/^Host srv\n/);
    for (const line of ['HostName 127.0.0.1', `Port ${String(sshd.port)}`, 'User root', 'IdentitiesOnly yes']) expect(lines).toContain(`  ${line}\n`);
    await tree.menu(tree.row('srv'), 'Copy Address');
    await workbench.page.locator('.statusbar', { hasText: `127.0.0.1:${String(sshd.port)} is in the clipboard.` }).waitFor({ timeout: 40_000 });
    expect(await workbench.clipboard()).toBe(`127.0.0.1:${String(sshd.port)}`);
  });

  it('asks before it adds its one line to ~/.ssh/config, and changes no other', async () => {
    await workbench.notifications.clear();
    await tree.menu(tree.row('srv'), 'Open in a New Window');
    expect(await workbench.dialog.text()).toMatch(/Let ~\/\.ssh\/config include the machines of Gaia\?[^]*Include .*globalStorage/);
    expect(await workbench.dialog.buttons()).toEqual(expect.arrayContaining(['Add the Line', 'Never', 'Cancel']));
    await workbench.screenshot('reach-include');
    expect(fs.readFileSync(userConfig(), 'utf8')).toBe('# mine\nHost elsewhere\n  Port 2022\n');
    await workbench.dialog.press('Add the Line');
    // Remote-SSH is not there in a browser: said, with the way to it.
    await workbench.notifications.waitFor('This needs the extension ms-vscode-remote.remote-ssh.');
    await workbench.screenshot('reach-remote-ssh');
    const [include, ...rest] = fs.readFileSync(userConfig(), 'utf8').split('\n');
    expect(include).toMatch(/^Include .*haa-gaia\.gaia\/ssh\/config"?$/);
    expect(rest.join('\n')).toBe('\n# mine\nHost elsewhere\n  Port 2022\n');
    expect(fs.statSync(userConfig()).mode & 0o777).toBe(0o600);
    // ssh itself gets in by the word alone, from the person's own configuration.
    const { stdout, stderr, status } = spawnSync('ssh', ['-F', userConfig(), 'srv', 'echo in'], { encoding: 'utf8', timeout: 40_000 });
    expect([status, stdout, stderr]).toEqual([0, 'in\n', '']);
  });

  it('does not ask again', async () => {
    await workbench.notifications.clear();
    await tree.menu(tree.row('srv'), 'Open in a New Window');
    await workbench.notifications.waitFor('This needs the extension ms-vscode-remote.remote-ssh.');
    expect(fs.readFileSync(userConfig(), 'utf8').match(/Include/g)).toHaveLength(1);
  });

  it('says what it waits for, and can be stopped', async () => {
    await sshd.stop();
    await workbench.notifications.clear();
    await tree.menu(tree.row('srv'), 'Wait Until Ready');
    await workbench.notifications.waitFor(/Waiting until “srv” can be reached/);
    await workbench.page.waitForTimeout(1500);
    await workbench.screenshot('reach-waiting');
    await workbench.notifications.press(/Waiting until “srv” can be reached/, 'Cancel');
    await workbench.notifications.toast(/“srv”/).waitFor({ state: 'detached' });
  });

  it('forgets the key and the word when the machine is destroyed', async () => {
    const words = path.join(home(), 'data/User/globalStorage/haa-gaia.gaia/ssh');
    expect(fs.readFileSync(path.join(words, 'config'), 'utf8')).toContain('Host srv');
    await workbench.notifications.clear();
    await explorer.menu('srv.gaia.json', 'Destroy the Machines of This File…');
    await workbench.dialog.press('Delete');
    await expect.poll(() => box.run(['list', 'vms']), { timeout: 30_000 }).toBe('');
    await expect.poll(() => fs.readFileSync(path.join(words, 'config'), 'utf8')).not.toContain('Host srv');
    expect(fs.readdirSync(words).filter(name => name.startsWith('gaia-'))).toEqual([]);
  });
});
