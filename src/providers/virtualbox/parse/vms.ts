// `list vms` and `list runningvms`: one line a machine, `"name" {uuid}`. Names come unescaped: with quotes, braces and line ends.
import { GaiaError } from '../../../machines/errors.ts';
import { withoutBanner } from './text.ts';

export interface ListedVm {
  readonly uuid: string;
  /** undefined = VirtualBox cannot read the machine's settings file (`<inaccessible>`). */
  readonly name: string | undefined;
}

const entry = /(?:"([^]*?)"|<inaccessible>) \{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}[ \t]*(?:\n|$)/iy;

/** Every machine of the answer. Throws when a part of it is no machine: an answer that was cut must not pass for a shorter list. */
export function parseVmList(stdout: string): readonly ListedVm[] {
  const text = withoutBanner(stdout);
  const found: ListedVm[] = [];
  let at = /\S/.exec(text)?.index ?? text.length;
  while (at < text.length) {
    entry.lastIndex = at;
    const match = entry.exec(text);
    if (!match) {
      if (text.slice(at).trim() === '') break;
      throw new GaiaError('unexpected', { message: 'The list of VirtualBox could not be read.', raw: text.slice(at, at + 500) });
    }
    found.push({ name: match[1], uuid: (match[2] as string).toLowerCase() });
    at = entry.lastIndex;
  }
  return found;
}
