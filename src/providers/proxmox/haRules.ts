// Where high availability keeps machines: groups of nodes up to Proxmox VE 8, rules from 9, in one shape; to read, add, change and remove.
import { GaiaError } from '../../machines/errors.ts';
import { flag, rows, text } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import { supports } from './version.ts';

export interface HaRule {
  readonly name: string;
  /** `group` up to 8. */
  readonly type: 'node-affinity' | 'resource-affinity' | 'group';
  readonly resources: readonly string[];
  /** With a priority where there is one: `pve1:2`. */
  readonly nodes: readonly string[];
  /** On these nodes or on none. */
  readonly strict: boolean;
  /** `positive` keeps resources together, `negative` apart. */
  readonly affinity?: string;
  /** Groups: stays where it was brought, though a node of a higher priority is back. */
  readonly noFailback?: boolean;
  readonly disabled: boolean;
  readonly comment?: string;
}

/** A wish for a new rule, or the whole of a changed one. */
export interface HaRuleWish {
  readonly name: string;
  /** Absent = keeps machines on `nodes`; else together (`positive`) or apart (`negative`): from 9 on. */
  readonly affinity?: 'positive' | 'negative';
  readonly nodes?: readonly string[];
  /** `vm:100`. Groups have none: a machine names its group. */
  readonly resources?: readonly string[];
  readonly strict?: boolean;
  readonly noFailback?: boolean;
  readonly disabled?: boolean;
  readonly comment?: string;
}

/** Groups (≤ 8) and rules (≥ 9) in one shape. */
export async function readRules(deps: PartDeps, signal: AbortSignal): Promise<readonly HaRule[]> {
  if (await hasRules(deps, signal)) return parseRules((await deps.calls.get(requests.haRules(), signal)).data);
  return parseGroups((await deps.calls.get(requests.haGroups(), signal)).data);
}

/** Rules (from 9) or groups (up to 8)? */
export async function hasRules(deps: PartDeps, signal: AbortSignal): Promise<boolean> {
  return supports(requests.haRules(), await deps.calls.version(signal));
}

/** Throws GaiaError `alreadyExists`, `invalidInput`, `notSupported`. */
export async function addRule(deps: PartDeps, wish: HaRuleWish, signal: AbortSignal): Promise<void> {
  checkRuleName(wish.name);
  if ((await readRules(deps, signal)).some(rule => rule.name === wish.name)) throw new GaiaError('alreadyExists', { message: 'There is an HA rule or group named {0} already.', values: [wish.name] });
  const comment = wish.comment === undefined ? {} : { comment: wish.comment };
  if (!(await hasRules(deps, signal))) {
    if (wish.affinity !== undefined) throw new GaiaError('notSupported', { message: 'Rules that keep machines together or apart need Proxmox VE 9.' });
    await deps.calls.change(requests.haAddGroup(wish.name, needNodes(wish), { ...(wish.strict === undefined ? {} : { restricted: wish.strict }), ...(wish.noFailback === undefined ? {} : { nofailback: wish.noFailback }), ...comment }), signal);
    return;
  }
  const resources = wish.resources ?? [];
  if (resources.length < (wish.affinity === undefined ? 1 : 2)) throw new GaiaError('invalidInput', { message: wish.affinity === undefined ? 'A rule needs a machine that high availability manages.' : 'A rule of this kind needs two machines at least.' });
  await deps.calls.change(
    requests.haAddRule(wish.name, { type: wish.affinity === undefined ? 'node-affinity' : 'resource-affinity', resources, ...(wish.affinity === undefined ? { nodes: needNodes(wish) } : { affinity: wish.affinity }), ...(wish.strict === undefined || wish.affinity !== undefined ? {} : { strict: wish.strict }), ...comment }),
    signal,
  );
}

/** Makes the rule or group what `wish` says; what it leaves out stays. */
export async function changeRule(deps: PartDeps, wish: HaRuleWish, signal: AbortSignal): Promise<void> {
  const present = (await readRules(deps, signal)).find(rule => rule.name === wish.name);
  if (!present) throw new GaiaError('notFound', { message: 'There is no HA rule {0}.', values: [wish.name] });
  const comment = wish.comment === undefined ? {} : { comment: wish.comment };
  const nodes = wish.nodes === undefined ? {} : { nodes: needNodes(wish) };
  if (present.type === 'group') {
    await deps.calls.change(requests.haSetGroup(wish.name, { ...nodes, ...(wish.strict === undefined ? {} : { restricted: wish.strict }), ...(wish.noFailback === undefined ? {} : { nofailback: wish.noFailback }), ...comment }), signal);
    return;
  }
  const own = present.type === 'node-affinity' ? { ...nodes, ...(wish.strict === undefined ? {} : { strict: wish.strict }) } : wish.affinity === undefined ? {} : { affinity: wish.affinity };
  await deps.calls.change(
    requests.haSetRule(wish.name, { type: present.type, ...own, ...(wish.resources === undefined ? {} : { resources: wish.resources }), ...(wish.disabled === undefined ? {} : wish.disabled ? { disable: true } : { enable: true }), ...comment }),
    signal,
  );
}

export async function removeRule(deps: PartDeps, name: string, signal: AbortSignal): Promise<void> {
  await deps.calls.change((await hasRules(deps, signal)) ? requests.haRemoveRule(name) : requests.haRemoveGroup(name), signal);
}

/** pve-configid. Throws GaiaError `invalidInput`. */
export function checkRuleName(name: string): void {
  if (/^[A-Za-z][\w-]+$/.test(name)) return;
  throw new GaiaError('invalidInput', { message: 'A rule or group cannot be named “{0}”.', values: [name], hint: 'A name starts with a letter and has two or more letters, digits, - and _.' });
}

function needNodes(wish: HaRuleWish): readonly string[] {
  if (wish.nodes && wish.nodes.length > 0) return wish.nodes;
  throw new GaiaError('invalidInput', { message: 'Name one node at least.' });
}

const list = (value: unknown): string[] => (text(value) ?? '').split(',').map(entry => entry.trim()).filter(Boolean);

export function parseRules(data: unknown): HaRule[] {
  return rows(data).map(row => {
    const affinity = text(row['affinity']);
    const comment = text(row['comment']);
    return {
      name: text(row['rule']) ?? '',
      type: row['type'] === 'resource-affinity' ? 'resource-affinity' : 'node-affinity',
      resources: list(row['resources']),
      nodes: list(row['nodes']),
      strict: flag(row['strict']),
      disabled: flag(row['disable']),
      ...(affinity === undefined ? {} : { affinity }),
      ...(comment === undefined ? {} : { comment }),
    };
  });
}

export function parseGroups(data: unknown): HaRule[] {
  return rows(data).map(row => {
    const comment = text(row['comment']);
    return { name: text(row['group']) ?? '', type: 'group', resources: [], nodes: list(row['nodes']), strict: flag(row['restricted']), ...(flag(row['nofailback']) ? { noFailback: true } : {}), disabled: false, ...(comment === undefined ? {} : { comment }) };
  });
}
