// "New Machine": a few questions that end in a commented .gaia.json, not saved yet: nothing is written before the person saves, nothing made before Create.
import * as vscode from 'vscode';
import { parseConfig } from '../../config/parse.ts';
import { machineKind, type SourceKey } from '../../config/kinds.ts';
import { brokenNameRule } from '../../config/checks/names.ts';
import { knownProviders, providerLabels, type KnownProvider } from '../../config/schema.ts';
import { setValue, withEdits } from '../../config/edit.ts';
import { hostResources } from '../../system/hostFacts.ts';
import { t } from '../l10n.ts';
import type { Template } from '../../config/templates.ts';
import { showAsNewFile } from '../newDocument.ts';
import type { Parts } from '../parts.ts';
import { allTemplates } from '../templates/store.ts';
import { configText, type NewMachine, type NewSource } from './newConfigText.ts';

const sourceWords: { readonly [S in SourceKey]: { readonly label: () => string; readonly prompt: () => string; readonly example: string } } = {
  box: { label: () => t('A Vagrant box'), prompt: () => t('Name of the box, owner/name'), example: 'bento/ubuntu-24.04' },
  image: { label: () => t('A disk image or appliance'), prompt: () => t('Address or file: qcow2, vmdk, vdi, vhdx, ova …'), example: 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img' },
  iso: { label: () => t('A CD image to install from'), prompt: () => t('Address or file of the .iso'), example: './installer.iso' },
  clone_from: { label: () => t('A copy of a machine or template'), prompt: () => t('Name of the machine to copy'), example: 'template' },
  base_distro: { label: () => t('A new distribution from the online catalogue'), prompt: () => t('Name of the distribution, as “wsl --list --online” shows it'), example: 'Ubuntu' },
  source_distro: { label: () => t('A copy of an installed distribution'), prompt: () => t('Name of the distribution to copy'), example: 'Ubuntu' },
  tarball: { label: () => t('A root file system'), prompt: () => t('Address or file: .tar, .tar.gz, .wsl'), example: './rootfs.tar.gz' },
};

const back = Symbol('back');

/** `gaia.config.new`. Given `{ provider, source, name, cpus, memory }` it asks nothing. */
export async function newConfig(parts: Parts, args: readonly unknown[]): Promise<void> {
  const given = args[0];
  const text = isNewMachine(given) ? configText(given) : await asked(parts);
  if (text !== undefined) await showAsNewFile(text);
}

async function asked(parts: Parts): Promise<string | undefined> {
  const templates = await allTemplates(parts);
  let provider: KnownProvider | undefined;
  let choice: { readonly template?: string; readonly source?: NewSource } | undefined;
  let name: string | undefined;
  for (let step = 1; ;) {
    if (step === 1) {
      const picked = await pick(t('New Machine'), t('Which hypervisor shall run it?'), [1], knownProviders.map(id => ({ label: providerLabels[id], description: t(machineKind(id).where), id })), false);
      if (picked === undefined || picked === back) return undefined;
      provider = picked.id;
    } else if (step === 2 && provider) {
      const answer = await askSource(provider, templates);
      if (answer === undefined) return undefined;
      if (answer === back) { step--; continue; }
      choice = answer;
    } else if (step === 3 && provider && choice) {
      const usual = choice.template === undefined ? 'machine' : parseConfig(choice.template).machines[0]?.name ?? 'machine';
      const answer = await input(t('New Machine'), t('What shall it be called?'), [3, stepsFor(provider, choice)], usual, typed => nameProblem(typed, provider as KnownProvider));
      if (answer === undefined) return undefined;
      if (answer === back) { step--; continue; }
      name = answer;
    } else if (provider && choice && name !== undefined) {
      if (choice.template !== undefined) return fromTemplate(choice.template, name);
      const source = choice.source as NewSource;
      if (!machineKind(provider).ownResources) return configText({ provider, source, name });
      const answer = await askResources(provider);
      if (answer === undefined) return undefined;
      if (answer !== back) return configText({ provider, source, name, ...answer });
      step--;
      continue;
    }
    step++;
  }
}

async function askSource(provider: KnownProvider, templates: readonly Template[]): Promise<{ readonly template?: string; readonly source?: NewSource } | undefined | typeof back> {
  const items = [
    { label: t('Templates'), kind: vscode.QuickPickItemKind.Separator },
    ...templates.filter(template => template.providers.includes(provider)).map(template => ({ label: `$(file-code) ${template.title}`, detail: template.description, template: template.text })),
    { label: t('From scratch'), kind: vscode.QuickPickItemKind.Separator },
    ...machineKind(provider).sources.map(kind => ({ label: `$(${kind === 'clone_from' || kind === 'source_distro' ? 'copy' : 'cloud-download'}) ${sourceWords[kind].label()}`, source: kind })),
  ];
  for (;;) {
    const picked = await pick<{ label: string; template?: string; source?: SourceKey }>(t('New Machine'), t('What does it start from?'), [2], items, true);
    if (picked === undefined || picked === back) return picked;
    if (picked.template !== undefined) return { template: picked.template };
    const kind = picked.source as SourceKey;
    const words = sourceWords[kind];
    const value = await input(t('New Machine'), words.prompt(), [2], words.example, typed => (typed.trim() === '' ? t('This cannot be empty.') : undefined));
    if (value === undefined) return undefined;
    if (value !== back) return { source: { kind, value } };
  }
}

/** Sizes that fit this computer, the middle one first. */
async function askResources(provider: KnownProvider): Promise<{ readonly cpus: number; readonly memory: number } | undefined | typeof back> {
  const { cpus, memoryMiB } = hostResources();
  const { local } = machineKind(provider);
  const sizes = [[1, 1024, t('small')], [2, 2048, t('usual')], [2, 4096, t('for a desktop or Docker')], [4, 8192, t('large')], [8, 16384, t('very large')]] as const;
  const fitting = sizes.filter(([c, m]) => !local || (c <= Math.max(1, cpus) && m <= memoryMiB * 0.75));
  const items = (fitting.length > 0 ? fitting : sizes.slice(0, 1)).map(([c, m, about]) => ({ label: t('{0} CPUs, {1} GB', c, m / 1024), description: about, cpus: c, memory: m }));
  const picked = await pick(t('New Machine'), !local ? t('How large?') : t('How large? This computer has {0} CPUs and {1} GB.', cpus, Math.round(memoryMiB / 1024)), [4, 4], items, true);
  return picked === undefined || picked === back ? picked : { cpus: picked.cpus, memory: picked.memory };
}

/** The template with another name. Of several machines all names get it as a beginning. */
function fromTemplate(template: string, name: string): string {
  const { machines } = parseConfig(template);
  if (machines.length === 1 && machines[0]) return withEdits(template, setValue(template, [...machines[0].path, 'name'], name));
  const [first] = machines;
  if (!first || name === first.name) return template;
  return machines.reduce((text, machine, i) => withEdits(text, setValue(text, [...machine.path, 'name'], i === 0 ? name : `${name}-${String(i + 1)}`)), template);
}

function nameProblem(typed: string, provider: KnownProvider): string | undefined {
  if (typed.trim() === '') return t('This cannot be empty.');
  const rule = brokenNameRule(provider, typed);
  if (rule) return t(rule.message);
  return /[[\]{}/\\:*?"<>|]/.test(typed) ? t('This is the name of a file too: it cannot hold {0}', '[ ] { } / \\ : * ? " < > |') : undefined;
}

/** A template says how large its machine is, and some kinds have no size of their own: then nothing is asked after the name. */
function stepsFor(provider: KnownProvider, choice: { readonly template?: string }): number {
  return choice.template !== undefined || !machineKind(provider).ownResources ? 3 : 4;
}

/** Which step, and of how many, once that is known. */
type Step = readonly [step: number, of?: number];

/** A pick with its step; `back` = the arrow. */
function pick<T extends vscode.QuickPickItem>(title: string, placeholder: string, [step, totalSteps]: Step, items: readonly (T | vscode.QuickPickItem)[], mayGoBack: boolean): Promise<T | undefined | typeof back> {
  const box = vscode.window.createQuickPick<T>();
  Object.assign(box, { title, placeholder, step, totalSteps, items, matchOnDetail: true, matchOnDescription: true, ignoreFocusOut: true, buttons: mayGoBack ? [vscode.QuickInputButtons.Back] : [] });
  return answerOf(box, () => box.selectedItems[0]);
}

function input(title: string, prompt: string, [step, totalSteps]: Step, value: string, problem: (typed: string) => string | undefined): Promise<string | undefined | typeof back> {
  const box = vscode.window.createInputBox();
  Object.assign(box, { title, prompt, step, totalSteps, value, ignoreFocusOut: true, buttons: [vscode.QuickInputButtons.Back] });
  box.onDidChangeValue(typed => { box.validationMessage = problem(typed) ?? ''; });
  return answerOf(box, () => { box.validationMessage = problem(box.value) ?? ''; return box.validationMessage === '' ? box.value.trim() : undefined; });
}

/** undefined from `value` on accept = not yet. */
function answerOf<T>(box: vscode.QuickInput & { onDidAccept: vscode.Event<void>; onDidTriggerButton: vscode.Event<vscode.QuickInputButton> }, value: () => T | undefined): Promise<T | undefined | typeof back> {
  return new Promise(resolve => {
    const end = (answer: T | undefined | typeof back): void => { resolve(answer); box.dispose(); };
    box.onDidAccept(() => { const answer = value(); if (answer !== undefined) end(answer); });
    box.onDidTriggerButton(button => { if (button === vscode.QuickInputButtons.Back) end(back); });
    box.onDidHide(() => { end(undefined); });
    box.show();
  });
}

function isNewMachine(value: unknown): value is NewMachine {
  if (typeof value !== 'object' || value === null) return false;
  const { provider, source, name } = value as Partial<NewMachine>;
  return typeof provider === 'string' && typeof name === 'string' && typeof source === 'object' && typeof source.kind === 'string' && typeof source.value === 'string';
}
