// One cluster page: reads the cluster while it is seen, each part for itself, so that a missing right hides that part and not the page.
import * as vscode from 'vscode';
import { asGaiaError } from '../../machines/errors.ts';
import type { StorageInfo, StorageItem } from '../../machines/provider.ts';
import type { FromPage, ToPage } from '../../../webview/cluster/messages.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import type { Timeframe } from '../../providers/proxmox/requests.ts';
import { connectionsOf } from '../connections/connections.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { Page } from '../webviews/page.ts';
import { errorText } from '../words.ts';
import { clusterAction } from './actions.ts';
import { clusterView, storageKey } from './view.ts';
import type { ClusterFacts } from './view.ts';

const everyMs = 5000;
/** Backups cost a request a storage, networks one a node, so they are read seldom. */
const backupsEveryMs = 60_000;
/** A node measures once a minute. */
const usageEveryMs = 60_000;
const spans: readonly Timeframe[] = ['hour', 'day', 'week', 'month', 'year'];

export class ClusterPanel implements vscode.Disposable {
  readonly #parts: Parts;
  readonly #connection: string;
  readonly #page: Page<ToPage, FromPage>;
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #open = new Map<string, { readonly items?: readonly StorageItem[]; readonly note?: string }>();
  #facts: ClusterFacts = { tasks: [], storages: [], nodes: [], backups: [], ha: [], rules: [], pools: [], networks: [], usage: new Map(), span: 'hour', problems: [] };
  #span: Timeframe = 'hour';
  #usageAt = 0;
  #backupsAt = 0;
  #shown = '';
  #looking: AbortController | undefined;
  #wake: () => void = () => undefined;

  constructor(parts: Parts, connection: string, panel: vscode.WebviewPanel) {
    this.#parts = parts;
    this.#connection = connection;
    this.#page = new Page(parts.context, panel.webview, { view: 'cluster', title: panel.title }, {
      onReady: () => {
        this.#shown = '';
        this.#show();
      },
      onMessage: message => { void this.#onMessage(message); },
    });
    this.#subscriptions.push(this.#page, panel.onDidChangeViewState(() => { this.#look(panel.visible); }), panel.onDidDispose(() => { this.dispose(); }));
    this.#look(panel.visible);
  }

  dispose(): void {
    this.#look(false);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #look(visible: boolean): void {
    if (visible === (this.#looking !== undefined)) return;
    this.#looking?.abort();
    this.#looking = visible ? new AbortController() : undefined;
    if (this.#looking) void this.#keepReading(this.#looking.signal);
  }

  async #keepReading(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#read(signal);
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, everyMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#wake, { once: true });
      });
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const provider = this.#provider();
    if (!provider) {
      this.#page.post({ type: 'gone', text: t('This connection was removed.') });
      return;
    }
    const problems: string[] = [];
    const part = async <T>(read: Promise<T> | undefined, before: T): Promise<T> => {
      try {
        return (await read) ?? before;
      } catch (thrown) {
        const error = asGaiaError(thrown);
        if (error.code !== 'cancelled' && !signal.aborted) problems.push(errorText(error));
        return before;
      }
    };
    const old = this.#facts;
    const backupsDue = Date.now() - this.#backupsAt > backupsEveryMs;
    // First what all the others would ask for as well, so that one that is down is said once.
    const storages = await part(provider.storage?.list(signal), old.storages);
    const [summary, tasks, backups, ha, rules, pools, networks] = problems.length > 0 ? [old.summary, old.tasks, old.backups, old.ha, old.rules, old.pools, old.networks] : await Promise.all([
      part<ClusterFacts['summary']>(provider.cluster.summary(signal), old.summary),
      part(provider.cluster.tasks(signal), old.tasks),
      backupsDue ? part(provider.backups.list(undefined, signal), old.backups) : old.backups,
      part(provider.cluster.haStatus(signal), old.ha),
      part(provider.cluster.haRules(signal), old.rules),
      part(provider.cluster.pools(signal), old.pools),
      backupsDue ? part(provider.networks?.list(signal), old.networks) : old.networks,
    ]);
    const nodes = problems.length > 0 && storages === old.storages ? old.nodes : await Promise.all((provider.cluster.latest()?.nodes ?? []).map(node => (node.online ? part(provider.cluster.node(node.name, signal), { ...node, loadAverage: [] }) : { ...node, loadAverage: [] })));
    const span = this.#span;
    const usageDue = problems.length === 0 && (span !== old.span || Date.now() - this.#usageAt > usageEveryMs);
    const usage = usageDue ? new Map(await Promise.all(nodes.filter(node => node.online).map(async node => [node.name, await part(provider.cluster.nodeUsage(node.name, span, signal), old.usage.get(node.name) ?? [])] as const))) : old.usage;
    if (signal.aborted) return;
    if (usageDue) this.#usageAt = Date.now();
    if (backupsDue) this.#backupsAt = Date.now();
    this.#facts = { ...(summary ? { summary } : {}), tasks, storages, nodes, backups, ha, rules, pools, networks, usage, span: usageDue ? span : old.span, problems: [...new Set(problems)] };
    await Promise.all([...this.#open.keys()].map(key => this.#readContent(provider, key, signal)));
    this.#show();
  }

  async #readContent(provider: ProxmoxProvider, key: string, signal: AbortSignal): Promise<void> {
    const storage = this.#facts.storages.find(one => storageKey(one) === key);
    if (!storage || !provider.storage) return;
    try {
      const items = await provider.storage.content(storage, signal);
      if (this.#open.has(key)) this.#open.set(key, { items });
    } catch (error) {
      if (this.#open.has(key)) this.#open.set(key, { note: errorText(asGaiaError(error)) });
    }
  }

  #show(): void {
    const provider = this.#provider();
    if (!provider) return;
    const machines = this.#parts.fleet.entry(provider)?.machines ?? [];
    const view = clusterView(provider, this.#facts, machines, this.#open, vscode.env.language);
    const text = JSON.stringify(view);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#page.post({ type: 'view', view });
  }

  #provider(): ProxmoxProvider | undefined {
    return connectionsOf(this.#parts).provider(this.#connection);
  }

  async #onMessage(message: FromPage): Promise<void> {
    const provider = this.#provider();
    if (!provider) return;
    if (message.section === 'storage' && message.id === 'toggle' && message.row !== undefined) {
      if (this.#open.has(message.row)) this.#open.delete(message.row);
      else {
        this.#open.set(message.row, {});
        this.#show();
        await this.#readContent(provider, message.row, AbortSignal.timeout(30_000));
      }
      this.#show();
      return;
    }
    const chosen = spans.find(span => span === message.row);
    if (message.section === 'cluster' && message.id === 'span' && chosen) {
      this.#span = chosen;
      this.#wake();
      return;
    }
    const storage: StorageInfo | undefined = this.#facts.storages.find(one => storageKey(one) === message.row);
    const item = this.#open.get(message.row ?? '')?.items?.find(one => one.id === message.item);
    await clusterAction({ parts: this.#parts, provider, facts: this.#facts }, message, storage, item);
    this.#backupsAt = 0;
    this.#wake();
  }
}
