// The recorded outputs of test/truth/virtualbox, one call a file.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Recorded {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = fileURLToPath(new URL('../../truth/virtualbox/', import.meta.url));

export function recorded(name: string): Recorded {
  const match = /^### (.*)\n### exit (\d+)\n### stdout\n([^]*?)### stderr\n([^]*)$/.exec(readFileSync(`${folder}${name}.txt`, 'utf8'));
  if (!match) throw new Error(`${name} is no recording`);
  return { command: match[1]!, exitCode: Number(match[2]), stdout: match[3]!, stderr: match[4]! };
}

export function recordedFile(name: string): string {
  return readFileSync(`${folder}files/${name}`, 'utf8');
}

export const recordedNames: readonly string[] = readdirSync(folder).filter(name => name.endsWith('.txt')).map(name => name.slice(0, -4));
