// A settings file of VirtualBox (XML) as a plain tree.
import { SaxesParser } from 'saxes';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** The root element, or undefined when the text is not well-formed (a file read while it was being replaced). */
export function parseXml(text: string): XmlElement | undefined {
  const parser = new SaxesParser();
  const stack: Open[] = [];
  let root: Open | undefined;
  let broken = false;
  parser.on('error', () => { broken = true; });
  parser.on('opentag', tag => {
    const element: Open = { name: tag.name, attributes: { ...tag.attributes }, children: [], text: '' };
    stack.at(-1)?.children.push(element);
    root ??= element;
    stack.push(element);
  });
  parser.on('closetag', () => { stack.pop(); });
  parser.on('text', chunk => {
    const open = stack.at(-1);
    if (open) open.text += chunk;
  });
  try {
    parser.write(text).close();
  } catch {
    return undefined;
  }
  return broken ? undefined : root;
}

export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find(candidate => candidate.name === name);
}

/** The element at a path of names, each the first of its name. */
export function at(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((found, name) => child(found, name), element);
}

export function all(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter(candidate => candidate.name === name) ?? [];
}

/** `{76493567-…}` → `76493567-…`, lower case. */
export function plainUuid(text: string | undefined): string | undefined {
  return text?.replace(/^\{|\}$/g, '').toLowerCase() || undefined;
}
