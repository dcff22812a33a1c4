import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineId } from '../../../src/machines/machine.ts';
import { indexFile, readVagrantLinks } from '../../../src/ui/plan/vagrantLinks.ts';

let home: string;
beforeEach(() => { home = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-links-')); });
afterEach(() => { fs.rmSync(home, { recursive: true, force: true }); });

function write(index: unknown): string {
  const file = indexFile({ VAGRANT_HOME: home }, '/nowhere');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof index === 'string' ? index : JSON.stringify({ version: 1, machines: index }));
  return file;
}

describe('the links to Vagrant\'s projects', () => {
  it('lead from a machine\'s id to the folder of its Vagrantfile', async () => {
    const project = path.join(home, 'project');
    fs.mkdirSync(path.join(project, '.vagrant/machines/web/virtualbox'), { recursive: true });
    fs.writeFileSync(path.join(project, '.vagrant/machines/web/virtualbox/id'), '5A1C0F2E-0000-4000-8000-000000000001\n');
    const machine = (name: string) => ({ name, provider: 'virtualbox', state: 'running', vagrantfile_path: project, local_data_path: path.join(project, '.vagrant') });
    const links = await readVagrantLinks(write({ a: machine('web'), b: machine('gone') }));
    expect([...links ?? []]).toEqual([[machineId('virtualbox', 'local', '5a1c0f2e-0000-4000-8000-000000000001'), { name: 'web', folder: project }]]);
  });

  it('are none without an index, and unknown while it is written', async () => {
    expect(await readVagrantLinks(path.join(home, 'none'))).toEqual(new Map());
    expect(await readVagrantLinks(write('{"vers'))).toBeUndefined();
  });
});
