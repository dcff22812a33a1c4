// The console page: noVNC on a screen of its own, a toolbar, and what to do when the connection ends.
import novnc from '@novnc/novnc';
import type { RFB } from '@novnc/novnc';
import { button } from '../shared/controls.ts';
import { Channel } from '../shared/channel.ts';
import { h, icon } from '../shared/dom.ts';
import { ByteChannel } from './byteChannel.ts';
import { combinations, modifiers, typingOf } from './keys.ts';
import { isLayout, layouts } from './layouts.ts';
import type { LayoutName } from './layouts.ts';
import type { ConsoleLabels, FromPage, ToPage } from './messages.ts';

const channel = new Channel<ToPage, FromPage>();
const root = document.getElementById('root') as HTMLElement;
const toolbar = h('div', { class: 'toolbar', role: 'toolbar' });
const screen = h('div', { class: 'screen' });
const note = h('p', { class: 'note', role: 'status' });
const overlay = h('div', { class: 'overlay', role: 'status' });
root.append(toolbar, note, h('div', { class: 'stage' }, screen, overlay));

let labels: ConsoleLabels | undefined;
let rfb: RFB | undefined;
let bytes: ByteChannel | undefined;
let session = 0;
let guestClipboard = '';
/** Why noVNC itself gave up: it tells before it closes. */
let refusal: string | undefined;
const kept = channel.kept() as { readonly scale?: boolean; readonly resize?: boolean; readonly keyboard?: unknown } | undefined;
const view: { id: string; scale: boolean; resize: boolean; keyboard: LayoutName } = { id: '', scale: kept?.scale ?? true, resize: kept?.resize ?? false, keyboard: isLayout(kept?.keyboard) ? kept.keyboard : 'us' };

function setUp(message: Extract<ToPage, { type: 'setUp' }>): void {
  labels = message.labels;
  view.id = message.id;
  channel.keep(view);
  toolbar.setAttribute('aria-label', message.name);
  drawToolbar();
}

function drawToolbar(): void {
  if (!labels) return;
  const words = labels;
  const toggle = (key: 'scale' | 'resize', label: string, codicon: string): HTMLElement => {
    const element = button({ label, icon: codicon, key, kind: 'icon', onClick: () => {
      view[key] = !view[key];
      channel.keep(view);
      applyView();
      drawToolbar();
      rfb?.focus();
    } });
    element.setAttribute('aria-pressed', String(view[key]));
    element.classList.toggle('on', view[key]);
    return element;
  };
  const keys = h('select', { class: 'keys', 'aria-label': words.sendKeys, title: words.sendKeys, on: { change: event => {
    const select = event.target as HTMLSelectElement;
    press(combinations[select.value] ?? []);
    select.selectedIndex = 0;
    rfb?.focus();
  } } }, h('option', { value: '' }, words.sendKeys), ...Object.keys(combinations).map(name => h('option', { value: name }, name)));
  const keyboard = h('select', { class: 'keys', 'aria-label': words.keyboard, title: words.keyboard, on: { change: event => {
    const chosen = (event.target as HTMLSelectElement).value;
    if (isLayout(chosen)) view.keyboard = chosen;
    channel.keep(view);
    rfb?.focus();
  } } }, ...Object.entries(layouts).sort(([, a], [, b]) => a.label.localeCompare(b.label)).map(([name, layout]) => h('option', { value: name, selected: name === view.keyboard }, layout.label)));
  toolbar.replaceChildren(
    button({ label: words.ctrlAltDel, key: 'cad', onClick: () => { rfb?.sendCtrlAltDel(); rfb?.focus(); } }), keys,
    button({ label: words.paste, icon: 'clippy', key: 'paste', kind: 'icon', onClick: () => { channel.send({ type: 'paste' }); } }), keyboard,
    button({ label: words.copy, icon: 'copy', key: 'copy', kind: 'icon', disabled: guestClipboard === '', onClick: () => { channel.send({ type: 'copy', text: guestClipboard }); } }),
    toggle('scale', words.scale, 'screen-full'), toggle('resize', words.resize, 'arrow-both'),
    button({ label: words.wide, icon: 'multiple-windows', key: 'wide', kind: 'icon', onClick: () => { channel.send({ type: 'wide' }); rfb?.focus(); } }),
    button({ label: words.reconnect, icon: 'debug-restart', key: 'reconnect', kind: 'icon', onClick: () => { channel.send({ type: 'reconnect' }); } }),
    h('span', { class: 'muted hint' }, words.release),
  );
}

