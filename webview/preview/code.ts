// The coloured, numbered lines. A block is a machine's part of the text, coloured by itself and kept as long as its text stays the same.
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import powershell from 'highlight.js/lib/languages/powershell';
import ruby from 'highlight.js/lib/languages/ruby';
import { h } from '../shared/dom.ts';
import { linesOfHighlighted } from './highlighted.ts';
import type { BlockView, TabView } from './messages.ts';

hljs.registerLanguage('ruby', ruby);
hljs.registerLanguage('powershell', powershell);
hljs.registerLanguage('shell', bash);

interface Block {
  readonly element: HTMLElement;
  readonly texts: readonly string[];
  readonly lines: readonly HTMLElement[];
}

export class Code {
  readonly element: HTMLElement;
  readonly #onLine: (line: number) => void;
  #language: TabView['language'] = 'ruby';
  #blocks: Block[] = [];
  #marked: HTMLElement[] = [];
  /** The line that the keyboard is on. */
  #current = 0;

  constructor(onLine: (line: number) => void) {
    this.#onLine = onLine;
    this.element = h('div', { class: 'code mono', role: 'listbox', tabIndex: 0, on: {
      click: event => { this.#click(event); },
      keydown: event => { this.#key(event); },
    } });
  }

  setLanguage(language: TabView['language'], label: string, hint: string): void {
    this.#language = language;
    this.element.setAttribute('aria-label', label);
    this.element.setAttribute('aria-description', hint);
  }

  setStale(stale: boolean): void {
    this.element.classList.toggle('stale', stale);
  }

  /** `whole`: another text, so the scroll goes to the top and nothing flashes. */
  replace(start: number, remove: number, views: readonly BlockView[], whole: boolean): void {
    const old = this.#blocks.slice(start, start + remove);
    const made = views.map(view => this.#make(view.text));
    if (!whole) flashChanged(old, made);
    for (const block of old) block.element.remove();
    const next = this.#blocks[start + old.length]?.element ?? null;
    for (const block of made) this.element.insertBefore(block.element, next);
    this.#blocks.splice(start, old.length, ...made);
    this.#number();
    this.#keepCurrent(whole);
    if (whole) this.element.scrollTop = 0;
  }

  mark(ranges: readonly { readonly start: number; readonly end: number }[], reveal: boolean): void {
    for (const line of this.#marked) line.classList.remove('marked');
    const all = this.#lines();
    this.#marked = ranges.flatMap(range => all.slice(range.start, range.end + 1));
    for (const line of this.#marked) line.classList.add('marked');
    const first = this.#marked[0];
    if (reveal && first) revealIn(this.element, first);
  }

  #make(text: string): Block {
    const texts = text.split('\n');
    const html = linesOfHighlighted(hljs.highlight(text, { language: this.#language, ignoreIllegals: true }).value);
    const lines = texts.map((line, index) => {
      const element = h('div', { class: 'line', role: 'option' });
      // highlight.js escapes the text itself; what it returns is spans of its own classes only.
      element.innerHTML = html[index] ?? '';
      if (line === '') element.append('\u200b');
      return element;
    });
    return { element: h('div', { class: 'block', role: 'presentation' }, ...lines), texts, lines };
  }

  /** Numbers count on from block to block by CSS; the first number of each block is set. */
  #number(): void {
    let line = 0;
    for (const block of this.#blocks) {
      // On the first line and not on the block: `content-visibility` keeps a counter that the block sets from its lines.
      block.lines[0]?.style.setProperty('counter-set', `line ${String(line + 1)}`);
      line += block.lines.length;
    }
    this.element.style.setProperty('--digits', String(Math.max(2, String(line).length)));
  }

  #lines(): readonly HTMLElement[] {
    return this.#blocks.flatMap(block => block.lines);
  }

  #click(event: MouseEvent): void {
    if (getSelection()?.isCollapsed === false) return;
    const element = (event.target as HTMLElement).closest<HTMLElement>('.line');
    const line = element ? this.#lines().indexOf(element) : -1;
    if (line < 0) return;
    this.#go(line);
    this.#onLine(line);
  }

  #key(event: KeyboardEvent): void {
    const last = this.#lines().length - 1;
    const to = { ArrowDown: this.#current + 1, ArrowUp: this.#current - 1, Home: 0, End: last, PageDown: this.#current + 20, PageUp: this.#current - 20 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') this.#onLine(this.#current);
    else if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    else this.#go(Math.min(last, Math.max(0, to)));
    event.preventDefault();
  }

  /** The line that the keyboard is on may have been drawn anew, or be gone. */
  #keepCurrent(whole: boolean): void {
    if (!this.element.hasAttribute('aria-activedescendant') || this.element.querySelector('#current-line')) return;
    const lines = this.#lines();
    this.#current = whole ? 0 : Math.max(0, Math.min(this.#current, lines.length - 1));
    const element = whole ? undefined : lines[this.#current];
    if (element) {
      element.id = 'current-line';
      element.classList.add('current');
    } else this.element.removeAttribute('aria-activedescendant');
  }

  #go(line: number): void {
    const lines = this.#lines();
    lines[this.#current]?.classList.remove('current');
    this.#current = line;
    const element = lines[line];
    if (!element) return;
    element.classList.add('current');
    element.id = 'current-line';
    for (const other of this.element.querySelectorAll('#current-line')) if (other !== element) other.removeAttribute('id');
    this.element.setAttribute('aria-activedescendant', 'current-line');
    revealIn(this.element, element);
  }
}

/** Lines that are not in the same place of the old block flash softly: compared from both ends, as an edit leaves them. */
function flashChanged(old: readonly Block[], made: readonly Block[]): void {
  const before = old.flatMap(block => block.texts);
  const after = made.flatMap(block => block.texts);
  const elements = made.flatMap(block => block.lines);
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++;
  let same = 0;
  while (same < Math.min(before.length, after.length) - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  for (const element of elements.slice(start, after.length - same)) element.classList.add('changed');
}

/** Scrolls only when the line is out of sight, and then as little as it can. */
function revealIn(box: HTMLElement, line: HTMLElement): void {
  const outer = box.getBoundingClientRect();
  const inner = line.getBoundingClientRect();
  if (inner.top < outer.top || inner.bottom > outer.bottom) line.scrollIntoView({ block: 'center', behavior: 'auto' });
}
