// The import, on Vagrantfiles of our own that hold the constructs of the real ones, with Vagrant as the judge of what they mean; and
// on the real ones themselves where they were fetched. Facts about those: test/truth/vagrant/corpus.json (the files are not ours to keep).
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';
import { importVagrantfile } from '../../../src/vagrant/import.ts';
import { companions } from './companions.ts';
import { constructsOf } from './constructs.ts';
import { readByVagrant, type Answer } from './proof.ts';
import type { Dumped } from './readback.ts';
import { ruby } from './ruby.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.resolve(here, '../../fixtures/vagrantfiles');
const own = fs.readdirSync(folder).filter(file => file.endsWith('.Vagrantfile')).map(file => ({ name: file.replace('.Vagrantfile', ''), text: fs.readFileSync(path.join(folder, file), 'utf8') }));
/** Ours that cannot be understood wholly: they depend on files, on the computer, or are broken or of another age. */
const hard: Readonly<Record<string, { complete: false; nothingLost: boolean }>> = {
  'trigger-code': { complete: false, nothingLost: true }, 'files-on-disk': { complete: false, nothingLost: false }, 'only-when-run': { complete: false, nothingLost: true }, 'broken': { complete: false, nothingLost: false }, 'version-1': { complete: false, nothingLost: false },
};

interface Corpus {
  readonly recorded: string;
  readonly files: number;
  readonly complete: number;
  readonly nothingLost: number;
  readonly entries: readonly { readonly repository: string; readonly sha256: string; readonly machines: number; readonly constructs: readonly string[]; readonly complete: boolean; readonly nothingLost: boolean }[];
}
const corpus = JSON.parse(fs.readFileSync(path.resolve(here, '../../truth/vagrant/corpus.json'), 'utf8')) as Corpus;
const share = (part: number, of: number): string => `${String(part)} of ${String(of)} (${(100 * part / of).toFixed(0)} %)`;

describe('our own Vagrantfiles', () => {
  it.each(own)('$name is understood as far as it can be', async ({ name, text }) => {
    const read = await importVagrantfile(text);
    expect({ complete: read.complete, nothingLost: read.nothingLost }, JSON.stringify(read.report)).toEqual(hard[name] ?? { complete: true, nothingLost: true });
    expect(parseConfig(read.text).problems.filter(problem => problem.severity === 'error')).toEqual([]);
    // What the import wrote generates a Vagrantfile that the import reads as the same.
    const again = generateVagrantfile(parseConfig(read.text)).text;
    expect(generateVagrantfile(parseConfig((await importVagrantfile(again)).text)).text).toBe(again);
  });

  it.skipIf(!ruby)('mean the same to Vagrant before and after', async () => {
    const files = own.filter(one => !hard[one.name]);
    const back = await Promise.all(files.map(async one => generateVagrantfile(parseConfig((await importVagrantfile(one.text)).text)).text));
    const answers = readByVagrant([...files.map(one => one.text), ...back]);
    files.forEach((one, index) => {
      const [before, after] = [answers[index], answers[index + files.length]] as [Answer, Answer];
      expect(before.error, `${one.name}: ${String(before.error)}`).toBeUndefined();
      expect(after.error, `${one.name}: ${String(after.error)}`).toBeUndefined();
      expect(meaning(after), one.name).toEqual(meaning(before));
    });
  });

  it('hold the constructs of the real ones', async () => {
    const ours = new Set((await Promise.all(own.map(one => constructsOf(one.text)))).flat());
    const all = corpus.entries.flatMap(entry => entry.constructs);
    const missing = [...new Set(all)].filter(one => !ours.has(one) && all.filter(other => other === one).length > 2);
    expect(missing).toEqual([]);
  });
});

