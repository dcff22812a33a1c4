// Draws the form. A group that did not change is left alone, so that focus, selection and scroll stay while one types.
import { button, dropdown, textArea, textField } from '../shared/controls.ts';
import { Channel } from '../shared/channel.ts';
import { h, icon, replaceContent } from '../shared/dom.ts';
import { Drawn } from '../shared/drawn.ts';
import type { FieldPath, FieldView, FormLabels, FormView, FromPage, GroupView, ItemView, ListView, ToPage } from './messages.ts';

const channel = new Channel<ToPage, FromPage>();
const root = document.getElementById('root') as HTMLElement;
const side = h('nav');
const body = h('div', { class: 'groups' });
root.append(side, body);

let form: FormView | undefined;
let words: FormLabels | undefined;
const drawn = new Drawn();

function drawForm(next: FormView, labels: FormLabels): void {
  const other = form?.selected !== next.selected || words === undefined;
  form = next;
  words = labels;
  if (other) drawn.forget();
  drawn.once('side', [next.machines, next.selected, next.groups.map(group => group.title)], () => { drawSide(next, labels); });
  drawn.once('ids', next.groups.map(group => group.id), () => {
    drawn.forget('group:');
    body.replaceChildren(...next.groups.map(group => h('section', { id: `group-${group.id}`, 'aria-labelledby': `title-${group.id}` })));
  });
  for (const group of next.groups) drawn.once(`group:${group.id}`, group, () => { drawGroup(group, labels); });
}

function drawSide(next: FormView, labels: FormLabels): void {
  const many = next.machines.length > 1;
  replaceContent(side,
    h('div', { class: 'side-title' }, h('h2', {}, labels.machines),
      button({ key: 'add-machine', label: labels.addMachine, icon: 'add', kind: 'icon', onClick: () => { channel.send({ type: 'addMachine' }); } }),
      many && button({ key: 'remove-machine', label: labels.removeMachine, icon: 'trash', kind: 'icon', onClick: () => { channel.send({ type: 'removeMachine', machine: next.selected }); } })),
    h('ul', { class: 'machines' }, ...next.machines.map(machine => h('li', {}, h('button', {
      type: 'button', 'data-key': `machine-${String(machine.index)}`, class: machine.index === next.selected ? 'selected' : '', 'aria-current': machine.index === next.selected ? 'true' : undefined,
      on: { click: () => { channel.send({ type: 'select', machine: machine.index }); } },
    }, icon('vm'), ' ', machine.name)))),
    h('h2', { class: 'visually-hidden' }, labels.sections),
    h('ul', { class: 'sections' }, ...next.groups.map(group => h('li', {}, h('a', { href: `#group-${group.id}`, 'data-key': `to-${group.id}`, on: { click: event => { goTo(event, group.id); } } }, group.title)))),
    h('div', { class: 'side-foot' }, button({ key: 'as-text', label: labels.asText, icon: 'go-to-file', onClick: () => { channel.send({ type: 'text', machine: next.selected, path: ['name'] }); } })));
}

function goTo(event: Event, id: string): void {
  event.preventDefault();
  const group = document.getElementById(`group-${id}`);
  const details = group?.querySelector('details');
  if (details) details.open = true;
  group?.scrollIntoView({ block: 'start' });
  group?.querySelector<HTMLElement>('[data-key]')?.focus({ preventScroll: true });
}

function drawGroup(group: GroupView, labels: FormLabels): void {
  const box = document.getElementById(`group-${group.id}`);
  if (!box) return;
  const content = [group.list && drawList(group.list, labels), group.fields.length > 0 && h('div', { class: 'fields' }, ...group.fields.map(field => drawField(field, labels)))];
  const heading = h('h2', { id: `title-${group.id}` }, group.title);
  if (!group.closed && !box.querySelector('details')) {
    replaceContent(box, heading, ...content);
    return;
  }
  const open = box.querySelector('details')?.open ?? !group.closed;
  replaceContent(box, h('details', { open }, h('summary', { 'data-key': `summary-${group.id}` }, heading), ...content));
}

