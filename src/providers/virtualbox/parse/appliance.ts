// `import --dry-run`: which machines an appliance holds, and the names VirtualBox would give them (made unique: "web2 1").

export interface ApplianceMachine {
  readonly index: number;
  readonly suggestedName?: string;
}

export function parseAppliance(stdout: string): readonly ApplianceMachine[] {
  const starts = [...stdout.matchAll(/^Virtual system (\d+):$/gm)];
  return starts.map((start, position) => {
    const body = stdout.slice(start.index, starts[position + 1]?.index ?? stdout.length);
    const name = /^ *\d+: Suggested VM name "(.*)"$/m.exec(body)?.[1];
    return { index: Number(start[1]), ...(name === undefined ? {} : { suggestedName: name }) };
  });
}
