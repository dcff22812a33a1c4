// Where high availability keeps machines: making, changing and removing groups (up to Proxmox VE 8) and rules (from 9). And pools, which are made likewise.
import * as vscode from 'vscode';
import type { HaRule } from '../../providers/proxmox/haRules.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { choose, text } from '../commands/inputs.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { work } from './work.ts';

type Kind = 'nodes' | 'positive' | 'negative';

export async function addRule(parts: Parts, provider: ProxmoxProvider): Promise<void> {
  const facts = await work(parts, t('Reading high availability'), async ({ signal }) => ({ groups: (await provider.cluster.haRuleKind(signal)) === 'groups', managed: managedOf(await provider.cluster.haStatus(signal)) }));
  if (!facts) return;
  const title = facts.groups ? t('Add HA Group') : t('Add HA Rule');
  const kind: Kind | undefined = facts.groups ? 'nodes' : await choose<Kind>(title, [
    { label: `$(server) ${t('Keep machines on nodes')}`, detail: t('Node affinity'), value: 'nodes' },
    { label: `$(link) ${t('Keep machines together')}`, detail: t('Resource affinity, positive: on the same node'), value: 'positive' },
    { label: `$(split-horizontal) ${t('Keep machines apart')}`, detail: t('Resource affinity, negative: each on another node'), value: 'negative' },
  ]);
  if (kind === undefined) return;
  const name = await text({ title, prompt: t('Name: a letter, then letters, digits, - and _'), value: '', required: true });
  if (name === undefined) return;
  const placed = kind === 'nodes' ? await askNodes(provider, title, [], false) : undefined;
  if (kind === 'nodes' && !placed) return;
  const resources = facts.groups ? undefined : await askResources(parts, provider, title, facts.managed, []);
  if (!facts.groups && !resources) return;
  await work(parts, title, ({ signal }) => provider.cluster.addHaRule({ name, ...placed, ...(kind === 'nodes' ? {} : { affinity: kind }), ...(resources ? { resources } : {}) }, signal));
}

export async function changeRule(parts: Parts, provider: ProxmoxProvider, rule: HaRule): Promise<void> {
  const title = t('Change “{0}”', rule.name);
  const what = await choose<'nodes' | 'resources' | 'enable' | 'comment'>(title, [
    ...rule.type === 'resource-affinity' ? [] : [{ label: `$(server) ${t('Nodes')}`, detail: rule.nodes.join(', '), value: 'nodes' as const }],
    ...rule.type === 'group' ? [] : [{ label: `$(vm) ${t('Machines')}`, detail: rule.resources.join(', '), value: 'resources' as const }, { label: rule.disabled ? `$(check) ${t('Enable')}` : `$(circle-slash) ${t('Disable')}`, detail: '', value: 'enable' as const }],
    { label: `$(comment) ${t('Comment')}`, detail: rule.comment ?? '', value: 'comment' },
  ]);
  const { name } = rule;
  switch (what) {
    case 'nodes': {
      const placed = await askNodes(provider, title, rule.nodes, rule.strict);
      if (placed) await work(parts, title, ({ signal }) => provider.cluster.changeHaRule({ name, ...placed }, signal));
      break;
    }
    case 'resources': {
      const managed = await work(parts, t('Reading high availability'), async ({ signal }) => managedOf(await provider.cluster.haStatus(signal)));
      const resources = managed && await askResources(parts, provider, title, managed, rule.resources);
      if (resources) await work(parts, title, ({ signal }) => provider.cluster.changeHaRule({ name, resources }, signal));
      break;
    }
    case 'enable': await work(parts, title, ({ signal }) => provider.cluster.changeHaRule({ name, disabled: !rule.disabled }, signal)); break;
    case 'comment': {
      const comment = await text({ title, prompt: t('Comment'), value: rule.comment ?? '', required: false });
      if (comment !== undefined) await work(parts, title, ({ signal }) => provider.cluster.changeHaRule({ name, comment }, signal));
      break;
    }
    case undefined: break;
  }
}

export async function removeRule(parts: Parts, provider: ProxmoxProvider, rule: HaRule): Promise<void> {
  const sure = await ask(t('Remove “{0}”?', rule.name), t('The machines in it stay where they are, and are no longer bound to nodes or to each other by it.'), [{ title: t('Remove'), value: true }]);
  if (sure) await work(parts, t('Removing “{0}”', rule.name), ({ signal }) => provider.cluster.removeHaRule(rule.name, signal));
}

export async function addPool(parts: Parts, provider: ProxmoxProvider): Promise<void> {
  const name = await text({ title: t('Add Pool'), prompt: t('Name of the pool'), value: '', required: true });
  if (name === undefined) return;
  const comment = await text({ title: t('Add Pool'), prompt: t('Comment'), value: '', required: false });
  if (comment !== undefined) await work(parts, t('Add Pool'), ({ signal }) => provider.cluster.createPool(name, comment === '' ? undefined : comment, signal));
}

export async function removePool(parts: Parts, provider: ProxmoxProvider, name: string): Promise<void> {
  const sure = await ask(t('Delete the pool {0}?', name), t('A pool with machines or storages in it is not deleted. The machines are not touched.'), [{ title: t('Delete'), value: true }]);
  if (sure) await work(parts, t('Deleting {0}', name), ({ signal }) => provider.cluster.deletePool(name, signal));
}

/** Which nodes, which of them is preferred, and whether others are out of the question. */
async function askNodes(provider: ProxmoxProvider, title: string, present: readonly string[], strict: boolean): Promise<{ readonly nodes: readonly string[]; readonly strict: boolean } | undefined> {
  const before = new Set(present.map(entry => entry.split(':')[0]));
  const items = (provider.cluster.latest()?.nodes ?? []).map(node => ({ label: node.name, picked: before.has(node.name) }));
  const picked = await vscode.window.showQuickPick(items, { title, canPickMany: true, placeHolder: t('On which nodes?') });
  if (!picked || picked.length === 0) return undefined;
  const names = picked.map(item => item.label);
  const preferred = names.length === 1 ? '' : await choose(title, [{ label: t('All nodes alike'), detail: '', value: '' }, ...names.map(name => ({ label: t('{0} is preferred', name), detail: t('The machines go back to it when it is there'), value: name }))]);
  if (preferred === undefined) return undefined;
  const only = await choose(title, [
    { label: t('Other nodes when none of these is there'), detail: strict ? '' : t('as it is'), value: false },
    { label: t('These nodes only'), detail: t('When none of them is there, the machines stay stopped'), value: true },
  ]);
  return only === undefined ? undefined : { nodes: names.map(name => (name === preferred ? `${name}:2` : preferred === '' ? name : `${name}:1`)), strict: only };
}

async function askResources(parts: Parts, provider: ProxmoxProvider, title: string, managed: readonly string[], present: readonly string[]): Promise<readonly string[] | undefined> {
  if (managed.length === 0) {
    void vscode.window.showInformationMessage(t('High availability manages no machine yet. Add one by “High Availability…” in its menu.'));
    return undefined;
  }
  const machines = parts.fleet.entry(provider)?.machines ?? [];
  const items = managed.map(sid => ({ label: machines.find(machine => String(machine.extra?.['vmid']) === sid.split(':')[1])?.name ?? sid, description: sid, picked: present.includes(sid) }));
  const picked = await vscode.window.showQuickPick(items, { title, canPickMany: true, placeHolder: t('Which machines?') });
  return picked && picked.length > 0 ? picked.map(item => item.description) : undefined;
}

function managedOf(status: readonly { readonly sid?: string }[]): readonly string[] {
  return status.flatMap(row => row.sid ?? []);
}
