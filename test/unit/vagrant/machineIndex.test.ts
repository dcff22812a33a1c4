import { describe, expect, it } from 'vitest';
import { boxFolder, machineFolder, parseBoxPath, parseMachineFolder, parseMachineIndex } from '../../../src/vagrant/machineIndex.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const index = { version: 1, machines: {
  '4e632bec3cf34799bb9096a925a57309': { local_data_path: '/home/me/proj/.vagrant', name: 'web', provider: 'virtualbox', state: 'running', vagrantfile_name: null, vagrantfile_path: '/home/me/proj', updated_at: null, extra_data: { box: { name: 'gaia/tiny', provider: 'virtualbox', version: '0' } } },
  [`${'a'.repeat(32)}`]: { local_data_path: 'C:\\p\\.vagrant', name: 'ü:1', provider: 'hyperv', state: 'off', vagrantfile_path: 'C:\\p', vagrantfile_name: ['Other'], extra_data: { box: { name: 'x', architecture: 'amd64' } } },
  'broken': 7, 'half': { name: 'no path' },
} };

describe('the machine index', () => {
  it('gives each whole entry with its project, provider and box', () => {
    const read = parseMachineIndex(bytes(JSON.stringify(index)));
    expect(read).toEqual({ kind: 'machines', machines: [
      { uuid: '4e632bec3cf34799bb9096a925a57309', name: 'web', provider: 'virtualbox', state: 'running', projectPath: '/home/me/proj', dataPath: '/home/me/proj/.vagrant', box: { name: 'gaia/tiny', provider: 'virtualbox', version: '0' } },
      { uuid: 'a'.repeat(32), name: 'ü:1', provider: 'hyperv', state: 'off', projectPath: 'C:\\p', dataPath: 'C:\\p\\.vagrant', vagrantfileName: 'Other', box: { name: 'x', architecture: 'amd64' } },
    ] });
  });

  it.each(['', '{', JSON.stringify(index).slice(0, 200), '[]', 'null', '{"version":1}'])('is broken, not empty, when it was being written: %j', text => {
    expect(parseMachineIndex(bytes(text))).toEqual({ kind: 'broken' });
  });

  it('leads to the folder that holds the id', () => {
    expect(machineFolder({ dataPath: '/home/me/proj/.vagrant', name: 'web', provider: 'virtualbox' })).toBe('/home/me/proj/.vagrant/machines/web/virtualbox');
    expect(machineFolder({ dataPath: 'C:\\p\\.vagrant', name: 'web', provider: 'hyperv' })).toBe('C:\\p\\.vagrant\\machines\\web\\hyperv');
  });
});

describe('a machine\'s folder', () => {
  const id = '5b1c9f3e-0000-4000-8000-000000000001';
  it('says who made it, for which VM, and whether it was provisioned', () => {
    expect(parseMachineFolder({ id: bytes(id), index_uuid: bytes('ab'), creator_uid: bytes('1000'), vagrant_cwd: bytes('/home/me/proj'), box_meta: bytes('{"name":"b","version":"1.0","provider":"virtualbox"}'), private_key: bytes('k'), action_provision: bytes(`1.5:${id}`) }))
      .toEqual({ id, indexUuid: 'ab', creatorUid: 1000, projectPath: '/home/me/proj', box: { name: 'b', version: '1.0', provider: 'virtualbox' }, hasOwnKey: true, provisioned: true });
  });
  it('is not provisioned when the sentinel is of an earlier VM, and has no id once destroyed', () => {
    expect(parseMachineFolder({ id: bytes(id), action_provision: bytes('1.5:other') }).provisioned).toBe(false);
    expect(parseMachineFolder({ id: bytes('') })).toEqual({ hasOwnKey: false, provisioned: false });
  });
});

describe('the box store', () => {
  it.each([
    ['bento-VAGRANTSLASH-ubuntu-22.04/202401.31.0/amd64/virtualbox/metadata.json', { name: 'bento/ubuntu-22.04', version: '202401.31.0', architecture: 'amd64', provider: 'virtualbox' }],
    ['gaia-VAGRANTSLASH-tiny\\0\\virtualbox', { name: 'gaia/tiny', version: '0', provider: 'virtualbox' }],
    ['x/1.0.0-rc1/hyperv', { name: 'x', version: '1.0.0-rc1', provider: 'hyperv' }],
  ])('reads %s', (path, box) => { expect(parseBoxPath(path)).toEqual(box); });
  it.each(['.DS_Store/1/virtualbox', 'x/latest/virtualbox', 'x/1.0', 'x/1.0/a/b/c', 'x/metadata_url'])('skips %s', path => { expect(parseBoxPath(path)).toBeUndefined(); });
  it('names folders as Vagrant does', () => {
    expect(boxFolder('a/b:c')).toBe('a-VAGRANTSLASH-b:c');
    expect(boxFolder('a/b:c', true)).toBe('a-VAGRANTSLASH-b-VAGRANTCOLON-c');
  });
});
