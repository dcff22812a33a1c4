// Work in one machine over SSH: wait until it answers, replace the key it was made with, set its name, run its provisioners.
import { GaiaError } from '../machines/errors.ts';
import type { Clock } from '../machines/clock.ts';
import type { OperationContext } from '../machines/provider.ts';
import type { ProcessHooks, ProcessRequest, ProcessResult } from '../system/process.ts';
import { generateSshKeyPair } from '../system/sshKeys.ts';
import { scpRequest, sshOptions, sshRequest } from '../system/ssh.ts';
import type { SshTarget } from '../system/ssh.ts';
import type { GuestCard } from './guestNetworks.ts';
import { setGuestNetworks } from './guestNetworks.ts';
import { insecurePublicBody } from './insecureKey.ts';
import { posixWord } from './posix.ts';
import { inventoryFor, normal, setHostname } from './steps.ts';
import type { Step } from './steps.ts';

/** The outside, as this part needs it. */
export interface SessionDoors {
  readonly run: (request: ProcessRequest, signal: AbortSignal, hooks?: ProcessHooks) => Promise<ProcessResult>;
  readonly clock: Clock;
  readonly ssh: string;
  readonly scp: string;
  readonly readFile: (file: string) => Promise<string | undefined>;
  readonly writeFile: (file: string, text: string) => Promise<void>;
  readonly removeFile: (file: string) => Promise<void>;
  /** Absolute path of `ansible-playbook`, or undefined where it is not installed. */
  readonly ansible: () => Promise<string | undefined>;
}

const stepTimeoutMs = 4 * 60 * 60 * 1000;
const connectFailed = 255;

/** Tries until a command runs in it. Throws `unauthenticated` when it answers and refuses the keys for good, `didNotAnswer` at the time-out. */
export async function waitForSsh(doors: SessionDoors, target: SshTarget, timeoutMs: number, context: OperationContext): Promise<void> {
  const startedAt = doors.clock.now();
  let refusedSince: number | undefined;
  let said = '';
  for (let pause = 500; ; pause = Math.min(pause * 1.6, 5000)) {
    context.signal.throwIfAborted();
    context.progress({ message: 'Waiting for SSH ({0} s)', values: [Math.round((doors.clock.now() - startedAt) / 1000)] });
    const result = await doors.run(sshRequest(doors.ssh, target, 'true', { timeoutMs: 30_000 }), context.signal).catch((error: unknown) => {
      if (GaiaError.is(error, 'didNotAnswer')) return undefined;
      throw error;
    });
    if (result?.exitCode === 0) return;
    said = result ? new TextDecoder().decode(result.stderr).trim() : 'no answer';
    if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(said)) {
      throw new GaiaError('untrusted', { message: 'Another system answers at {0}:{1} than before.', values: [target.host, target.port], hint: 'If the machine was made anew, forget its old key and try again.', raw: said });
    }
    // A system that is still starting may refuse keys for a while: its users are not all there yet.
    refusedSince = /Permission denied/.test(said) ? refusedSince ?? doors.clock.now() : undefined;
    if (refusedSince !== undefined && doors.clock.now() - refusedSince > 45_000) {
      throw new GaiaError('unauthenticated', { message: 'The machine answers, but lets {0} not in with the keys that are known.', values: [target.user], hint: 'Is it another user, or a box with a password only?', raw: said });
    }
    if (doors.clock.now() - startedAt > timeoutMs) {
      throw new GaiaError('didNotAnswer', { message: 'The machine did not answer by SSH within {0} seconds.', values: [Math.round(timeoutMs / 1000)], hint: 'It is running all the same: look at its console, and try again.', left: 'The machine was made and runs; its provisioners have not run.', raw: said });
    }
    await doors.clock.sleep(pause, context.signal);
  }
}

/**
 * Puts a new key into the machine and takes the insecure one away, in an order in which no failure can lock anybody out: the new private
 * key is saved first, the old public key goes only after the new one has let us in. Returns the target with the new key.
 */