function open(message: Extract<ToPage, { type: 'open' }>): void {
  end();
  session = message.session;
  refusal = undefined;
  const own = session;
  say(labels?.connecting ?? '', 'loading');
  root.dataset['state'] = 'connecting';
  bytes = new ByteChannel(sent => { channel.send({ type: 'data', session: own, bytes: sent }); }, () => { channel.send({ type: 'ended', session: own }); });
  const client = new novnc.default(screen, bytes, { shared: true, credentials: { password: message.password ?? '' } });
  rfb = client;
  client.showDotCursor = true;
  client.background = 'transparent';
  applyView();
  client.addEventListener('connect', () => {
    root.dataset['state'] = 'connected';
    overlay.replaceChildren();
    channel.send({ type: 'connected', session: own });
    const canvas = screen.querySelector('canvas');
    canvas?.setAttribute('aria-label', labels?.screen ?? '');
    canvas?.setAttribute('role', 'application');
    // One that comes back by itself takes the focus from nobody.
    if (document.hasFocus()) client.focus();
  });
  client.addEventListener('securityfailure', event => { refusal = `${labels?.refused ?? ''} ${event.detail.reason ?? ''}`.trim(); });
  client.addEventListener('credentialsrequired', () => {
    refusal = labels?.refused;
    client.disconnect();
  });
  client.addEventListener('clipboard', event => {
    guestClipboard = event.detail.text;
    drawToolbar();
  });
  client.addEventListener('disconnect', () => {
    if (own !== session || rfb !== client) return;
    rfb = undefined;
    root.dataset['state'] = 'closed';
    if (refusal !== undefined) say(refusal, 'closed');
  });
}

function end(): void {
  const old = rfb;
  rfb = undefined;
  old?.disconnect();
  bytes?.lost('');
  bytes = undefined;
  screen.replaceChildren();
}

function say(text: string, kind: 'loading' | 'closed'): void {
  const again = button({ label: labels?.reconnect ?? '', key: 'again', kind: 'primary', onClick: () => { channel.send({ type: 'reconnect' }); } });
  overlay.replaceChildren(h('p', {}, icon(kind === 'loading' ? 'loading' : 'debug-disconnect'), ' ', text), ...(kind === 'closed' ? [again] : []));
}

function applyView(): void {
  if (!rfb) return;
  rfb.scaleViewport = view.scale;
  rfb.clipViewport = false;
  rfb.resizeSession = view.resize;
  screen.classList.toggle('natural', !view.scale);
}

function press(keys: readonly { readonly keysym: number; readonly code: string | null }[]): void {
  for (const key of keys) rfb?.sendKey(key.keysym, key.code, true);
  for (const key of [...keys].reverse()) rfb?.sendKey(key.keysym, key.code, false);
}

function type(text: string): void {
  rfb?.clipboardPasteFrom(text);
  const { presses, unsure } = typingOf(text, view.keyboard);
  for (const keys of presses) press(keys);
  note.textContent = unsure === '' ? '' : (labels?.unsure ?? '').replace('{0}', unsure).replace('{1}', layouts[view.keyboard].label);
  rfb?.focus();
}

// The machine gets every key while its screen has the focus; this combination gives them back.
window.addEventListener('keydown', event => {
  if (!(event.ctrlKey && event.altKey && event.shiftKey) || !rfb) return;
  event.preventDefault();
  event.stopPropagation();
  // Their release goes elsewhere, so the machine is told of it here.
  for (const key of modifiers) rfb.sendKey(key.keysym, key.code, false);
  rfb.blur();
  toolbar.querySelector<HTMLElement>('[data-key="cad"]')?.focus();
}, true);

channel.open(message => {
  switch (message.type) {
    case 'setUp': setUp(message); break;
    case 'open': open(message); break;
    case 'data': if (message.session === session) bytes?.receive(message.bytes); break;
    case 'closed':
      if (message.session !== session) break;
      bytes?.lost(message.reason);
      root.dataset['state'] = 'closed';
      say(refusal ?? (message.reason === '' ? (labels?.closed ?? '') : message.reason), 'closed');
      break;
    case 'clipboard': type(message.text); break;
  }
});
