// A VirtualBox that is older than Gaia knows: said in the list itself, where it would otherwise show machines it cannot handle.
import { describe, expect, it } from 'vitest';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import type { FakeBox } from './fakeBox.ts';
import { fakeBox, signal } from './fakeBox.ts';

const answering = (version: string): FakeBox => fakeBox(args => (args === '--version' ? { stdout: version } : {}));

describe('the list of VirtualBox', () => {
  it('of a version that is too old is refused, with the way to a newer one', async () => {
    const provider = createVirtualBoxProvider(answering('6.0.24r139119\n').doors);
    await expect(provider.list(signal)).rejects.toMatchObject({ code: 'notSupported', message: 'VirtualBox 6.0.24 is too old: Gaia needs 6.1 or later.', detail: { actions: [{ title: 'Download VirtualBox' }] } });
    expect(await provider.diagnose(signal)).toMatchObject({ usable: false, problems: [{ code: 'virtualbox.tooOld' }] });
  });

  it('asks for the version once, and again when the program was replaced', async () => {
    const box = answering('6.1.50r161033\n');
    const provider = createVirtualBoxProvider(box.doors);
    const asked = (): number => box.runs.filter(args => args === '--version').length;
    expect(await provider.list(signal)).toEqual([]);
    await provider.list(signal);
    expect(asked()).toBe(1);
    box.files.set('/usr/bin/VBoxManage', 'another');
    await provider.list(signal);
    expect(asked()).toBe(2);
  });

  it('is not kept from anybody by a version that cannot be read', async () => {
    expect(await createVirtualBoxProvider(answering('what?\n').doors).list(signal)).toEqual([]);
  });
});