function drawList(list: ListView, labels: FormLabels): HTMLElement {
  const machine = form?.selected ?? 0;
  return h('div', { class: 'list' },
    list.inherited.length > 0 && h('p', { class: 'muted' }, `${labels.fromDefaults}: ${list.inherited.join(', ')}`),
    list.items.length === 0 && list.inherited.length === 0 && h('p', { class: 'muted' }, list.empty),
    ...list.items.map(item => drawItem(list, item, labels)),
    h('div', { class: 'add-row' }, ...list.kinds.map(kind => button({ key: `add-${keyOf(list.path)}-${kind.id}`, label: list.kinds.length > 1 ? kind.label : `${labels.add}: ${kind.label}`, icon: 'add', onClick: () => { channel.send({ type: 'add', machine, path: list.path, kind: kind.id }); } }))));
}

function drawItem(list: ListView, item: ItemView, labels: FormLabels): HTMLElement {
  const machine = form?.selected ?? 0;
  const key = `${keyOf(list.path)}-${String(item.index)}`;
  const tool = (id: string, label: string, name: string, onClick: () => void, disabled = false): HTMLElement => button({ key: `${id}-${key}`, label: `${label}: ${item.title}`, icon: name, kind: 'icon', disabled, onClick });
  const move = (to: number): void => { channel.send({ type: 'move', machine, path: list.path, from: item.index, to }); };
  return h('fieldset', {}, h('legend', {}, item.title),
    h('div', { class: 'item-tools' },
      tool('up', labels.up, 'arrow-up', () => { move(item.index - 1); }, item.index === 0),
      tool('down', labels.down, 'arrow-down', () => { move(item.index + 1); }, item.index === list.items.length - 1),
      tool('remove', labels.remove, 'trash', () => { channel.send({ type: 'remove', machine, path: list.path, index: item.index }); })),
    h('div', { class: 'fields' }, ...item.fields.map(field => drawField(field, labels))));
}

function drawField(field: FieldView, labels: FormLabels): HTMLElement {
  const key = keyOf(field.path);
  const machine = form?.selected ?? 0;
  const help = `help-${key}`;
  const set = (value: string): void => { channel.send({ type: 'set', machine, path: field.path, value }); };
  const common = { key, label: field.label, value: field.value, placeholder: field.placeholder, describedBy: help, invalid: field.problem?.severity === 'error', onChange: set };
  const control = field.kind === 'choice' ? dropdown({ ...common, options: field.choices ?? [] })
    : field.kind === 'lines' ? textArea({ ...common, rows: Math.min(10, Math.max(2, field.value.split('\n').length)) })
    : field.kind === 'area' ? textArea({ ...common, rows: Math.min(14, Math.max(2, field.value.split('\n').length)) })
    : field.kind === 'text' ? textField(common)
    : h('div', { class: 'raw-value' }, h('code', {}, field.value === '' ? '–' : field.value.slice(0, 120)), button({ key, label: `${labels.editAsText}: ${field.label}`, icon: 'go-to-file', kind: 'icon', onClick: () => { channel.send({ type: 'text', machine, path: field.path }); } }));
  return h('div', { class: `field ${field.kind}${field.value === '' ? '' : ' set'}`, 'data-field': key },
    h('span', { class: 'label', 'aria-hidden': 'true' }, field.label),
    control,
    h('div', { class: 'help', id: help }, field.problem && h('p', { class: `problem ${field.problem.severity}` }, icon(field.problem.severity === 'error' ? 'error' : field.problem.severity === 'warning' ? 'warning' : 'info'), ' ', field.problem.text), h('p', { class: 'muted' }, field.description)));
}

function refuse(path: FieldPath, text: string): void {
  const field = body.querySelector(`[data-field="${CSS.escape(keyOf(path))}"]`);
  const help = field?.querySelector('.help');
  if (!field || !help) return;
  help.querySelector('.refused')?.remove();
  help.prepend(h('p', { class: 'problem error refused', role: 'alert' }, icon('error'), ' ', text));
  field.querySelector('.label + *')?.setAttribute('aria-invalid', 'true');
  // The value in the file is as before: the next rendering of this group shows it again.
  drawn.forget('group:');
}

function keyOf(path: FieldPath): string {
  return path.join('.');
}

channel.open(message => {
  switch (message.type) {
    case 'form':
      root.classList.remove('broken');
      drawForm(message.form, message.labels);
      break;
    case 'broken':
      root.classList.add('broken');
      drawn.forget();
      side.replaceChildren();
      body.replaceChildren(h('p', { class: 'problem error', role: 'alert' }, icon('error'), ' ', message.text), button({ key: 'as-text', label: message.labels.asText, icon: 'go-to-file', kind: 'primary', onClick: () => { channel.send({ type: 'text', machine: 0, path: [] }); } }));
      break;
    case 'refused': refuse(message.path, message.text); break;
  }
});
