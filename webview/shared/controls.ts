// The only place that knows the webview toolkit, which is archived upstream: swap it here and nowhere else.
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeCheckbox, vsCodeDropdown, vsCodeOption, vsCodeTextArea, vsCodeTextField } from '@vscode/webview-ui-toolkit';
import { h, icon } from './dom.ts';

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeDropdown(), vsCodeOption(), vsCodeTextArea(), vsCodeTextField());

export interface ButtonOptions {
  readonly label: string;
  readonly icon?: string;
  /** Keeps the focus over a re-render. Unique in the page. */
  readonly key: string;
  readonly kind?: 'primary' | 'secondary' | 'icon';
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

/** `icon`: shows the codicon alone; the label is its tooltip and accessible name. */
export function button(options: ButtonOptions): HTMLElement {
  const kind = options.kind ?? 'secondary';
  return h('vscode-button', {
    appearance: kind, 'data-key': options.key, disabled: options.disabled ?? false, on: { click: options.onClick },
    ...(kind === 'icon' ? { 'aria-label': options.label, title: options.label } : {}),
  }, ...(options.icon === undefined ? [] : [kind === 'icon' ? icon(options.icon) : slotted(icon(options.icon))]), kind === 'icon' ? undefined : options.label);
}

function slotted(element: HTMLElement): HTMLElement {
  element.slot = 'start';
  return element;
}

export interface FieldOptions {
  readonly key: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly disabled?: boolean;
  /** An id of the element that says what is wrong or what it means. */
  readonly describedBy?: string;
  readonly invalid?: boolean;
  /** Called when the value is settled: on blur or Enter. */
  readonly onChange: (value: string) => void;
}

export function textField(options: FieldOptions): HTMLElement {
  return field('vscode-text-field', options);
}

export function textArea(options: FieldOptions & { readonly rows?: number }): HTMLElement {
  return field('vscode-text-area', options, { rows: options.rows ?? 3, resize: 'vertical' });
}

function field(tag: string, options: FieldOptions, more: Readonly<Record<string, unknown>> = {}): HTMLElement {
  const element = h(tag, {
    'data-key': options.key, 'aria-label': options.label, placeholder: options.placeholder, disabled: options.disabled ?? false,
    'aria-describedby': options.describedBy, 'aria-invalid': options.invalid ? 'true' : undefined, class: options.invalid ? 'invalid' : '', ...more,
    on: { change: event => { options.onChange((event.target as HTMLInputElement).value); } },
  });
  // The toolkit's elements take `value` as an attribute before they are upgraded, and as a property after.
  element.setAttribute('value', options.value);
  return element;
}

export function checkbox(options: Omit<FieldOptions, 'value' | 'onChange' | 'placeholder'> & { readonly checked: boolean; readonly onChange: (checked: boolean) => void }): HTMLElement {
  return h('vscode-checkbox', {
    'data-key': options.key, checked: options.checked, disabled: options.disabled ?? false, 'aria-describedby': options.describedBy,
    on: { change: event => { options.onChange((event.target as HTMLInputElement).checked); } },
  }, options.label);
}

export function dropdown(options: FieldOptions & { readonly options: readonly { readonly value: string; readonly label: string }[] }): HTMLElement {
  return h('vscode-dropdown', {
    'data-key': options.key, 'aria-label': options.label, disabled: options.disabled ?? false, 'aria-describedby': options.describedBy, 'current-value': options.value,
    on: { change: event => { options.onChange((event.target as HTMLInputElement).value); } },
  }, ...options.options.map(option => h('vscode-option', { value: option.value, selected: option.value === options.value }, option.label)));
}
