// What a delete would take along, as text for its confirmation. Pure.
import type { DeletionPreview, Provider } from '../machines/provider.ts';
import type { Target } from './commands/targets.ts';
import { t } from './l10n.ts';
import { formatBytes } from './words.ts';

export interface Previewed {
  readonly target: Pick<Target, 'machine'> & { readonly provider: Pick<Provider, 'lifecycle'> };
  readonly preview: DeletionPreview;
}

const mostLines = 12;

/** Disks that go, disks that stay and why, and snapshots; named by machine when there are several. */
export function deletionDetail(previews: readonly Previewed[]): string {
  const goes: string[] = [];
  const stays: string[] = [];
  let snapshots = 0;
  for (const { target, preview } of previews) {
    const prefix = previews.length > 1 ? `${target.machine.name}: ` : '';
    snapshots += preview.snapshots;
    for (const disk of preview.disks) {
      const size = disk.usedBytes === undefined ? '' : ` (${formatBytes(disk.usedBytes)})`;
      if (disk.goes) goes.push(`• ${prefix}${disk.location}${size}`);
      else stays.push(`• ${prefix}${disk.location}${size}${disk.why === undefined ? '' : `: ${t(disk.why)}`}`);
    }
  }
  return [
    section(t('These disks would be deleted for good:'), goes),
    section(t('These stay:'), stays),
    snapshots === 0 ? '' : snapshots === 1 ? t('1 snapshot goes too.') : t('{0} snapshots go too.', snapshots),
  ].filter(part => part !== '').join('\n\n');
}

/** The buttons of the question. Disks can only be kept where each of the providers can keep them. */
export function deletionChoices(previews: readonly Previewed[]): readonly { readonly title: string; readonly value: 'delete' | 'keep' }[] {
  if (!previews.some(({ preview }) => preview.disks.some(disk => disk.goes))) return [{ title: t('Delete'), value: 'delete' }];
  const keeps = previews.every(({ target }) => target.provider.lifecycle?.keepsDisks !== false);
  return [{ title: t('Delete with Disks'), value: 'delete' }, ...(keeps ? [{ title: t('Keep Disks'), value: 'keep' as const }] : [])];
}

/** Which of the machines may not be deleted, and why. '' = all may. */
export function refusals(previews: readonly Previewed[]): string {
  return previews.flatMap(({ target, preview }) => (preview.refused === undefined ? [] : [t('“{0}” cannot be deleted: {1}', target.machine.name, t(preview.refused))])).join('\n');
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines - 1), t('• and {0} more', lines.length - mostLines + 1)] : lines;
  return [title, ...shown].join('\n');
}
