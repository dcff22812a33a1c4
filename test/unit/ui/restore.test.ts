// A restore from the cluster page is written down while it runs: what is left when VS Code ends is found by it.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import { restore } from '../../../src/ui/cluster/restore.ts';
import type { Parts } from '../../../src/ui/parts.ts';
import { Journal } from '../../../src/ui/plan/journal.ts';

let folder = '';
vi.mock('vscode', () => ({ env: { language: 'en' }, l10n: { t: (message: string) => message }, window: {} }));
vi.mock('../../../src/ui/l10n.ts', () => ({ t: (message: string, ...values: readonly string[]) => [message, ...values].join(' ') }));
vi.mock('../../../src/ui/notify.ts', () => ({ showFailure: () => undefined }));
vi.mock('../../../src/ui/commands/inputs.ts', () => ({ choose: async (_title: string, items: readonly { value: unknown }[]) => items[0]?.value }));
vi.mock('../../../src/ui/confirm.ts', () => ({ ask: async () => true }));
vi.mock('../../../src/ui/words.ts', () => ({ formatBytes: String }));
vi.mock('../../../src/ui/plan/feature.ts', () => ({ journalOf: () => new Journal(folder) }));
vi.mock('../../../src/ui/cluster/work.ts', () => ({
  work: async (_parts: unknown, _title: string, todo: (context: OperationContext) => Promise<unknown>) => todo({ signal: new AbortController().signal, progress: () => undefined, output: () => undefined }).catch(() => undefined),
}));

beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'gaia-restore-')); });
afterEach(async () => { await rm(folder, { recursive: true }); });

const entries = async (): Promise<readonly Record<string, unknown>[]> => Promise.all((await readdir(folder)).map(async file => JSON.parse(await readFile(path.join(folder, file), 'utf8')) as Record<string, unknown>));

async function restoring(end: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  let during: readonly Record<string, unknown>[] = [];
  const backup = { volid: 'local:backup/vzdump-qemu-100-x.vma.zst', name: 'vzdump-qemu-100-x.vma.zst', storage: 'local', node: 'pve', vmid: 100 };
  const provider = {
    id: 'proxmox', connection: { id: 'lab' }, cluster: { latest: () => ({ nodes: [{ name: 'pve', online: true }] }) },
    backups: {
      list: async () => [backup],
      restore: async (_backup: unknown, options: unknown, context: OperationContext) => {
        expect(options).toEqual({ node: 'pve' });
        await context.intend?.([{ kind: 'machine', id: 'proxmox:lab:qemu/101' as never, is: 'asked' }]);
        during = await entries();
        return end();
      },
    },
  } as unknown as ProxmoxProvider;
  const known = { provider, machines: [{ id: 'proxmox:lab:qemu/7', name: 'other', extra: { vmid: 7 } }] };
  await restore({ fleet: { entry: () => known, entries: () => [known], refresh: async () => undefined } } as unknown as Parts, provider, backup.volid);
  return during;
}

it('is in the journal with its number while it runs, and is out of it when it has ended', async () => {
  expect(await restoring(async () => 'proxmox:lab:qemu/101')).toMatchObject([{ name: '100', provider: 'proxmox', connection: 'lab', before: ['proxmox:lab:qemu/7'], intents: [{ kind: 'machine', id: 'proxmox:lab:qemu/101', is: 'asked' }] }]);
  expect(await entries()).toEqual([]);
});

it('stays there when nobody knows how it ended, and goes when it failed and left nothing', async () => {
  await restoring(() => Promise.reject(new GaiaError('failed' as never, { message: 'no room' })));
  expect(await entries()).toEqual([]);
  await restoring(() => Promise.reject(new GaiaError('didNotAnswer', { message: 'gone' })));
  expect(await entries()).toMatchObject([{ name: '100' }]);
});
