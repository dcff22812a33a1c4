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

/** Up to so many lines all are drawn at once: then the browser's own search finds each of them. */
const drawnAtOnce = 3000;
/** How far above and below the window blocks are drawn already. */
const margin = '1500px 0px';

interface Block {
  readonly element: HTMLElement;
  readonly texts: readonly string[];
  /** Its first line in the whole. */
  start: number;
  /** Undefined until it comes near the window; until then its element is only as high. */
  lines?: readonly HTMLElement[];
}

type LineRange = { readonly start: number; readonly end: number };

export class Code {
  readonly element: HTMLElement;
  readonly #onLine: (line: number) => void;
  readonly #near: IntersectionObserver;
  readonly #blockOf = new WeakMap<Element, Block>();
  #language: TabView['language'] = 'ruby';
  #blocks: Block[] = [];
  #ranges: readonly LineRange[] = [];
  #total = 0;
  /** The line that the keyboard is on. */
  #current = 0;

  constructor(onLine: (line: number) => void) {
    this.#onLine = onLine;
    this.element = h('div', { class: 'code mono', role: 'listbox', tabIndex: 0, on: {
      click: event => { this.#click(event); },
      keydown: event => { this.#key(event); },
    } });
    this.#near = new IntersectionObserver(entries => {
      for (const { isIntersecting, target } of entries) {
        const block = this.#blockOf.get(target);
        if (isIntersecting && block) this.#draw(block);
      }
    }, { root: this.element, rootMargin: margin });
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
    for (const block of old) {
      this.#near.unobserve(block.element);
      block.element.remove();
    }
    const next = this.#blocks[start + old.length]?.element ?? null;
    const fragment = document.createDocumentFragment();
    for (const block of made) fragment.append(block.element);
    this.element.insertBefore(fragment, next);
    this.#blocks.splice(start, old.length, ...made);
    this.#number();
    const few = this.#total <= drawnAtOnce;
    for (const block of made) {
      // What a keystroke changed is drawn at once: it flashes.
      if (few || (!whole && made.length <= 4)) this.#draw(block);
      else this.#near.observe(block.element);
    }
    if (!whole) flashChanged(old, made);
    this.#keepCurrent(whole);
    if (whole) this.element.scrollTop = 0;
  }

  mark(ranges: readonly LineRange[], reveal: boolean): void {
    for (const line of this.element.querySelectorAll('.line.marked')) line.classList.remove('marked');
    this.#ranges = ranges;
    for (const block of this.#blocks) if (block.lines) this.#showMarks(block);
    const first = ranges[0];
    if (reveal && first) this.#reveal(first.start);
  }

  #showMarks(block: Block): void {
    const end = block.start + block.texts.length;
    for (const range of this.#ranges) {
      for (let line = Math.max(range.start, block.start); line <= range.end && line < end; line++) block.lines?.[line - block.start]?.classList.add('marked');
    }
  }

