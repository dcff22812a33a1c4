// Draws the cluster page. What the host did not change is not drawn again, so that focus and scroll stay where they are.
import { button } from '../shared/controls.ts';
import { Channel } from '../shared/channel.ts';
import { h, icon, replaceContent } from '../shared/dom.ts';
import { Drawn } from '../shared/drawn.ts';
import { nodePlot } from './nodePlot.ts';
import type { ActionView, ClusterPageView, FromPage, MeterView, NodeView, RowView, StorageView, ToPage } from './messages.ts';

const channel = new Channel<ToPage, FromPage>();
const root = document.getElementById('root') as HTMLElement;
const header = h('header');
const gone = h('div', { class: 'gone', role: 'alert' });
const notices = h('div', { class: 'notices', role: 'status' });
const nodes = h('section', { 'aria-labelledby': 'title-nodes' });
const storages = h('section', { 'aria-labelledby': 'title-storages' });
const tables = h('div');
root.append(header, gone, notices, nodes, storages, tables);

const drawn = new Drawn();

function draw(view: ClusterPageView): void {
  channel.keep({ connection: view.connection });
  gone.replaceChildren();
  drawn.once('header', [view.title, view.subtitle, view.actions], () => {
    replaceContent(header, h('div', { class: 'title' }, icon('server-environment'), h('h1', {}, view.title)), h('p', { class: 'muted' }, view.subtitle),
      h('div', { class: 'actions', role: 'toolbar' }, ...view.actions.map(action => button({ label: action.label, icon: action.icon, key: `cluster-${action.id}`, onClick: () => { send('cluster', action); } }))));
  });
  drawn.once('notices', view.notices, () => { replaceContent(notices, ...view.notices.map(notice => h('p', { class: `notice ${notice.severity}` }, icon(notice.severity), ' ', notice.text))); });
  drawn.once('nodes', [view.nodesTitle, view.nodes, view.span], () => {
    replaceContent(nodes, h('div', { class: 'heading' }, h('h2', { id: 'title-nodes' }, view.nodesTitle), ...view.nodes.some(node => node.plot) ? [spanChoice(view.span)] : []), h('div', { class: 'nodes' }, ...view.nodes.map(nodeCard)));
  });
  drawn.once('storages', [view.storages, view.storagesTitle], () => {
    replaceContent(storages, h('h2', { id: 'title-storages' }, view.storagesTitle), view.storages.length === 0 ? h('p', { class: 'muted' }, view.noStorages) : storageTable(view));
  });
  drawn.once('tables', view.tables, () => {
    replaceContent(tables, ...view.tables.map(table => h('section', { id: `section-${table.id}`, 'aria-labelledby': `title-${table.id}` },
      h('div', { class: 'heading' }, h('h2', { id: `title-${table.id}` }, table.title), ...(table.actions ?? []).map(action => button({ label: `${table.title}: ${action.label}`, icon: action.icon, key: `${table.id}-${action.id}`, kind: 'icon', onClick: () => { send(table.id, action); } }))),
      table.rows.length === 0 ? h('p', { class: 'muted' }, table.empty) : h('table', {}, head(table.columns), h('tbody', {}, ...table.rows.map(row => tableRow(table.id, row)))))));
  });
}

function nodeCard(node: NodeView): HTMLElement {
  return h('article', { class: node.online ? 'node' : 'node down', 'data-node': node.name },
    h('div', { class: 'node-title' }, icon(node.online ? 'server' : 'debug-disconnect'), h('h3', {}, node.name),
      ...node.actions.map(action => button({ label: `${action.label}: ${node.name}`, icon: action.icon, key: `node-${node.name}-${action.id}`, kind: 'icon', onClick: () => { send('node', action, node.name); } }))),
    h('p', { class: 'muted' }, node.subtitle), ...node.meters.map(meter), node.plot && nodePlot(node.plot));
}

