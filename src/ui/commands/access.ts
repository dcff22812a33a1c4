// Ways into a machine: its details, console, terminal, a VS Code window inside, its address, a picture of its screen.
import * as vscode from 'vscode';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { MachineDetails } from '../../machines/machine.ts';
import type { OperationContext, TerminalTarget } from '../../machines/provider.ts';
import { addressesOf, sshAuthority, sshEndpoints } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { t } from '../l10n.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { choose, text } from './inputs.ts';
import type { Arguments, Target } from './targets.ts';
import { targetsOf } from './targets.ts';

const patienceMs = 30_000;
const userKey = (id: string): string => `gaia.sshUser:${id}`;

export async function details(parts: Parts, args: Arguments): Promise<void> {
  const targets = await targetsOf(parts, { ability: 'showDetails', title: t('Show Details'), many: false }, args);
  const { showDetails } = await import('../details/register.ts');
  for (const { machine } of targets) showDetails(parts, machine.id, machine.name);
}

export async function openConsole(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'openConsole', title: t('Open Console') }, args);
  if (!target) return;
  const { machine, provider } = target;
  await looking(parts, target, t('Opening the console of “{0}”', machine.name), async context => {
    const console = await provider.console?.open(machine.id, context);
    if (console?.kind !== 'vnc') return;
    if (!parts.showVnc) throw new GaiaError('notSupported', { message: 'This kind of console cannot be shown here.' });
    await parts.showVnc(machine, console);
  });
}

export async function openTerminal(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'openTerminal', title: t('Open Terminal') }, args);
  if (!target) return;
  const { machine, provider } = target;
  await looking(parts, target, t('Opening a terminal in “{0}”', machine.name), async ({ signal }) => {
    if (provider.terminal) {
      showTerminal(machine.name, await provider.terminal.open(machine.id, signal));
      return;
    }
    const { knownHost, sshArguments } = await import('../plan/reach.ts');
    const host = await knownHost(parts, machine.id, await withGuest(target, signal));
    if (host !== undefined) {
      showTerminal(machine.name, { kind: 'process', file: 'ssh', args: sshArguments(parts, host) });
      return;
    }
    const login = await askLogin(parts, target, signal);
    if (!login) return;
    const { endpoint, user } = login;
    showTerminal(machine.name, { kind: 'process', file: 'ssh', args: [...endpoint.port === 22 ? [] : ['-p', String(endpoint.port)], `${user}@${endpoint.host}`] });
  });
}

/** Also used for shells of nodes. */
export function showTerminal(name: string, target: TerminalTarget): void {
  const iconPath = new vscode.ThemeIcon('vm');
  const options = target.kind === 'process'
    ? { name, iconPath, shellPath: target.file, shellArgs: [...target.args], ...(target.env ? { env: { ...target.env } } : {}) }
    : { name, iconPath, pty: streamTerminal(target) };
  vscode.window.createTerminal(options).show();
}

function streamTerminal(target: Extract<TerminalTarget, { kind: 'stream' }>): vscode.Pseudoterminal {
  const written = new vscode.EventEmitter<string>();
  const closed = new vscode.EventEmitter<void>();
  let channel: ReturnType<typeof target.connect> | undefined;
  const size = (dimensions: vscode.TerminalDimensions | undefined): { columns: number; rows: number } => ({ columns: dimensions?.columns ?? 80, rows: dimensions?.rows ?? 24 });
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: dimensions => {
      channel = target.connect(size(dimensions), {
        data: data => { written.fire(data); },
        closed: reason => {
          if (reason === undefined) closed.fire();
          else written.fire(`\r\n\x1b[33m${reason}\x1b[0m\r\n`);
        },
      });
    },
    close: () => { channel?.dispose(); },
    handleInput: data => { channel?.send(data); },
    setDimensions: dimensions => { channel?.resize(size(dimensions)); },
  };
}

