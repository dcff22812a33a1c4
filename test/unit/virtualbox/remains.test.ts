// What a create that was cut off has left, found by what it wrote down before.
import { describe, expect, it } from 'vitest';
import type { Intent } from '../../../src/machines/provider.ts';
import { idOf, Inventory } from '../../../src/providers/virtualbox/inventory.ts';
import { machineFolder, Remains } from '../../../src/providers/virtualbox/remains.ts';
import { context, fakeBox, machineXml, registryXml, signal } from './fakeBox.ts';
import type { FakeBox } from './fakeBox.ts';

const uuid = '11111111-1111-4111-8111-111111111111';
const medium = (location: string, user?: string): string => `UUID:           22222222-2222-4222-8222-${String(location.length).padStart(12, '0')}\nLocation:       ${location}\n${user === undefined ? '' : `In use by VMs:  web (UUID: ${user})\n`}`;

interface World {
  readonly hdds?: string;
  readonly dvds?: string;
  readonly interfaces?: readonly string[];
  readonly long?: string;
  readonly files?: Readonly<Record<string, string>>;
}

function world({ hdds = '', dvds = '', interfaces = [], long = '', files = {} }: World): { readonly box: FakeBox; readonly remains: Remains } {
  const box = fakeBox(args => {
    if (args === 'list vms') return { stdout: `"web" {${uuid}}\n` };
    if (args === 'list --long hdds') return { stdout: hdds };
    if (args === 'list --long dvds') return { stdout: dvds };
    if (args === 'list --long vms') return { stdout: long };
    if (args === '--version') return { stdout: '7.2.2r1\n' };
    if (args === 'list hostonlyifs') return { stdout: interfaces.map(name => `Name:            ${name}\nIPAddress:       192.168.56.1\nNetworkMask:     255.255.255.0\nStatus:          Up\n`).join('\n') };
    return {};
  }, { files: { '/home/dev/.config/VirtualBox/VirtualBox.xml': registryXml({ [uuid]: '/vms/web/web.vbox' }), '/vms/web/web.vbox': machineXml(uuid, 'web'), ...files } });
  return { box, remains: new Remains(box.tool, new Inventory(box.tool)) };
}

describe('what a create has left', () => {
  it('is what it wrote down and no machine uses', async () => {
    const { box, remains } = world({
      hdds: [medium('/data/extra.vdi'), medium('/data/used.vdi', uuid), medium('/home/dev/cloud.vdi')].join('\n'),
      files: { '/data/extra.vdi': '', '/data/used.vdi': '', '/home/dev/cloud.vdi': '', '/vms/half/half.vbox': '', '/vms/half/half.vdi': '' },
    });
    const intents: readonly Intent[] = [
      { kind: 'path', path: '/vms/half' }, { kind: 'path', path: '/vms/web' }, { kind: 'path', path: '/data/extra.vdi' }, { kind: 'path', path: '/data/used.vdi' }, { kind: 'path', path: '/data/never-made.vdi' }, { kind: 'medium', path: '/home/dev/cloud.vdi' },
    ];
    const found = await remains.find(intents, signal);
    expect(found).toEqual([intents[0], intents[2], intents[5]]);
    await remains.remove(found, context);
    expect([...box.files.keys()].sort()).toEqual(['/data/used.vdi', '/home/dev/.config/VirtualBox/VirtualBox.xml', '/home/dev/cloud.vdi', '/usr/bin/VBoxManage', '/vms/web/web.vbox']);
    expect(box.runs.filter(run => run.startsWith('closemedium'))).toEqual(['closemedium disk /home/dev/cloud.vdi', 'closemedium disk /data/extra.vdi']);
  });

  it('in a folder that was there before is only what was not in it', async () => {
    const { box, remains } = world({ files: { '/vms/old/notes.txt': 'mine', '/vms/old/old.vbox': '' } });
    const intent: Intent = { kind: 'path', path: '/vms/old', kept: ['notes.txt'] };
    expect(await remains.find([intent], signal)).toEqual([intent]);
    await remains.remove([intent], context);
    expect(box.files.has('/vms/old/notes.txt')).toBe(true);
    expect(box.files.has('/vms/old/old.vbox')).toBe(false);
    expect(await remains.find([intent], signal)).toEqual([]);
  });

  it('may be the snapshot that a clone was made from: the one that names the clone, once that is not there', async () => {
    const clone = '33333333-3333-4333-8333-333333333333';
    const snapshot = (id: string, description: string, more = ''): string => `<Snapshot uuid="{${id}}" name="Base of copy"><Description>${description}</Description>${more}</Snapshot>`;
    const tree = snapshot('aaaaaaaa-0000-4000-8000-000000000001', 'mine', `<Snapshots>${snapshot('aaaaaaaa-0000-4000-8000-000000000002', `Linked base for web and copy (${clone})`)}</Snapshots>`);
    const settings = machineXml(uuid, 'web').replace('<Hardware>', `${tree}<Hardware>`);
    const intent: Intent = { kind: 'snapshot', machine: idOf(uuid), name: 'Base of copy', marked: clone };
    const { box, remains } = world({ files: { '/vms/web/web.vbox': settings } });
    expect(await remains.find([intent, { kind: 'machine', id: idOf(clone) }], signal)).toEqual([intent]);
    await remains.remove([intent], context);
    expect(box.runs.filter(run => run.startsWith('snapshot'))).toEqual([`snapshot ${uuid} delete aaaaaaaa-0000-4000-8000-000000000002`]);
    const another: Intent = { ...intent, marked: '44444444-4444-4444-8444-444444444444' };
    expect(await remains.find([another, { ...intent, machine: idOf(clone) }], signal)).toEqual([]);
    // The clone came into being: it stands on the snapshot.
    expect(await remains.find([{ ...intent, marked: uuid }], signal)).toEqual([]);
  });

  it('may be a host-only network: known by its name once that was written down, else by not having been there', async () => {
    const before = ['vboxnet0'];
    const nameless: Intent = { kind: 'network', networkKind: 'interface', before };
    const named: Intent = { kind: 'network', networkKind: 'interface', before, name: 'vboxnet1' };
    const { box, remains } = world({ interfaces: ['vboxnet0', 'vboxnet1'] });
    expect(await remains.find([nameless], signal)).toEqual([named]);
    expect(await remains.find([nameless, named], signal)).toEqual([named]);
    await remains.remove([named], context);
    expect(box.runs.filter(run => run.startsWith('hostonlyif'))).toEqual(['hostonlyif remove vboxnet1']);
    const used = world({ interfaces: ['vboxnet0', 'vboxnet1'], long: "NIC 2:  MAC: 08, Attachment: Host-only Interface 'vboxnet1', Cable connected: on\n" });
    expect(await used.remains.find([nameless, named], signal)).toEqual([]);
    expect(await world({ interfaces: before }).remains.find([nameless], signal)).toEqual([]);
  });
});

// Names as VirtualBox 7.2.22 made folders of them.
it.each([
  ['a b', 'a b'], ['web/1', 'web_1'], ['.dot', '_dot'], ['-dash', '_dash'], ['tail. ', 'tail._'], ['ü😀x', 'ü____x'], ['q\'u"o', 'q_u_o'], ['(x)[y]{z}', '(x)_y__z_'], ['a+b,c;d=e', 'a_b_c_d_e'], ['你好', '你好'], ['x..', 'x._'], ['web…', 'web…'],
])('the folder of %j is %j', (name, folder) => {
  expect(machineFolder('/vms', ['/l ab'], name)).toBe(`/vms/l ab/${folder}`);
});
