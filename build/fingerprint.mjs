// A hash of files and folders: has anything changed since?
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

/** Of the content of these paths of the project; what does not exist counts as empty, src/generated is derived and left out. */
export function fingerprint(paths) {
  const hash = createHash('sha256').update(process.version);
  const add = relative => {
    const file = path.join(root, relative);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (!stat || relative === 'src/generated') return;
    if (stat.isDirectory()) for (const name of fs.readdirSync(file).sort()) add(`${relative}/${name}`);
    else if (stat.isFile()) hash.update(relative).update('\0').update(fs.readFileSync(file)).update('\0');
  };
  paths.forEach(add);
  return hash.digest('hex');
}
