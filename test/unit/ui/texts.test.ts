import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verbs } from '../../../src/machines/actions.ts';
import type { Verb } from '../../../src/machines/actions.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { Lifecycle } from '../../../src/machines/provider.ts';
import { deletionChoices, deletionDetail, refusals } from '../../../src/ui/deletion.ts';
import { doctorReport } from '../../../src/ui/doctorReport.ts';
import { addressesOf, sshAuthority, sshEndpoints } from '../../../src/ui/endpoint.ts';
import { setTranslate, t } from '../../../src/ui/l10n.ts';
import { Repetitions, requestLine } from '../../../src/ui/requestLines.ts';
import { parseFilter } from '../../../src/ui/tree/filter.ts';
import { errorText, failureText, verbWords, wordsFor } from '../../../src/ui/words.ts';
import { fillIn } from '../../../src/machines/errors.ts';
import { aMachine, aProvider } from '../machines/builders.ts';

describe('the text of a failure', () => {
  it('says what could not be done, why, what was left and what to do', () => {
    const error = new GaiaError('partial', { message: 'The disk {0} stayed.', values: ['a.vdi'], left: 'The machine is gone.', hint: 'Delete {0} by hand.' });
    expect(failureText(error, verbWords.delete.failed('web'))).toBe('“web” could not be deleted. The disk a.vdi stayed. The machine is gone. Delete a.vdi by hand.');
    expect(errorText(error, { hint: false })).toBe('The disk a.vdi stayed. The machine is gone.');
  });

  it('is translated with its values', () => {
    setTranslate((message, ...values) => fillIn(message === 'No room on {0}.' ? 'Kein Platz auf {0}.' : message, values));
    try {
      expect(errorText(new GaiaError('noSpace', { message: 'No room on {0}.', values: ['/data'] }))).toBe('Kein Platz auf /data.');
    } finally {
      setTranslate((message, ...values) => fillIn(message, values));
    }
    expect(t('a {0}', 1)).toBe('a 1');
  });
});

describe('words', () => {
  it('exist for every verb, and name the machine', () => {
    for (const verb of Object.keys(verbs) as Verb[]) {
      for (const say of [verbWords[verb].doing, verbWords[verb].done, verbWords[verb].failed]) expect(say('the-name')).toContain('“the-name”');
    }
  });

  it('of a provider’s own verb are its title', () => {
    expect(wordsFor({ verb: 'extra', id: aMachine('web').id, extra: 'x' }, 'Discard Saved State').doing('web')).toBe('Discard Saved State: “web”');
  });
});

describe('the question before a delete', () => {
  const provider = {};
  const target = { machine: aMachine('web'), provider };

  it('lists the disks that go, those that stay and why, and the snapshots', () => {
    expect(deletionDetail([{ target, preview: { disks: [{ location: '/vm/a.vdi', usedBytes: 2 * 1024 ** 3, goes: true }, { location: '/shared/b.vdi', goes: false, why: 'Another machine uses it.' }], snapshots: 2 } }]))
      .toBe('These disks would be deleted for good:\n• /vm/a.vdi (2 GB)\n\nThese stay:\n• /shared/b.vdi: Another machine uses it.\n\n2 snapshots go too.');
  });

  it('names the machine of each disk when there are several, and does not run off the screen', () => {
    const disks = Array.from({ length: 20 }, (_, index) => ({ location: `/d${String(index)}`, goes: true }));
    const text = deletionDetail([{ target, preview: { disks, snapshots: 0 } }, { target: { machine: aMachine('db'), provider }, preview: { disks: [], snapshots: 0 } }]);
    expect(text).toContain('• web: /d0');
    expect(text).toContain('• and 9 more');
    expect(text.split('\n').length).toBeLessThan(16);
  });

  it('offers to keep disks only where there are some, and each of the providers can', () => {
    const going = { disks: [{ location: '/vm/a.vdi', goes: true }], snapshots: 0 };
    const never = { ...target, provider: { lifecycle: { keepsDisks: false } as unknown as Lifecycle } };
    const values = (previews: Parameters<typeof deletionChoices>[0]): readonly string[] => deletionChoices(previews).map(choice => `${choice.title}: ${choice.value}`);
    expect(values([{ target, preview: going }])).toEqual(['Delete with Disks: delete', 'Keep Disks: keep']);
    expect(values([{ target: never, preview: going }])).toEqual(['Delete with Disks: delete']);
    expect(values([{ target, preview: going }, { target: never, preview: going }])).toEqual(['Delete with Disks: delete']);
    expect(values([{ target, preview: { disks: [], snapshots: 0 } }])).toEqual(['Delete: delete']);
  });

  it('says what may not go', () => {
    expect(refusals([{ target, preview: { disks: [], snapshots: 0, refused: 'It is protected.' } }])).toBe('“web” cannot be deleted: It is protected.');
    expect(refusals([{ target, preview: { disks: [], snapshots: 0 } }])).toBe('');
  });
});

