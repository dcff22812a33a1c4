// The files beside a real Vagrantfile, as they were fetched with it: NAME.files.json maps paths to texts (null: too big, or no text).
import fs from 'node:fs';

/** Options for the import: what a workspace would tell of the project's files. */
export function companions(vagrantfile: string): { files?: ReadonlyMap<string, string> } {
  const list = vagrantfile.replace(/\.rb$/, '.files.json');
  if (!fs.existsSync(list)) return {};
  const all = JSON.parse(fs.readFileSync(list, 'utf8')) as Record<string, string | null>;
  return { files: new Map(Object.entries(all).map(([path, text]) => [path, text ?? ''])) };
}
