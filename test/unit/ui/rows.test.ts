import { describe, expect, it } from 'vitest';
import { settledStates, transitStates } from '../../../src/machines/machine.ts';
import { machineContext } from '../../../src/ui/abilities.ts';
import { machineItems } from '../../../src/ui/pickItems.ts';
import { machineDescription, machineIcon, machineSpoken } from '../../../src/ui/tree/rows.ts';
import { formatBytes, formatMiB } from '../../../src/ui/words.ts';
import { aMachine, aProvider } from '../machines/builders.ts';

describe('a row', () => {
  it('says state, CPUs and memory, and leaves out what is not known', () => {
    expect(machineDescription(aMachine('web', { state: 'running', cpus: 2, memoryMiB: 4096 }))).toBe('running · 2 CPU · 4 GB');
    expect(machineDescription(aMachine('web'))).toBe('stopped');
  });

  it('says what is being done in place of the state', () => {
    expect(machineDescription(aMachine('web', { state: 'running', cpus: 1 }), { doing: 'taking a snapshot' })).toBe('taking a snapshot · 1 CPU');
  });

  it('says so when the state is old', () => {
    expect(machineDescription(aMachine('web', { state: 'running', stale: true }))).toBe('running when last heard of');
    expect(machineIcon(aMachine('web', { state: 'running', stale: true }), false).color).toBe('gaia.stopped');
  });

  it('names a lock, badges, and the connection where the tree does not', () => {
    expect(machineDescription(aMachine('web', { state: 'running', cpus: 2, memoryMiB: 4096, badges: ['HA error'] }), { mark: '≠ web.gaia.json' })).toBe('running · ≠ web.gaia.json · HA error · 2 CPU · 4 GB');
    expect(machineDescription(aMachine('web', { lock: 'backup', badges: ['WSL 1'] }), { where: 'Fake' })).toBe('stopped · locked: backup · WSL 1 · Fake');
  });

  it('has an icon and a colour for every state, so that no old colour stays', () => {
    for (const state of [...settledStates, ...transitStates]) {
      const icon = machineIcon(aMachine('web', { state }), false);
      expect(icon.name).not.toBe('');
      expect(icon.color).toMatch(/^gaia\./);
    }
    const settled = settledStates.map(state => machineIcon(aMachine('web', { state }), false).name);
    expect(new Set(settled).size).toBe(settledStates.length);
  });

  it('is spoken as one sentence', () => {
    const machine = aMachine('web', { state: 'paused', cpus: 2 });
    expect(machineSpoken(machine, machineDescription(machine))).toBe('web, paused, 2 CPU');
  });
});

describe('sizes', () => {
  it.each([[512, '512 MB'], [1024, '1 GB'], [1536, '1.5 GB'], [4096, '4 GB'], [1048576, '1 TB'], [0, '0 B']])('%d MiB is %s', (mebibytes, text) => {
    expect(formatMiB(mebibytes)).toBe(text);
  });

  it('rounds to one decimal', () => {
    expect(formatBytes(1234567890)).toBe('1.1 GB');
    expect(formatBytes(999)).toBe('999 B');
  });
});

describe('the context of a row', () => {
  const provider = aProvider();

  it('lists what can be done now and nothing else', () => {
    const stopped = machineContext(aMachine('web'), provider);
    for (const able of ['machine', 'start', 'delete', 'showDetails', 'showCommands']) expect(stopped).toContain(`;${able};`);
    for (const not of ['shutDown', 'pause', 'resume', 'powerOff', 'openConsole', 'snapshot', 'clone', 'migrate', 'create']) expect(stopped).not.toContain(`;${not};`);
    const running = machineContext(aMachine('web', { state: 'running' }), provider);
    for (const able of ['shutDown', 'powerOff', 'pause', 'copyAddress']) expect(running).toContain(`;${able};`);
    for (const not of ['start', 'delete']) expect(running).not.toContain(`;${not};`);
  });

  it('offers a way to start only where the provider has it', () => {
    const choosy = { ...provider, power: { ...provider.power, startModes: ['headless', 'gui'] as const } };
    expect(machineContext(aMachine('web'), choosy)).toContain(';startMode:gui;');
    expect(machineContext(aMachine('web'), choosy)).not.toContain('detachable');
    expect(machineContext(aMachine('web', { state: 'running' }), choosy)).not.toContain('startMode');
    expect(machineContext(aMachine('web'), provider)).not.toContain('startMode');
  });

  it('offers extras that are available', () => {
    const extra = { ...provider, extras: [{ id: 'discard', title: 'Discard', available: (machine: { state: string }) => machine.state === 'suspended', run: async () => undefined }] };
    expect(machineContext(aMachine('web', { state: 'suspended' }), extra)).toContain(';more;extra:discard;');
    expect(machineContext(aMachine('web'), extra)).not.toContain('more');
  });

  it('offers nothing that changes a machine which something else holds', () => {
    const locked = machineContext(aMachine('web', { lock: 'backup' }), provider);
    for (const not of ['start', 'delete']) expect(locked).not.toContain(`;${not};`);
    expect(locked).toContain(';showDetails;');
  });
});

describe('a pick', () => {
  it('tells two machines of one name apart', () => {
    const provider = aProvider();
    const items = machineItems([{ machine: aMachine('node', { path: ['lab'] }), provider }, { machine: aMachine('node', { path: ['prod'], state: 'running' }), provider }]);
    expect(items.map(item => [item.label, item.description, item.detail])).toEqual([['$(vm-outline) node', 'stopped', 'Fake / lab'], ['$(vm-running) node', 'running', 'Fake / prod']]);
  });
});