describe('a filter', () => {
  const web = aMachine('Web Server', { tags: ['front'], state: 'running', path: ['lab'] });
  it.each([
    ['web', true], ['WEB server', true], ['"web server"', true], ['"server web"', false], ['state:run', true], ['state:stopped', false], ['tag:front', true], ['tag:back', false],
    ['provider:fake', true], ['name:lab', false], ['lab', true], ['running', true], ['web state:stopped', false], ['nothing', false],
  ])('%s', (text, fits) => { expect(parseFilter(text)?.(web)).toBe(fits); });

  it('of nothing is none', () => {
    expect(parseFilter('  ')).toBeUndefined();
    expect(parseFilter('"')).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), text => { parseFilter(text)?.(web); }));
  });
});

describe('where a machine is reached', () => {
  const none = { portForwards: [], adapters: [] };

  it('is a forwarded port first, then its addresses, those behind NAT last', () => {
    expect(sshEndpoints({
      portForwards: [{ name: 'ssh', adapter: 1, protocol: 'tcp', hostPort: 2222, guestPort: 22 }, { name: 'web', adapter: 1, protocol: 'tcp', hostPort: 8080, guestPort: 80 }],
      adapters: [],
      guest: { addresses: ['10.0.2.15', 'fe80::1', '127.0.0.1', '192.168.56.10', '2001:db8::5'] },
    })).toEqual([{ host: '127.0.0.1', port: 2222 }, { host: '192.168.56.10', port: 22 }, { host: '2001:db8::5', port: 22 }, { host: '10.0.2.15', port: 22 }]);
    expect(sshEndpoints(none)).toEqual([]);
  });

  it('names each address once, without its prefix length', () => {
    expect(addressesOf({ adapters: [{ index: 0, mode: 'bridged', addresses: ['192.168.1.5/24'] }], guest: { addresses: ['192.168.1.5'] } })).toEqual(['192.168.1.5']);
  });

  it('is told to Remote-SSH', () => {
    expect(sshAuthority({ host: '10.0.0.5', port: 22 }, 'me')).toBe('ssh-remote+me@10.0.0.5');
    const hex = sshAuthority({ host: '127.0.0.1', port: 2222 }, 'me').slice('ssh-remote+'.length);
    expect(JSON.parse(Buffer.from(hex, 'hex').toString())).toEqual({ hostName: '127.0.0.1', user: 'me', port: 2222 });
  });
});

describe('the doctor', () => {
  it('reports versions, problems with what to do, and what the tool said', () => {
    const report = doctorReport([{
      provider: aProvider(),
      diagnosis: { usable: false, problems: [{ severity: 'error', code: 'fake.notInstalled', message: 'Not there.', hint: 'Install it.', actions: [{ title: 'Install', command: 'gaia.runInTerminal', args: ['apt install fake'] }], raw: 'ENOENT' }] },
    }], { gaia: '1.2.3', vscode: '1.105', app: 'VS Code', platform: 'linux x64', node: 'v22', remote: '', trusted: false });
    for (const part of ['Gaia 1.2.3', '❌ Fake', 'Not there. (`fake.notInstalled`)', 'Install it.', '`apt install fake`', 'ENOENT', 'not trusted']) expect(report).toContain(part);
  });
});

describe('the log', () => {
  const request = { text: 'VBoxManage list vms', durationMs: 22.6, status: 0, outcome: 'ok' } as const;

  it('says what was run, how it ended and how long it took', () => {
    expect(requestLine(request)).toBe('VBoxManage list vms → 0 (23 ms)');
    expect(requestLine({ ...request, status: 1, outcome: 'failed' })).toBe('VBoxManage list vms → failed 1 (23 ms)');
    expect(requestLine({ text: 'x', durationMs: 30000, outcome: 'timedOut' })).toBe('x → timedOut (30000 ms)');
  });

  it('tells news from what a poll repeats', () => {
    const repetitions = new Repetitions(2);
    expect([request, request, { ...request, status: 1, outcome: 'failed' as const }, request].map(one => repetitions.isRepeated(one))).toEqual([false, true, false, false]);
    repetitions.isRepeated({ ...request, text: 'a' });
    repetitions.isRepeated({ ...request, text: 'b' });
    expect(repetitions.isRepeated(request)).toBe(false);
  });
});
