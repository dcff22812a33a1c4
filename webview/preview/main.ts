// Draws the preview: blocks of coloured lines, of which only those that changed are drawn again. No flicker, no jump of the scroll.
import { button } from '../shared/controls.ts';
import { Channel } from '../shared/channel.ts';
import { h, icon, replaceContent } from '../shared/dom.ts';
import { Code } from './code.ts';
import type { FromPage, ToPage } from './messages.ts';

const channel = new Channel<ToPage, FromPage>();
const root = document.getElementById('root') as HTMLElement;
const bar = h('div', { class: 'bar' });
const status = h('div', { class: 'status', role: 'status' });
const code = new Code(line => { channel.send({ type: 'line', line }); });
const notes = h('div', { class: 'notes' });
root.append(bar, status, code.element, notes);

type Frame = Extract<ToPage, { type: 'frame' }>;

function drawFrame(frame: Frame): void {
  channel.keep({ uri: frame.uri });
  document.title = frame.file;
  const { labels } = frame;
  const language = frame.tabs.find(tab => tab.id === frame.active)?.language ?? 'ruby';
  code.setLanguage(language, labels.code, labels.hint);
  const tool = (id: 'copy' | 'save' | 'open' | 'validate', label: string, name: string): HTMLElement => button({ key: id, label, icon: name, kind: 'icon', onClick: () => { channel.send({ type: id }); } });
  replaceContent(bar,
    h('div', { class: 'tabs', role: 'tablist', 'aria-label': labels.tabs, on: { keydown: event => { moveTab(event, frame); } } }, ...frame.tabs.map(tab => h('button', {
      class: 'tab', type: 'button', role: 'tab', 'aria-selected': String(tab.id === frame.active), tabIndex: tab.id === frame.active ? 0 : -1, 'data-key': `tab-${tab.id}`,
      on: { click: () => { channel.send({ type: 'tab', id: tab.id }); } },
    }, tab.label))),
    h('div', { class: 'tools' }, tool('copy', labels.copy, 'copy'), frame.canSave && tool('save', labels.save, 'save'), frame.canSave && tool('open', labels.open, 'go-to-file'), language === 'ruby' && tool('validate', labels.validate, 'check-all')));
}

/** Arrow keys go from tab to tab, as in every tab list. */
function moveTab(event: KeyboardEvent, frame: Frame): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const next = frame.tabs[(frame.tabs.findIndex(tab => tab.id === frame.active) + step + frame.tabs.length) % frame.tabs.length];
  if (!next) return;
  bar.querySelector<HTMLElement>(`[data-key="${CSS.escape(`tab-${next.id}`)}"]`)?.focus();
  channel.send({ type: 'tab', id: next.id });
}

/** Below the text, closed until it is opened; open it stays while one types. */
function drawNotes({ summary, list }: Extract<ToPage, { type: 'status' }>['notes']): void {
  const open = notes.querySelector('details')?.open ?? false;
  replaceContent(notes, list.length > 0 && h('details', { open }, h('summary', { 'data-key': 'notes' }, icon(list.some(one => one.severity === 'error') ? 'error' : list.some(one => one.severity === 'warning') ? 'warning' : 'info'), ' ', summary),
    h('ul', {}, ...list.map((one, index) => h('li', {}, h('button', { type: 'button', class: one.severity, 'data-key': `note-${String(index)}`, on: { click: () => { channel.send({ type: 'note', index }); } } }, icon(one.severity === 'error' ? 'error' : one.severity === 'warning' ? 'warning' : 'info'), ' ', one.text))))));
}

channel.open(message => {
  switch (message.type) {
    case 'frame': drawFrame(message); break;
    case 'blocks': code.replace(message.start, message.remove, message.blocks, message.whole); break;
    case 'mark': code.mark(message.ranges, message.reveal); break;
    case 'status':
      code.setStale(message.problem !== undefined);
      drawNotes(message.notes);
      replaceContent(status, message.making !== undefined && h('p', { class: 'making' }, icon('loading codicon-modifier-spin'), ' ', message.making), message.problem && h('button', { class: 'problem', type: 'button', title: message.problem.goTo, 'data-key': 'problem', on: { click: () => { channel.send({ type: 'problem' }); } } }, icon('error'), ' ', message.problem.text));
      break;
  }
});