/** What a machine is, without what a name adds (a VM is called as its machine) and without the order of what has none. */
function meaning(answer: Answer): unknown {
  const machines = (answer.machines ?? []) as readonly Dumped[];
  return machines.map(machine => {
    const { name, vmname, distribution_name: _, customizations, network_adapters: _adapters, ...options } = (machine.provider_config ?? {}) as Record<string, unknown>;
    void name; void vmname;
    return {
      name: machines.length === 1 ? '' : machine.name, provider: machine.provider, vm: machine.vm, ssh: machine.ssh, winrm: machine.winrm, options, customizations: flags(customizations),
      networks: machine.networks.map(one => JSON.stringify(Object.entries({ ...one.options, type: one.type, kind: one.options.type }).filter(([key, value]) => value !== undefined && !(key === 'auto_correct' && value === 'true')).sort())).sort(),
      folders: machine.synced_folders.map(one => ({ ...one, hostpath: String(one.hostpath).replace(/^.*vagrant-dump[^/]*\//, '') })), disks: machine.disks, cloud_init: machine.cloud_init, triggers: machine.triggers, provisioners: machine.provisioners.map(one => ({ ...one, config: { ...one.config, env: Object.entries((one.config.env ?? {}) as object).map(([key, value]) => `${key}=${String(value)}`) } })), unknown: machine.unknown_settings,
    };
  });
}

/** Each flag by itself, as a text: one call with several flags is several calls. */
function flags(customizations: unknown): unknown {
  return ((customizations ?? []) as [string, unknown[]][]).flatMap(([when, [verb, id, ...rest]]) => (verb === 'modifyvm' ? rest.flatMap((word, at) => (at % 2 ? [] : [[when, word, String(rest[at + 1])]])) : [[when, verb, id, ...rest]])).map(one => JSON.stringify(one)).sort();
}

describe('real Vagrantfiles of public projects', () => {
  it('are understood as recorded', async () => {
    console.log(`Import: of ${String(corpus.files)} real Vagrantfiles (recorded ${corpus.recorded}) understood completely ${share(corpus.complete, corpus.files)}, nothing lost in ${share(corpus.nothingLost, corpus.files)}`);
    const live = await Promise.all(own.map(one => importVagrantfile(one.text)));
    console.log(`Import: of ${String(own.length)} of our own, made to be easy and impossible, understood completely ${share(live.filter(one => one.complete).length, own.length)}, nothing lost in ${share(live.filter(one => one.nothingLost).length, own.length)}`);
    expect(corpus.files).toBeGreaterThanOrEqual(60);
    expect(corpus.nothingLost / corpus.files).toBeGreaterThanOrEqual(0.85);
  });

  it('still are, where they were fetched', async context => {
    const cache = process.env.GAIA_VAGRANTFILES ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'gaia-rig/vagrantfiles');
    const here_ = corpus.entries.map(entry => ({ entry, file: path.join(cache, `${entry.repository.replace('/', '+')}.rb`) })).filter(one => fs.existsSync(one.file));
    if (here_.length === 0) context.skip('the real Vagrantfiles are not in the cache folder');
    let complete = 0;
    let nothingLost = 0;
    for (const { entry, file } of here_) {
      const text = fs.readFileSync(file, 'utf8');
      if (createHash('sha256').update(text).digest('hex') !== entry.sha256) continue;
      const read = await importVagrantfile(text, companions(file));
      if (read.complete) complete++;
      if (read.nothingLost) nothingLost++;
      expect({ machines: read.machines.length, complete: read.complete || !entry.complete, nothingLost: read.nothingLost || !entry.nothingLost }, entry.repository).toEqual({ machines: entry.machines, complete: true, nothingLost: true });
      expect(parseConfig(read.text).problems.filter(problem => problem.severity === 'error' && problem.code.startsWith('json')), entry.repository).toEqual([]);
    }
    console.log(`Import: live on ${String(here_.length)} real ones: understood completely ${share(complete, here_.length)}, nothing lost in ${share(nothingLost, here_.length)}`);
  });
});
