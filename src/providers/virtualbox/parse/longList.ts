// `list -l vms`: every machine in one answer for people, 4.6 kB each. Used only where the settings files cannot be read
// (VBoxManage of another computer, another VBOX_USER_HOME): names come from `list vms`, this fills in the rest, found by UUID.

export interface LongEntry {
  readonly uuid: string;
  /** The words of the `State:` line: `powered off`, `running`. */
  readonly state?: string;
  readonly groups: readonly string[];
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly osType?: string;
}

/** Entries of the machines in `known`; a description that imitates a machine is not taken for one. */
export function parseLongList(stdout: string, known: ReadonlySet<string>): readonly LongEntry[] {
  const starts = [...stdout.matchAll(/^UUID: +([0-9a-f-]{36})$/gim)]
    .map(match => ({ uuid: (match[1] as string).toLowerCase(), at: match.index }))
    .filter((start, index, all) => known.has(start.uuid) && all.findIndex(other => other.uuid === start.uuid) === index);
  return starts.map(({ uuid, at }, index) => {
    const head = stdout.slice(Math.max(starts[index - 1]?.at ?? 0, at - 2000), at);
    const body = stdout.slice(at, starts[index + 1]?.at ?? stdout.length);
    const state = /^State: +(.*?)(?: \(since .*)?$/m.exec(body)?.[1];
    const cpus = /^Number of CPUs: +(\d+)$/m.exec(body)?.[1];
    const memory = /^Memory size:? +(\d+) ?MB$/m.exec(body)?.[1];
    const groups = [...head.matchAll(/^Groups: +(.*)$/gm)].at(-1)?.[1];
    const osType = [...head.matchAll(/^Guest OS: +(.*)$/gm)].at(-1)?.[1];
    return {
      uuid,
      ...(state === undefined ? {} : { state }),
      groups: groups?.split(',').map(group => group.trim()).filter(group => group !== '') ?? ['/'],
      ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
      ...(memory === undefined ? {} : { memoryMiB: Number(memory) }),
      ...(osType === undefined ? {} : { osType }),
    };
  });
}
