// Makes test/truth/vagrant/corpus.json anew from a folder of real Vagrantfiles (never committed): `npx vite-node test/contract/vagrant/corpus-facts.ts DIR SOURCES`.
// SOURCES: lines `owner+name commit path`; a file is DIR/owner+name.rb.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { importVagrantfile } from '../../../src/vagrant/import.ts';
import { companions } from './companions.ts';
import { constructsOf } from './constructs.ts';

const [folder = '', sources = ''] = process.argv.slice(2);
const entries = [];
for (const line of fs.readFileSync(sources, 'utf8').trim().split('\n')) {
  const [name = '', commit = '', file = ''] = line.split(' ');
  const at = path.join(folder, `${name}.rb`);
  if (!fs.existsSync(at)) continue;
  const text = fs.readFileSync(at, 'utf8');
  const read = await importVagrantfile(text, companions(at));
  entries.push({
    repository: name.replace('+', '/'), commit, path: file, sha256: createHash('sha256').update(text).digest('hex'), lines: text.split('\n').length, machines: read.machines.length,
    constructs: await constructsOf(text), complete: read.complete, nothingLost: read.nothingLost, kept: read.report.filter(one => one.kept === 'custom_config').length, dropped: read.report.filter(one => one.kept === 'dropped').length,
  });
}
const recorded = { recorded: new Date().toISOString().slice(0, 10), files: entries.length, complete: entries.filter(one => one.complete).length, nothingLost: entries.filter(one => one.nothingLost).length };
fs.writeFileSync('test/truth/vagrant/corpus.json', `${JSON.stringify(recorded).slice(0, -1)},"entries":[\n${entries.map(one => JSON.stringify(one)).join(',\n')}\n]}\n`);
console.log(recorded);