export async function replaceKey(doors: SessionDoors, target: SshTarget, keyFile: string, comment: string, context: OperationContext): Promise<SshTarget> {
  context.progress({ message: 'Replacing the insecure key' });
  const remove = `f=~/.ssh/authorized_keys; t=$(mktemp ~/.ssh/gaia.XXXXXX) && { grep -vF ${posixWord(insecurePublicBody)} "$f" > "$t" || :; } && cat "$t" > "$f"; s=$?; rm -f "$t"; exit $s`;
  const own: SshTarget = { ...target, keyFiles: [keyFile] };
  // An earlier try may have come as far as this key, and have taken the old one away: then it is the only way in, and must not be overwritten.
  if (await doors.readFile(keyFile) !== undefined && (await doors.run(sshRequest(doors.ssh, own, 'true', { timeoutMs: 60_000 }), context.signal)).exitCode === 0) {
    await command(doors, own, remove, context, 'The insecure key could not be taken away.');
    return own;
  }
  const pair = await generateSshKeyPair(comment);
  await doors.writeFile(keyFile, pair.privateKey);
  const add = ['umask 077', 'mkdir -p ~/.ssh', 'touch ~/.ssh/authorized_keys', `[ -z "$(tail -c 1 ~/.ssh/authorized_keys)" ] || echo >> ~/.ssh/authorized_keys`, `printf '%s\\n' ${posixWord(pair.publicKey)} >> ~/.ssh/authorized_keys`].join(' && ');
  await command(doors, target, add, context, 'The new key could not be put into the machine.');
  const renewed: SshTarget = { ...target, keyFiles: [keyFile] };
  await command(doors, renewed, 'true', context, 'The new key was put into the machine, but does not let anyone in. The old one is still there.');
  await command(doors, renewed, remove, context, 'The insecure key could not be taken away.');
  return renewed;
}

export async function nameHost(doors: SessionDoors, target: SshTarget, hostname: string, context: OperationContext): Promise<void> {
  context.progress({ message: 'Setting the host name' });
  await command(doors, target, setHostname(hostname), context, 'The host name could not be set.');
}

/** Gives the machine's further cards their addresses. */
export async function setNetworks(doors: SessionDoors, target: SshTarget, cards: readonly GuestCard[], context: OperationContext): Promise<void> {
  if (cards.length === 0) return;
  context.progress({ message: 'Setting up the networks' });
  const result = await doors.run(sshRequest(doors.ssh, target, setGuestNetworks(cards), { timeoutMs: 180_000 }), context.signal, lines(context));
  if (result.exitCode !== 0) throw new GaiaError('partial', { message: 'The addresses of the networks could not be set in the machine.', left: 'The machine was made and runs; its provisioners have not run.', raw: new TextDecoder().decode(result.stderr).trim() });
}

export interface Surroundings {
  readonly machine: string;
  /** What relative paths of the config count from. */
  resolve(file: string): string;
  /** A folder for the generated inventory. */
  readonly scratch: string;
  /** Steps that an earlier try has done: they are not run again. */
  readonly isDone?: (step: Step, index: number) => boolean;
  /** Called after each step, before the next begins. */
  readonly done?: (step: Step, index: number) => Promise<void>;
}

/** Runs the steps in order; output goes out line by line as it comes. Returns those that only Vagrant can do. A failing step ends it, named. */
export async function provision(doors: SessionDoors, target: SshTarget, steps: readonly Step[], around: Surroundings, context: OperationContext): Promise<readonly Step[]> {
  const left: Step[] = [];
  for (const [index, step] of steps.entries()) {
    context.signal.throwIfAborted();
    if (step.kind !== 'vagrant' && around.isDone?.(step, index) === true) continue;
    context.progress({ message: 'Provisioner {0} of {1}: {2}', values: [index + 1, steps.length, step.title] });
    switch (step.kind) {
      case 'vagrant': left.push(step); break;
      case 'file': await copyFile(doors, target, step, around, context); break;
      case 'shell': await runShell(doors, target, step, around, context); break;
      case 'ansible': await runAnsible(doors, target, step, around, context); break;
    }
    await around.done?.(step, index);
  }
  return left;
}

