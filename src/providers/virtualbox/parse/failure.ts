// What a failed call says. The lines after `VBoxManage: error:` stand anywhere on stderr: after progress, before or after a usage dump of
// 40 kB, and even when the exit code is 0 (facts, section 2).

export interface ToolFailure {
  readonly exitCode: number;
  /** The sentences, the cause usually last; without the lines that only name code and place. May be empty. */
  readonly messages: readonly string[];
  /** `VBOX_E_INVALID_OBJECT_STATE`. */
  readonly code?: string;
  /** 0x80bb0007 as a number. */
  readonly result?: number;
  /** The call inside the tool that failed: `LockMachine(a->session, LockType_Write)`. */
  readonly context?: string;
  /** What was said, for the log, without usage. */
  readonly raw: string;
}

const errorMark = /^(?:[^\n]*?)VBox(?:Manage|Headless)(?:\.exe)?: (?:fatal )?error: ?/im;
const nextMark = /\n(?=[^\n]*VBox(?:Manage|Headless)(?:\.exe)?: (?:(?:fatal )?error|warning|info)|\n|Usage)|\n?$/i;
const codeLine = /\bcode (\w+) \((0x[0-9a-f]+)\)/i;

/** The failure, or undefined when the call did what it was asked. */
export function readFailure(exitCode: number, stdout: string, stderr: string): ToolFailure | undefined {
  const said = sentences(stderr);
  if (exitCode === 0 && said.length === 0) return undefined;
  const details = said.find(line => /^Details: code /i.test(line)) ?? said.find(line => codeLine.test(line));
  const code = details === undefined ? undefined : codeLine.exec(details);
  const context = said.map(line => /^Context: "(.*)" at line/s.exec(line)?.[1]).find(found => found !== undefined);
  const messages = [...new Set(said.filter(line => line !== '' && !/^(?:Details: code|Context: ")/i.test(line)))];
  const fallback = said.length === 0 ? [stderr.trim(), stdout.trim()].filter(text => text !== '').join('\n').slice(0, 2000) : '';
  return {
    exitCode,
    messages,
    ...(code?.[1] === undefined ? {} : { code: code[1] }),
    ...(code?.[2] === undefined ? {} : { result: Number.parseInt(code[2], 16) }),
    ...(context === undefined ? {} : { context }),
    raw: said.filter(line => line !== '').join('\n') || fallback || `exit ${String(exitCode)}`,
  };
}

function sentences(stderr: string): string[] {
  const found: string[] = [];
  let rest = stderr;
  for (let mark = errorMark.exec(rest); mark; mark = errorMark.exec(rest)) {
    rest = rest.slice(mark.index + mark[0].length);
    const end = nextMark.exec(rest);
    const until = end ? end.index : rest.length;
    found.push(rest.slice(0, until).trim());
    rest = rest.slice(until);
  }
  return found;
}

/** Warnings of a call that succeeded: `Interface "vboxnet77" doesn't seem to exist`. */
export function readWarnings(stderr: string): readonly string[] {
  return [...stderr.matchAll(/^VBoxManage(?:\.exe)?: warning: (.*)$/gim)].map(match => (match[1] as string).trim());
}
