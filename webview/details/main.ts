// Draws the details page. What the host did not change is not drawn again, so that focus and scroll stay where they are.
import { button } from '../shared/controls.ts';
import { Channel } from '../shared/channel.ts';
import { h, icon, replaceContent } from '../shared/dom.ts';
import { Drawn } from '../shared/drawn.ts';
import type { ActionView, DetailsView, FromPage, RowView, SectionView, ToPage, TreeNodeView } from './messages.ts';
import { Plots } from './plots.ts';

const channel = new Channel<ToPage, FromPage>();
const root = document.getElementById('root') as HTMLElement;

const header = h('header');
const notices = h('div', { class: 'notices', role: 'status' });
const screenBox = h('div', { class: 'screen' });
const plotBox = h('div', { class: 'plots' });
const live = h('div', { class: 'live' }, screenBox, plotBox);
const sections = h('div', { class: 'sections' });
const gone = h('div', { class: 'gone', role: 'alert' });
root.append(header, gone, notices, live, sections);

const plots = new Plots(plotBox);
let view: DetailsView | undefined;
let png: string | undefined;
const drawn = new Drawn();

function drawDetails(next: DetailsView): void {
  view = next;
  channel.keep({ id: next.id });
  document.title = next.name;
  gone.replaceChildren();
  showAsGone(false);
  drawn.once('header', [next.name, next.subtitle, next.stateIcon, next.stateColor, next.actions], () => {
    replaceContent(header,
      h('div', { class: 'title' }, h('span', { class: `state ${next.stateColor.replace('.', '-')} codicon codicon-${next.stateIcon}`, role: 'img', 'aria-label': next.state }), h('h1', {}, next.name)),
      h('p', { class: 'muted subtitle' }, next.subtitle),
      h('div', { class: 'actions', role: 'toolbar', 'aria-label': next.labels.actionsOf },
        ...next.actions.map(action => button({ label: action.label, icon: action.icon, key: `action-${action.id}`, kind: action.primary ? 'primary' : 'secondary', onClick: () => { act(action); } }))));
  });
  drawn.once('notices', next.notices, () => {
    replaceContent(notices, ...next.notices.map(notice => h('p', { class: `notice ${notice.severity}` }, icon(notice.severity === 'info' ? 'info' : notice.severity), ' ', notice.text)));
  });
  live.hidden = !next.hasScreen && !next.hasUsage;
  screenBox.hidden = !next.hasScreen;
  plotBox.hidden = !next.hasUsage;
  drawScreen();
  plots.empty(next.labels.noUsage, next.labels.usage);
  drawSections(next.sections);
}

function drawSections(wanted: readonly SectionView[]): void {
  drawn.once('section-ids', wanted.map(section => section.id), () => {
    drawn.forget('section:');
    sections.replaceChildren(...wanted.map(section => h('section', { id: `section-${section.id}`, 'aria-labelledby': `title-${section.id}` })));
  });
  for (const section of wanted) {
    drawn.once(`section:${section.id}`, section, () => {
      const box = document.getElementById(`section-${section.id}`);
      if (!box) return;
      const collapsed = section.id === 'settings';
      const heading = h('div', { class: 'heading' }, h('h2', { id: `title-${section.id}` }, section.title),
        ...section.actions.map(action => button({ label: action.label, icon: action.icon, key: `${section.id}-${action.id}`, kind: 'icon', onClick: () => { act(action, section.id); } })));
      if (collapsed) {
        const wasOpen = box.querySelector('details')?.open ?? false;
        replaceContent(box, h('details', { open: wasOpen }, h('summary', {}, h('h2', { id: `title-${section.id}` }, section.title)), bodyOf(section)));
      } else replaceContent(box, heading, bodyOf(section));
    });
  }
}

function bodyOf(section: SectionView): HTMLElement {
  if (section.kind === 'facts') return h('dl', {}, ...section.facts.flatMap(fact => [h('dt', {}, fact.label), h('dd', {}, fact.value)]));
  if (section.kind === 'tree') return section.nodes.length === 0 ? h('p', { class: 'muted' }, section.empty) : h('ul', { class: 'tree' }, ...section.nodes.map(node => treeNode(section.id, node)));
  if (section.rows.length === 0) return h('p', { class: 'muted' }, section.empty);
  const withActions = section.rows.some(row => row.actions.length > 0);
  return h('table', {},
    h('thead', {}, h('tr', {}, ...section.columns.map(column => h('th', { scope: 'col' }, column)), withActions && h('td', {}))),
    h('tbody', {}, ...section.rows.map(row => h('tr', {}, ...row.cells.map((cell, index) => cellOf(cell, index === 0)), withActions && h('td', { class: 'row-actions' }, ...rowActions(section.id, row))))));
}

/** Short texts stay in one line; long ones (paths) may break anywhere. */
function cellOf(text: string, isHead: boolean): HTMLElement {
  const properties = { class: text.length > 24 ? 'long' : '' };
  return isHead ? h('th', { scope: 'row', ...properties }, text) : h('td', properties, text);
}

function treeNode(section: string, node: TreeNodeView): HTMLElement {
  return h('li', { class: node.current ? 'current' : '', 'aria-current': node.current ? 'true' : undefined },
    h('div', { class: 'node' }, icon(node.current ? 'circle-filled' : 'history'), h('span', { class: 'name' }, node.cells[0]), h('span', { class: 'muted' }, node.cells[1]), h('span', { class: 'row-actions' }, ...rowActions(section, node))),
    node.children.length > 0 && h('ul', {}, ...node.children.map(child => treeNode(section, child))));
}

function rowActions(section: string, row: RowView): readonly HTMLElement[] {
  return row.actions.map(action => button({ label: `${action.label}: ${row.cells[0] ?? ''}`, icon: action.icon, key: `${section}-${row.id}-${action.id}`, kind: 'icon', onClick: () => { act(action, section, row.id); } }));
}

function act(action: ActionView, section?: string, row?: string): void {
  channel.send({ type: 'action', id: action.id, ...(section === undefined ? {} : { section }), ...(row === undefined ? {} : { row }) });
}

function drawScreen(): void {
  if (!view) return;
  const { screen, noScreen } = view.labels;
  drawn.once('screen', [png, screen, noScreen], () => {
    if (png === undefined) replaceContent(screenBox, h('p', { class: 'muted' }, noScreen));
    else {
      const present = screenBox.querySelector('img');
      const address = `data:image/png;base64,${png}`;
      // The same element with another source does not flicker; a new one would.
      if (present) present.src = address;
      else replaceContent(screenBox, h('img', { src: address, alt: `${screen}: ${view?.name ?? ''}` }));
    }
  });
}

/** What belongs to a machine that is gone stays to be read, but nothing in it can be pressed, by mouse or keyboard. */
function showAsGone(isGone: boolean): void {
  root.classList.toggle('is-gone', isGone);
  for (const part of [header, live, sections]) part.inert = isGone;
}

channel.open(message => {
  switch (message.type) {
    case 'details': drawDetails(message.view); break;
    case 'usage': plots.draw(message.times, message.plots); break;
    case 'screen': png = message.png; drawScreen(); break;
    case 'gone':
      showAsGone(true);
      gone.replaceChildren(h('p', {}, icon('warning'), ' ', message.text));
      break;
  }
});