/** A VS Code window inside the machine: by the provider's own remote, else by SSH. */
export async function openInWindow(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'openInWindow', title: t('Open in a New Window') }, args);
  if (!target) return;
  const { machine, provider } = target;
  await looking(parts, target, t('Opening a window in “{0}”', machine.name), async ({ signal }) => {
    const remote = provider.remote ? await provider.remote.target(machine.id, signal) : await sshRemote(parts, target, signal);
    if (!remote) return;
    if (vscode.extensions.getExtension(remote.extension) === undefined) {
      const install = t('Show Extension');
      if ((await vscode.window.showWarningMessage(t('This needs the extension {0}.', remote.extension), install)) === install) await vscode.commands.executeCommand('extension.open', remote.extension);
      return;
    }
    if (remote.path === undefined) await vscode.commands.executeCommand('vscode.newWindow', { remoteAuthority: remote.authority });
    else await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.from({ scheme: 'vscode-remote', authority: remote.authority, path: remote.path }), { forceNewWindow: true });
  });
}

interface RemoteTarget {
  readonly authority: string;
  readonly extension: string;
  readonly path?: string;
}

async function sshRemote(parts: Parts, target: Target, signal: AbortSignal): Promise<RemoteTarget | undefined> {
  const extension = 'ms-vscode-remote.remote-ssh';
  const { knownHost, includeConfig } = await import('../plan/reach.ts');
  const details = await withGuest(target, signal);
  const host = await knownHost(parts, target.machine.id, details);
  if (host !== undefined && await includeConfig(parts)) return { authority: `ssh-remote+${host}`, extension };
  const login = await askLogin(parts, target, signal);
  return login && { authority: sshAuthority(login.endpoint, login.user), extension };
}

const readyPatienceMs = 10 * 60_000;

/** Waits, cancellably, until SSH answers: with the login that is known, else until the port greets as SSH does. */
export async function waitForReady(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'copyAddress', title: t('Wait Until Ready') }, args);
  if (!target) return;
  const { machine } = target;
  try {
    const seconds = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Waiting until “{0}” can be reached', machine.name) }, async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => { abort.abort(); });
      const startedAt = Date.now();
      const { untilReady } = await import('../plan/ready.ts');
      await untilReady(parts, machine.id, readyPatienceMs, {
        signal: abort.signal,
        progress: step => { if (step.message !== undefined) progress.report({ message: t(step.message, ...(step.values ?? [])) }); },
        output: line => { parts.log.info(`${machine.name} | ${line}`); },
      });
      return Math.round((Date.now() - startedAt) / 1000);
    });
    void vscode.window.showInformationMessage(t('“{0}” is ready ({1} s).', machine.name, seconds));
  } catch (thrown) {
    const error = asGaiaError(thrown);
    if (error.code !== 'cancelled') void showFailure(parts, error.detail.machine === undefined ? error.about(machine.name) : error);
  }
}

/** What `vagrant ssh-config` says of a machine, in the clipboard: for ~/.ssh/config, scp, rsync, Ansible. */
export async function copySshConfig(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'copyAddress', title: t('Copy SSH Configuration') }, args);
  if (!target) return;
  const { machine } = target;
  await looking(parts, target, t('Asking “{0}” for its address', machine.name), async ({ signal }) => {
    const { knownHost } = await import('../plan/reach.ts');
    const { hostOf } = await import('../plan/machineSsh.ts');
    const { hostText, plainHost } = await import('../../provisioning/sshConfig.ts');
    await knownHost(parts, machine.id, await withGuest(target, signal));
    const known = await hostOf(parts, machine.id);
    const login = known ? undefined : await askLogin(parts, target, signal);
    if (!known && !login) return;
    await vscode.env.clipboard.writeText(known ? hostText(known) : plainHost(machine.name, login?.endpoint ?? { host: '', port: 22 }, login?.user ?? ''));
    void vscode.window.setStatusBarMessage(t('$(check) The SSH configuration of “{0}” is in the clipboard.', machine.name), 4000);
  });
}