function spanChoice(span: ClusterPageView['span']): HTMLElement {
  return h('label', { class: 'span' }, h('span', {}, span.label), h('select', { 'data-key': 'span', on: { change: event => { channel.send({ type: 'action', section: 'cluster', id: 'span', row: (event.target as HTMLSelectElement).value }); } } },
    ...span.choices.map(choice => h('option', { value: choice.value, selected: choice.value === span.value }, choice.label))));
}

function meter(view: MeterView): HTMLElement {
  const bar = h('div', { class: `bar ${view.fraction !== undefined && view.fraction > 0.9 ? 'full' : ''}`, 'aria-hidden': 'true' });
  const fill = h('span');
  // By the object model: an inline style attribute is what the CSP forbids.
  fill.style.width = `${String(Math.round(Math.min(1, view.fraction ?? 0) * 100))}%`;
  bar.append(fill);
  return h('div', { class: 'meter' }, h('span', { class: 'meter-label' }, view.label), bar, h('span', { class: 'muted meter-text' }, view.text));
}

function head(columns: readonly string[]): HTMLElement {
  return h('thead', {}, h('tr', {}, ...columns.map(column => h('th', { scope: 'col' }, column)), h('td', {})));
}

function tableRow(section: string, row: RowView): HTMLElement {
  return h('tr', {}, ...row.cells.map((cell, index) => (index === 0 ? h('th', { scope: 'row' }, row.state && h('span', { class: `dot ${row.state}` }), cell) : h('td', {}, cell))),
    h('td', { class: 'row-actions' }, ...row.actions.map(action => button({ label: `${action.label}: ${row.cells[0] ?? ''}`, icon: action.icon, key: `${section}-${row.id}-${action.id}`, kind: 'icon', onClick: () => { send(section, action, row.id); } }))));
}

function storageTable(view: ClusterPageView): HTMLElement {
  return h('table', {}, head(view.storageColumns), h('tbody', {}, ...view.storages.flatMap(storage => [storageRow(storage), ...contentRows(view, storage)])));
}

function storageRow(storage: StorageView): HTMLElement {
  const [name = '', ...others] = storage.cells;
  const opened = storage.content !== undefined;
  return h('tr', { 'data-storage': storage.id },
    h('th', { scope: 'row' }, h('button', { class: 'twistie', 'data-key': `toggle-${storage.id}`, 'aria-expanded': String(opened), on: { click: () => { channel.send({ type: 'action', section: 'storage', id: 'toggle', row: storage.id }); } } }, icon(opened ? 'chevron-down' : 'chevron-right'), name)),
    ...others.map(cell => h('td', {}, cell)), h('td', {}, meter(storage.meter)),
    h('td', { class: 'row-actions' }, ...storage.actions.map(action => button({ label: `${action.label} (${name})`, icon: action.icon, key: `storage-${storage.id}-${action.id}`, kind: 'icon', onClick: () => { send('storage', action, storage.id); } }))));
}

function contentRows(view: ClusterPageView, storage: StorageView): readonly HTMLElement[] {
  if (storage.content === undefined) return [];
  const inner = storage.contentNote !== undefined
    ? h('p', { class: 'muted' }, storage.contentNote)
    : h('table', { class: 'content' }, head(view.contentColumns), h('tbody', {}, ...storage.content.map(row => h('tr', {}, ...row.cells.map((cell, index) => (index === 0 ? h('th', { scope: 'row' }, cell) : h('td', {}, cell))),
      h('td', { class: 'row-actions' }, ...row.actions.map(action => button({ label: `${action.label}: ${row.cells[0] ?? ''}`, icon: action.icon, key: `content-${storage.id}-${row.id}`, kind: 'icon', onClick: () => { channel.send({ type: 'action', section: 'content', id: action.id, row: storage.id, item: row.id }); } })))))));
  return [h('tr', { class: 'inner' }, h('td', { colSpan: view.storageColumns.length + 1 }, inner))];
}

function send(section: string, action: ActionView, row?: string): void {
  channel.send({ type: 'action', section, id: action.id, ...(row === undefined ? {} : { row }) });
}

channel.open(message => {
  if (message.type === 'view') draw(message.view);
  else gone.replaceChildren(h('p', { class: 'notice error' }, icon('warning'), ' ', message.text));
});
