// Reads a .gaia.json: JSON with comments and trailing commas, one machine or several with defaults. Never throws; keeps
// what can be kept of a broken text. Machines whose text did not change since an earlier call are not parsed again.
import { createScanner, type SyntaxKind } from 'jsonc-parser';
import { emptyDocument, partOf, SlicedDocument, type Document, type Part } from './document.ts';
import { MachineInText } from './machineInText.ts';
import { isObject } from './merge.ts';
import type { ConfigComment, ConfigPath, ParsedConfig, ParsedMachine, ParseProblem, TextRange } from './model.ts';
import { phrase } from './phrase.ts';
import { scan } from './scan.ts';
import { textProblem } from './textProblems.ts';
import { nodeAt, propertyOf, valueOf } from './tree.ts';

/** Beyond these a text is refused with a clear word: nobody writes such a file by hand, and help per keystroke would be slow. */
export const limits = { characters: 4 * 1024 * 1024, depth: 100 } as const;

/** Reads `text`. Values are as written (check.ts and validate.ts say what is wrong with them); only the shape is judged here. */
export function parseConfig(text: string): ParsedConfig {
  const refused = refusal(text);
  if (refused) return new Parsed(text, [], undefined, [refused], emptyDocument(text));
  // A byte order mark is no part of JSON; a blank of the same length keeps the offsets.
  const source = text.charCodeAt(0) === 0xfeff ? ` ${text.slice(1)}` : text;
  const scanned = scan(source, limits.depth);
  if (scanned.tooDeepAt >= 0) {
    const problem = textProblem('too-deep', 'error', phrase('This nests deeper than {0} levels: Gaia does not read it.'), { offset: scanned.tooDeepAt, length: 1 }, [limits.depth]);
    return new Parsed(text, [], undefined, [problem], emptyDocument(text));
  }
  const slices = scanned.balanced ? scanned.machines : [];
  const document = new SlicedDocument(source, slices);
  return assemble(text, document);
}

/** The error of the text itself, not of a value, that keeps anything from being made of a file; the last good state stays then. */
export function blockingProblem(parsed: ParsedConfig): ParseProblem | undefined {
  return parsed.problems.find(problem => problem.severity === 'error');
}

function refusal(text: string): ParseProblem | undefined {
  if (text.length > limits.characters) return textProblem('too-large', 'error', phrase('This file is larger than {0} MB: Gaia does not read it. Split it into several files.'), { offset: 0, length: 1 }, [limits.characters / 1024 / 1024]);
  const nul = text.indexOf('\0');
  if (nul >= 0 && !/^[\s\uFEFF]*[{[/]/.test(text)) return textProblem('not-text', 'error', phrase('This is not a text file.'), { offset: 0, length: 1 });
  return undefined;
}

function assemble(text: string, document: Document): ParsedConfig {
  const { root } = document;
  const problems: ParseProblem[] = root ? [...document.problems()] : [];
  if (!root) {
    if (!isBlank(text)) problems.push(...document.problems());
    else problems.push(textProblem('empty', 'information', phrase('The file is empty. Complete a snippet here, or make a machine with "Gaia: New machine".'), { offset: 0, length: 0 }));
    return new Parsed(text, [], undefined, problems, document);
  }
  const elements = propertyOf(root, 'machines')?.children?.[1];
  const defaultsNode = propertyOf(root, 'defaults')?.children?.[1];
  const defaults = document.defaults();
  const machines: MachineInText[] = [];
  const add = (part: Part | undefined, offset: number, path: ConfigPath, comments: readonly ConfigComment[]): void => {
    if (!part?.root || part.root.type !== 'object') return;
    machines.push(new MachineInText(part, offset, path, comments, defaults, document));
  };
  const shape = (path: ConfigPath, message: string): void => {
    problems.push({ code: 'shape', severity: 'error', message, range: document.rangeOf(nodeAt(root, path)) ?? { offset: 0, length: 1 }, path });
  };
  if (root.type === 'array') {
    shape([], phrase('A Gaia file is an object: put the machines into "machines".'));
    root.children?.forEach((node, i) => { add(partOf(node, document), 0, [i], []); });
  } else if (root.type !== 'object') shape([], phrase('A Gaia file is an object with "name", "provider" and "config", or with "machines".'));
  else if (!elements && !defaultsNode) add(partOf(root, document), 0, [], document.comments);
  else {
    if (elements && elements.type !== 'array') shape(['machines'], phrase('"machines" is a list of machines.'));
    if (defaultsNode && defaultsNode.type !== 'object') shape(['defaults'], phrase('"defaults" is an object.'));
    if (elements && propertyOf(root, 'name')) shape(['name'], phrase('A file has either one machine, with its name at the top, or "machines".'));
    if (elements?.type === 'array') elements.children?.forEach((node, i) => {
      const path = ['machines', i] as const;
      const comments = document.comments.filter(c => c.path.length === 2 && c.path[0] === 'machines' && c.path[1] === i);
      const slice = document.machine(i);
      if (slice) add(slice.part, slice.offset, path, comments);
      else if (node.type === 'object') add(partOf(node, document), 0, path, comments);
      else shape(path, phrase('A machine is an object with "name", "provider" and "config".'));
    });
  }
  for (const machine of machines) problems.push(...machine.problems());
  return new Parsed(text, machines, defaults?.value, problems, document);
}

class Parsed implements ParsedConfig {
  declare readonly defaults?: { readonly [key: string]: unknown };
  readonly comments: readonly ConfigComment[];

  constructor(readonly text: string, readonly machines: readonly ParsedMachine[], defaults: { readonly [key: string]: unknown } | undefined, readonly problems: readonly ParseProblem[], private readonly document: Document) {
    if (defaults) this.defaults = defaults;
    this.comments = document.comments;
  }

  get value(): unknown {
    const { root } = this.document;
    if (!root) return undefined;
    const value = valueOf(root);
    // The outline has a 0 for each machine that was parsed apart.
    const list = isObject(value) ? value['machines'] : undefined;
    if (Array.isArray(list)) list.forEach((_, i) => { const machine = this.document.machine(i); if (machine?.part.root) (list as unknown[])[i] = valueOf(machine.part.root); });
    return value;
  }

  locate(path: ConfigPath): TextRange | undefined {
    const [first, index, ...rest] = path;
    const machine = first === 'machines' && typeof index === 'number' ? this.document.machine(index) : undefined;
    if (!machine) return this.document.rangeOf(nodeAt(this.document.root, path));
    const node = nodeAt(machine.part.root, rest);
    return node && { offset: node.offset + machine.offset, length: node.length };
  }
}

/** Nothing but white space and comments. */
function isBlank(text: string): boolean {
  const scanner = createScanner(text, true);
  return scanner.scan() === (17 as SyntaxKind.EOF);
}
