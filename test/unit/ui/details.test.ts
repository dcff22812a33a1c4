import { describe, expect, it } from 'vitest';
import type { MachineDetails, Usage } from '../../../src/machines/machine.ts';
import type { Change, Provider } from '../../../src/machines/provider.ts';
import { parseForward, parseSize } from '../../../src/ui/details/input.ts';
import { keptReadings, mergeReadings, plotsOf } from '../../../src/ui/details/plots.ts';
import { detailsView } from '../../../src/ui/details/view.ts';
import { pageHtml } from '../../../src/ui/webviews/html.ts';
import { aMachine, aProvider } from '../machines/builders.ts';

const details = (more: Partial<MachineDetails> = {}): MachineDetails => ({ machine: aMachine('web', { state: 'running', cpus: 2 }), disks: [], adapters: [], portForwards: [], sharedFolders: [], snapshots: [], settings: {}, ...more });

describe('the details page', () => {
  it('offers what can be done now, the first of it as the main thing', () => {
    const running = detailsView(details(), aProvider(), 'en');
    expect(running.actions.map(action => [action.id, action.primary])).toEqual([['stop', true], ['pause', false], ['powerOff', false], ['openTerminal', false], ['showCommands', false]]);
    const stopped = detailsView(details({ machine: aMachine('web') }), aProvider(), 'en');
    expect(stopped.actions[0]).toMatchObject({ id: 'start', primary: true });
  });

  it('has no section for what the provider cannot do', () => {
    const ids = detailsView(details(), aProvider(), 'en').sections.map(section => section.id);
    expect(ids).not.toContain('snapshots');
    expect(ids).toContain('disks');
  });

  it('offers the changes that the provider can make, and no others', () => {
    const editing = (kinds?: readonly Change['kind'][]) => ({ settings: [], apply: () => Promise.resolve(), needsStop: () => Promise.resolve([]), ...kinds && { kinds } });
    const machine = details({ disks: [{ slot: 'SATA 0:0', kind: 'disk' }, { slot: 'SATA 1:0', kind: 'cdrom', location: '/a.iso' }], adapters: [{ index: 1, mode: 'nat' }] });
    const offered = (provider: Provider) => detailsView(machine, provider, 'en').sections.flatMap(section => [...section.actions, ...section.kind === 'table' ? section.rows.flatMap(row => row.actions) : []].map(action => `${section.id} ${action.id}`));
    expect(offered(aProvider())).toEqual([]);
    expect(offered({ ...aProvider(), editing: editing() })).toEqual(['disks addDisk', 'disks removeDisk', 'disks insertMedium', 'disks ejectMedium', 'forwards addForward', 'folders addFolder']);
    expect(offered({ ...aProvider(), editing: editing(['addDisk', 'insertMedium']) })).toEqual(['disks addDisk', 'disks insertMedium', 'disks ejectMedium']);
  });

  it('tells what takes effect at the next start, and a lock', () => {
    const view = detailsView(details({ pending: { memory: '4096' }, machine: aMachine('web', { lock: 'backup' }) }), aProvider(), 'en');
    expect(view.notices.map(notice => notice.text)).toEqual(['Locked: backup', 'Takes effect at the next start: memory = 4096']);
  });

  it('shows empty facts nowhere', () => {
    const facts = detailsView(details(), aProvider(), 'en').sections.find(section => section.kind === 'facts');
    expect(facts?.kind === 'facts' && facts.facts.map(fact => fact.label)).toEqual(['Provider', 'State', 'Id']);
  });
});

describe('the usage plots', () => {
  const reading = (at: number, more: Partial<Usage> = {}): Usage => ({ at, ...more });

  it('leave out what was never measured and show a gap for what was not measured once', () => {
    const { times, plots } = plotsOf([reading(1000, { cpuFraction: 0.5 }), reading(2000), reading(3000, { cpuFraction: 1 })]);
    expect(times).toEqual([1, 2, 3]);
    expect(plots).toEqual([{ id: 'cpu', title: 'CPU', unit: 'percent', series: [{ label: 'CPU', values: [50, null, 100] }] }]);
  });

  it('keep each reading once, in order, and only the latest', () => {
    expect(mergeReadings([reading(1), reading(3)], [reading(3), reading(2)]).map(one => one.at)).toEqual([1, 2, 3]);
    expect(mergeReadings([], Array.from({ length: 1000 }, (_, n) => reading(n)))).toHaveLength(keptReadings);
  });
});

describe('the scale of a plot', () => {
  it('ends at all there is, where that is known', () => {
    const { plots } = plotsOf([{ at: 1, memoryUsedBytes: 5, memoryTotalBytes: 64 }, { at: 2, memoryUsedBytes: 6 }]);
    expect(plots).toMatchObject([{ id: 'memory', most: 64 }]);
  });
});

describe('a port forward as typed', () => {
  it.each([
    ['8080:80', { hostPort: 8080, guestPort: 80, protocol: 'tcp' }],
    [' 127.0.0.1:53:10.0.2.15:53/UDP ', { hostIp: '127.0.0.1', hostPort: 53, guestIp: '10.0.2.15', guestPort: 53, protocol: 'udp' }],
  ])('%s', (typed, expected) => {
    expect(parseForward(typed, 1)).toMatchObject(expected);
  });

  it.each(['', '80', 'a:b', '0:80', '80:65536', '999.0.0.1:80:80', '80:80/sctp'])('"%s" is refused with a word', typed => {
    expect(typeof parseForward(typed, 1)).toBe('string');
  });
});

describe('a size as typed', () => {
  it.each([['20 GB', 20 * 2 ** 30], ['20', 20 * 2 ** 30], ['1,5g', 1.5 * 2 ** 30], ['512 MiB', 512 * 2 ** 20], ['2TB', 2 * 2 ** 40]])('%s', (typed, bytes) => {
    expect(parseSize(typed)).toBe(bytes);
  });

  it.each(['', '0', '-1', '5 kB', 'x'])('"%s" is none', typed => {
    expect(parseSize(typed)).toBeUndefined();
  });
});

describe('the frame of a page', () => {
  it('lets no text out of its place and runs only the script with the nonce', () => {
    const html = pageHtml({ title: '</title><script>alert(1)</script>', language: '"en', nonce: 'abc', cspSource: 'https://x', script: 'https://x/a.js?"', styles: [] });
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toContain('alert(1)</script>');
    expect(html).toContain(`script-src &#39;nonce-abc&#39;`);
    expect(html).not.toContain('unsafe');
  });
});
