// Building DOM without innerHTML: text is always text.

type Child = Node | string | undefined | false | null;
type Properties<E> = { readonly [K in string]?: unknown } & { readonly class?: string; readonly on?: Partial<{ [T in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[T]) => void }> } & Partial<Record<keyof E & string, unknown>>;

/** `class`, `on`, `data-*`, `aria-*`, `role`, `for` … are attributes; what the element has as a property is set as one. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties?: Properties<HTMLElementTagNameMap[K]>, ...children: readonly Child[]): HTMLElementTagNameMap[K];
export function h(tag: string, properties?: Properties<HTMLElement>, ...children: readonly Child[]): HTMLElement;
export function h(tag: string, properties: Properties<HTMLElement> = {}, ...children: readonly Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key === 'on') for (const [type, listener] of Object.entries(value as Record<string, EventListener>)) element.addEventListener(type, listener);
    else if (key !== 'class' && !key.includes('-') && key in element && typeof value !== 'object') (element as unknown as Record<string, unknown>)[key] = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== false && child !== null));
  return element;
}

/** A codicon, hidden from screen readers: the text beside it, or the control's label, says what it means. */
export function icon(name: string): HTMLElement {
  return h('span', { class: `codicon codicon-${name}`, 'aria-hidden': 'true' });
}

/** Replaces `parent`'s content, keeping focus on the element with the same `data-key`. */
export function replaceContent(parent: Element, ...children: readonly Child[]): void {
  const focused = parent.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset['key'] : undefined;
  parent.replaceChildren(...children.filter((child): child is Node | string => child !== undefined && child !== false && child !== null));
  if (focused !== undefined) parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
