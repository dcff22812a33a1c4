// Lists for people that are regular enough to read: `Key:   value` lines in blocks set apart by empty lines (`list hdds`, `bridgedifs`, `natnets` …).

export type Block = ReadonlyMap<string, string>;

/** Blocks in order; a line that starts with white space continues the value before it. Of a key that comes twice in a block, values are joined by line ends. */
export function parseBlocks(stdout: string): readonly Block[] {
  const blocks: Map<string, string>[] = [];
  let block: Map<string, string> | undefined;
  let last: string | undefined;
  for (const line of stdout.split('\n')) {
    if (line.trim() === '') {
      block = undefined;
      last = undefined;
      continue;
    }
    const match = /^(\S[^:]*?):(?:[ \t]+(.*))?$/.exec(line);
    if (!block) blocks.push((block = new Map()));
    if (match) {
      last = match[1] as string;
      const value = (match[2] ?? '').trim();
      const before = block.get(last);
      block.set(last, before === undefined ? value : `${before}\n${value}`);
    } else if (last !== undefined) {
      block.set(last, `${block.get(last) ?? ''}\n${line.trim()}`);
    }
  }
  return blocks;
}

/** `64 MBytes`, `2199022206976 Bytes` → bytes. */
export function parseByteCount(text: string | undefined): number | undefined {
  const match = /^(\d+)\s*(bytes?|[KMGT]?Bytes?|[KMGT]B)$/i.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const power = ' KMGT'.indexOf((match[2] as string)[0]?.toUpperCase() ?? ' ');
  return Number(match[1]) * 1024 ** Math.max(0, power);
}
