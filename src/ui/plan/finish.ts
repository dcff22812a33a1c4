// After the first start: wait until the machine can be reached, make its key its own, set its name, run its provisioners.
import { createHash } from 'node:crypto';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { canBeReached } from '../../config/plan/provisioners.ts';
import type { ParsedMachine } from '../../config/model.ts';
import type { MachineDetails, MachineId } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import type { GuestCard } from '../../provisioning/guestNetworks.ts';
import { withPrefix } from '../../machines/subnet.ts';
import { nameHost, provision, replaceKey, setNetworks, waitForSsh } from '../../provisioning/session.ts';
import type { Step } from '../../provisioning/steps.ts';
import { stepsOf } from '../../provisioning/steps.ts';
import { fileInfo } from '../../system/files.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { planFeature } from './feature.ts';
import { endpointOf, insecureKeyFile, keyFileOf, rememberLogin, sessionDoors, storage, targetOf } from './machineSsh.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { detailsWithAddress } from './ready.ts';
import type { UnfinishedStore } from './unfinished.ts';

export interface FinishRequest {
  readonly spec: MachineSpec;
  readonly id: MachineId;
  /** As it stands in the file: its provisioners. */
  readonly machine: ParsedMachine | undefined;
  readonly prepared: Prepared | undefined;
  readonly baseFolder: string | undefined;
  /** Address of the file. */
  readonly file: string;
}

/** Vagrant's own default is five minutes; a first boot with cloud-init may take longer. */
const bootTimeoutMs = 10 * 60_000;

/** Goes on where an earlier try ended: what is done is remembered step by step, and forgotten when all is. */
export async function finishMachine(parts: Parts, request: FinishRequest, context: OperationContext): Promise<void> {
  const { unfinished } = planFeature(parts);
  await unfinished.begin(request.id);
  await finishSteps(parts, request, unfinished, context);
  await unfinished.forget(request.id);
}

async function finishSteps(parts: Parts, request: FinishRequest, unfinished: UnfinishedStore, context: OperationContext): Promise<void> {
  const { spec, id } = request;
  const steps = stepsOf(request.machine?.config['provisioners']);
  if (!canBeReached(spec)) {
    if (steps.length > 0) context.output(t('The provisioners are not run: the machine has no system yet that could be reached by SSH.'));
    return;
  }
  const doors = await sessionDoors(parts);
  const box = spec.source.kind === 'box';
  const needs = parts.registry.of(id)?.lifecycle?.needs;
  // When a machine made earlier is finished, nothing was fetched for it now: what its box says of its user and key is read again.
  const prepared = request.prepared ?? (box ? await prepare(planFeature(parts).images, spec, { needs, ...request.baseFolder === undefined ? {} : { baseFolder: request.baseFolder }, seedFolder: storage(parts) }, context) : undefined);
  const ssh = prepared?.ssh;
  const user = ssh?.user ?? (box ? 'vagrant' : spec.cloudInit?.user ?? 'root');
  const details = await detailsWithAddress(parts, id, bootTimeoutMs, context);
  // The key of an earlier try first: it may be the only one that is left in the machine.
  const own = box && await fileInfo(keyFileOf(parts, id)) ? [keyFileOf(parts, id)] : [];
  const keys = box ? [...own, ssh?.privateKey ?? await insecureKeyFile(parts)] : await ownKeys(spec, request.baseFolder);
  const endpoint = endpointOf(details);
  let target = { ...targetOf(parts, id, { ...endpoint, user, keyFile: keys[0] ?? '' }), keyFiles: keys };
  await waitForSsh(doors, target, bootTimeoutMs, context);
  if (box && ssh?.insertKey !== false) target = { ...await replaceKey(doors, target, keyFileOf(parts, id), `gaia ${spec.name}`, context) };
  await rememberLogin(parts, id, { ...endpoint, user, keyFile: target.keyFiles[0] ?? '', name: spec.name });
  if (spec.hostname !== undefined) await nameHost(doors, target, spec.hostname, context);
  // Images have had it from their seed.
  if (box) await setNetworks(doors, target, typeof needs === 'object' && needs.cards ? cardsOf(spec, details) : [], context);
  const done = await unfinished.doneOf(id);
  const base = request.baseFolder ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? os.homedir();
  const left = await provision(doors, target, steps, { machine: spec.name, resolve: file => path.resolve(base, file), scratch: storage(parts), isDone: (step, index) => done.has(stepName(step, index)), done: (step, index) => unfinished.mark(id, stepName(step, index)) }, context);
  if (left.length > 0) void tellLeft(request.file, spec.name, left);
}

/** Of a machine whose first card is NAT: the file's networks are those from 2 on. */
function cardsOf(spec: MachineSpec, details: MachineDetails): readonly GuestCard[] {
  return spec.networks.flatMap((network, position): readonly GuestCard[] => {
    const mac = details.adapters.find(adapter => adapter.index === position + 2)?.macAddress;
    if (mac === undefined) return [];
    return [{ index: position + 2, mac, ...network.ip === undefined ? {} : { address: withPrefix(network.ip, network.netmask) } }];
  });
}

/** Another one when the step was changed in the file: then it is run. */
function stepName(step: Step, index: number): string {
  return `${String(index)}:${createHash('sha256').update(JSON.stringify(step)).digest('hex').slice(0, 16)}`;
}

/** The private keys that belong to the public ones named in `cloud_init`, else the usual ones of this person. */
async function ownKeys(spec: MachineSpec, baseFolder: string | undefined): Promise<readonly string[]> {
  const home = os.homedir();
  const named = (spec.cloudInit?.sshKeys ?? []).filter(key => !key.startsWith('ssh-') && !key.includes(' ')).map(key => path.resolve(baseFolder ?? home, key.replace(/^~(?=[\\/])/, home)).replace(/\.pub$/, ''));
  const usual = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map(name => path.join(home, '.ssh', name));
  const present = await Promise.all([...named, ...usual].map(async file => ((await fileInfo(file))?.kind === 'file' ? file : undefined)));
  return present.filter(file => file !== undefined);
}

async function tellLeft(file: string, name: string, left: readonly Step[]): Promise<void> {
  const run = t('Run with Vagrant');
  const types = [...new Set(left.flatMap(step => (step.kind === 'vagrant' ? [step.type] : [])))].join(', ');
  const answer = await vscode.window.showWarningMessage(t('“{0}” is ready, but Gaia does not run {1}: Vagrant can.', name, types), run);
  if (answer === run) await vscode.commands.executeCommand('gaia.config.runWithVagrant', vscode.Uri.parse(file), { machine: name });
}