/** Where, and as whom. The user name is remembered for the machine. */
async function askLogin(parts: Parts, { machine, provider }: Target, signal: AbortSignal): Promise<{ readonly endpoint: Endpoint; readonly user: string } | undefined> {
  const endpoints = sshEndpoints(await withGuest({ machine, provider }, signal));
  if (endpoints.length === 0) {
    throw new GaiaError('notReady', {
      message: 'No address of this machine is known.', machine: machine.name,
      hint: 'Forward a port of this computer to its port 22, or install the guest tools in it so that it tells its addresses.',
    });
  }
  const endpoint = endpoints.length === 1 ? endpoints[0] : await choose(t('Which address?'), endpoints.map(candidate => ({ label: candidate.port === 22 ? candidate.host : `${candidate.host}:${String(candidate.port)}`, detail: '', value: candidate })));
  if (!endpoint) return undefined;
  const { globalState } = parts.context;
  const user = await text({ title: t('SSH to “{0}”', machine.name), prompt: t('User name in the machine'), value: globalState.get<string>(userKey(machine.id)) ?? 'vagrant', required: true });
  if (user === undefined) return undefined;
  await globalState.update(userKey(machine.id), user);
  return { endpoint, user };
}

/** describe() may be quick because it does not ask the guest: then the guest is asked too. */
async function withGuest({ machine, provider }: Target, signal: AbortSignal): Promise<MachineDetails> {
  const details = await provider.describe(machine.id, signal);
  if (details.guest !== undefined || provider.guest === undefined) return details;
  const guest = await provider.guest.info(machine.id, signal).catch(() => undefined);
  return guest ? { ...details, guest } : details;
}

export async function copyAddress(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'copyAddress', title: t('Copy Address') }, args);
  if (!target) return;
  const { machine } = target;
  await looking(parts, target, t('Asking “{0}” for its address', machine.name), async ({ signal }) => {
    const details = await withGuest(target, signal);
    const own = addressesOf(details);
    // Behind NAT with no guest tools, the forwarded SSH port is all there is; and it works.
    const addresses = own.length > 0 ? own : sshEndpoints(details).map(({ host, port }) => `${host}:${String(port)}`);
    if (addresses.length === 0) throw new GaiaError('notReady', { message: 'This machine has told no address yet.', machine: machine.name, hint: 'It may still be starting, or have no guest tools.' });
    const address = addresses.length === 1 ? addresses[0] : await choose(t('Which address?'), addresses.map(value => ({ label: value, detail: '', value })));
    if (address === undefined) return;
    await vscode.env.clipboard.writeText(address);
    void vscode.window.setStatusBarMessage(t('$(check) {0} is in the clipboard.', address), 4000);
  });
}

export async function screenshot(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'screenshot', title: t('Save Screenshot') }, args);
  if (!target) return;
  const { machine, provider } = target;
  await looking(parts, target, t('Taking a picture of “{0}”', machine.name), async ({ signal }) => {
    const png = await provider.screenshot?.take(machine.id, signal);
    if (!png) return;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const name = `${machine.name.replace(/[^\p{L}\p{N}._-]+/gu, '_')}.png`;
    const file = await vscode.window.showSaveDialog({ ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}), filters: { PNG: ['png'] } });
    if (!file) return;
    await vscode.workspace.fs.writeFile(file, png);
    await vscode.commands.executeCommand('vscode.open', file);
  });
}

export async function insertAdditions(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'insertAdditions', title: t('Insert Guest Tools') }, args);
  if (!target) return;
  const { machine, provider } = target;
  await looking(parts, target, t('Inserting the guest tools into “{0}”', machine.name), async context => {
    await provider.guest?.insertAdditions?.(machine.id, context);
    void vscode.window.showInformationMessage(t('The guest tools are in the drive of “{0}”. Run their installer inside the machine.', machine.name));
  });
}

/** A look that may take a moment: progress in the view, cancel after a second, failures told. */
async function looking(parts: Parts, target: Target, title: string, work: (context: OperationContext) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  try {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, progress => work({
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(patienceMs * 10)]),
      progress: step => { if (step.message !== undefined) progress.report({ message: t(step.message, ...(step.values ?? [])) }); },
      output: line => { parts.log.info(`${target.machine.name} | ${line}`); },
    }));
  } catch (thrown) {
    const error = asGaiaError(thrown);
    void showFailure(parts, error.detail.machine === undefined ? error.about(target.machine.name) : error);
  }
}