async function runShell(doors: SessionDoors, target: SshTarget, step: Extract<Step, { kind: 'shell' }>, around: Surroundings, context: OperationContext): Promise<void> {
  const script = typeof step.script === 'string' ? step.script : await fileText(doors, step.script.file, step.binary, around);
  const result = await doors.run(sshRequest(doors.ssh, target, step.command, { stdin: script, timeoutMs: stepTimeoutMs, secrets: step.secrets }), context.signal, lines(context));
  check(result, step.title);
}

async function fileText(doors: SessionDoors, file: string, binary: boolean, around: Surroundings): Promise<string> {
  const text = await doors.readFile(around.resolve(file));
  if (text === undefined) throw new GaiaError('notFound', { message: 'The script {0} does not exist.', values: [file] });
  return normal(text, binary);
}

async function copyFile(doors: SessionDoors, target: SshTarget, step: Extract<Step, { kind: 'file' }>, around: Surroundings, context: OperationContext): Promise<void> {
  // `~` is the user's home there, as with Vagrant; scp of today does not expand it by itself.
  const to = step.destination.replace(/^~\/?/, '') || '.';
  const folder = to.includes('/') ? to.slice(0, to.lastIndexOf('/')) : '';
  if (folder !== '') await command(doors, target, `mkdir -p -- ${posixWord(folder)}`, context, 'The folder for {0} could not be made.', [step.title]);
  check(await doors.run(scpRequest(doors.scp, target, around.resolve(step.source), to, stepTimeoutMs), context.signal, lines(context)), step.title);
}

async function runAnsible(doors: SessionDoors, target: SshTarget, step: Extract<Step, { kind: 'ansible' }>, around: Surroundings, context: OperationContext): Promise<void> {
  const ansible = await doors.ansible();
  if (ansible === undefined) {
    throw new GaiaError('notInstalled', { message: 'The provisioner "{0}" needs ansible-playbook on this computer.', values: [step.title], hint: 'Install Ansible, or use "ansible_local" with Vagrant.', actions: [{ title: 'Get Ansible', url: 'https://docs.ansible.com/ansible/latest/installation_guide/' }] });
  }
  const generated = `${around.scratch}/inventory-${crypto.randomUUID()}.ini`;
  if (step.inventory === undefined) await doors.writeFile(generated, inventoryFor(around.machine, target, sshOptions({ ...target, keyFiles: [] }).filter((_, index) => index >= 2).join(' ')));
  try {
    const result = await doors.run({ file: ansible, args: ['--inventory', step.inventory === undefined ? generated : around.resolve(step.inventory), ...step.args, around.resolve(step.playbook)], env: { ANSIBLE_FORCE_COLOR: '0', PYTHONUNBUFFERED: '1' }, timeoutMs: stepTimeoutMs }, context.signal, lines(context));
    check(result, step.title);
  } finally {
    await doors.removeFile(generated);
  }
}

/** Output as lines, whatever the chunks. */
function lines(context: OperationContext): ProcessHooks {
  const reader = (): (chunk: Uint8Array) => void => {
    const decoder = new TextDecoder();
    let rest = '';
    return chunk => {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
      rest = parts.pop() ?? '';
      for (const part of parts) context.output(part);
      if (rest.length > 4000) {
        context.output(rest);
        rest = '';
      }
    };
  };
  return { stdout: reader(), stderr: reader() };
}

function check(result: ProcessResult, title: string): void {
  if (result.exitCode === 0) return;
  const last = new TextDecoder().decode(result.stderr.length > 0 ? result.stderr : result.stdout).trim().split('\n').slice(-8).join('\n');
  if (result.exitCode === connectFailed) throw new GaiaError('didNotAnswer', { message: 'The connection broke during the provisioner "{0}".', values: [title], raw: last });
  throw new GaiaError('partial', { message: 'The provisioner "{0}" failed with exit code {1}.', values: [title, result.exitCode], hint: 'Its output is in the log.', left: 'The machine runs; what this and the earlier provisioners did stays.', raw: last });
}

async function command(doors: SessionDoors, target: SshTarget, text: string, context: OperationContext, failed: string, values: readonly string[] = []): Promise<void> {
  const result = await doors.run(sshRequest(doors.ssh, target, text, { timeoutMs: 120_000 }), context.signal);
  if (result.exitCode !== 0) throw new GaiaError('unexpected', { message: failed, values, raw: new TextDecoder().decode(result.stderr).trim() });
}