  #make(text: string): Block {
    const texts = text.split('\n');
    const element = h('div', { class: 'block', role: 'presentation' });
    element.style.setProperty('--lines', String(texts.length));
    const block: Block = { element, texts, start: 0 };
    this.#blockOf.set(element, block);
    return block;
  }

  #draw(block: Block): void {
    if (block.lines) return;
    this.#near.unobserve(block.element);
    const html = linesOfHighlighted(hljs.highlight(block.texts.join('\n'), { language: this.#language, ignoreIllegals: true }).value);
    block.lines = block.texts.map((line, index) => {
      const element = h('div', { class: 'line', role: 'option' });
      // highlight.js escapes the text itself; what it returns is spans of its own classes only.
      element.innerHTML = html[index] ?? '';
      if (line === '') element.append('\u200b');
      return element;
    });
    block.element.replaceChildren(...block.lines);
    numberFrom(block);
    this.#showMarks(block);
  }

  /** Numbers count on from block to block by CSS; the first number of each block is set. */
  #number(): void {
    let line = 0;
    for (const block of this.#blocks) {
      if (block.start !== line || line === 0) {
        block.start = line;
        numberFrom(block);
      }
      line += block.texts.length;
    }
    this.#total = line;
    this.element.style.setProperty('--digits', String(Math.max(2, String(line).length)));
  }

  /** The block of a line: blocks stand in order. */
  #blockAt(line: number): Block | undefined {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle]?.start ?? 0) <= line) low = middle + 1; else high = middle;
    }
    return this.#blocks[low - 1];
  }

  /** The line's element, drawn if it was not. */
  #lineAt(line: number): HTMLElement | undefined {
    const block = this.#blockAt(line);
    if (block) this.#draw(block);
    return block?.lines?.[line - block.start];
  }

  #reveal(line: number): void {
    const element = this.#lineAt(line);
    if (element) revealIn(this.element, element);
  }

  #click(event: MouseEvent): void {
    if (getSelection()?.isCollapsed === false) return;
    const element = (event.target as HTMLElement).closest<HTMLElement>('.line');
    const block = element?.parentElement ? this.#blockOf.get(element.parentElement) : undefined;
    if (!element || !block?.lines) return;
    const line = block.start + block.lines.indexOf(element);
    this.#go(line);
    this.#onLine(line);
  }

  #key(event: KeyboardEvent): void {
    const last = this.#total - 1;
    const to = { ArrowDown: this.#current + 1, ArrowUp: this.#current - 1, Home: 0, End: last, PageDown: this.#current + 20, PageUp: this.#current - 20 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') this.#onLine(this.#current);
    else if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    else this.#go(Math.min(last, Math.max(0, to)));
    event.preventDefault();
  }

  /** The line that the keyboard is on may have been drawn anew, or be gone. */
  #keepCurrent(whole: boolean): void {
    if (!this.element.hasAttribute('aria-activedescendant') || this.element.querySelector('#current-line')) return;
    this.#current = whole ? 0 : Math.max(0, Math.min(this.#current, this.#total - 1));
    const element = whole ? undefined : this.#lineAt(this.#current);
    if (element) {
      element.id = 'current-line';
      element.classList.add('current');
    } else this.element.removeAttribute('aria-activedescendant');
  }

  #go(line: number): void {
    for (const other of this.element.querySelectorAll('.line.current')) {
      other.classList.remove('current');
      other.removeAttribute('id');
    }
    this.#current = line;
    const element = this.#lineAt(line);
    if (!element) return;
    element.classList.add('current');
    element.id = 'current-line';
    this.element.setAttribute('aria-activedescendant', 'current-line');
    revealIn(this.element, element);
  }
}

function numberFrom(block: Block): void {
  // On the first line and not on the block: `content-visibility` keeps a counter that the block sets from its lines.
  block.lines?.[0]?.style.setProperty('counter-set', `line ${String(block.start + 1)}`);
}

/** Lines that are not in the same place of the old block flash softly: compared from both ends, as an edit leaves them. */
function flashChanged(old: readonly Block[], made: readonly Block[]): void {
  const before = old.flatMap(block => block.texts);
  const after = made.flatMap(block => block.texts);
  const elements = made.flatMap((block): readonly (HTMLElement | undefined)[] => block.lines ?? block.texts.map(() => undefined));
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++;
  let same = 0;
  while (same < Math.min(before.length, after.length) - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  for (const element of elements.slice(start, after.length - same)) element?.classList.add('changed');
}

/** Scrolls only when the line is out of sight, and then as little as it can. */
function revealIn(box: HTMLElement, line: HTMLElement): void {
  const outer = box.getBoundingClientRect();
  const inner = line.getBoundingClientRect();
  if (inner.top < outer.top || inner.bottom > outer.bottom) line.scrollIntoView({ block: 'center', behavior: 'auto' });
}
