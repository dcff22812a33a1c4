// Moving a machine to another node of its cluster.
import type { Machine } from '../../machines/machine.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { MigrationTarget, Provider } from '../../machines/provider.ts';
import { act } from '../act.ts';
import { ask, listed, namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { choose } from './inputs.ts';
import type { Arguments } from './targets.ts';
import { targetsOf } from './targets.ts';

const patienceMs = 30_000;

export async function migrate(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'migrate', title: t('Migrate Machine') }, args);
  if (!target) return;
  const { machine, provider } = target;
  const places = await placesFor(parts, machine, provider);
  if (!places) return;
  const place = await choose(t('Migrate “{0}” to', machine.name), places.map(candidate => ({ label: candidate.name, detail: candidate.refused === undefined ? (candidate.detail ?? '') : t(candidate.refused), value: candidate, refused: candidate.refused !== undefined })));
  if (place) await run(parts, machine, place.name);
}

/** Used by drag and drop: asks first, since a drop is easily a slip of the hand. Several go one after the other, by one question. */
export async function migrateDropped(parts: Parts, nodes: readonly { readonly machine: Machine; readonly provider: Provider }[], place: string): Promise<void> {
  const [only, ...others] = nodes;
  if (!only) return;
  if (others.length === 0) {
    await migrateTo(parts, only.machine, only.provider, place);
    return;
  }
  const fitting: Machine[] = [];
  const refused: string[] = [];
  for (const { machine, provider } of nodes) {
    const found = (await placesFor(parts, machine, provider))?.find(candidate => candidate.name === place);
    if (found && found.refused === undefined) fitting.push(machine);
    else refused.push(`${machine.name}: ${found?.refused === undefined ? t('cannot be migrated there') : t(found.refused)}`);
  }
  const names = fitting.map(machine => machine.name);
  const detail = [listed(names), refused.length === 0 ? '' : t('These stay: {0}', refused.join(' · '))].filter(text => text !== '').join('\n\n');
  if (fitting.length === 0) {
    await ask(t('None of these machines can be migrated to {0}.', place), detail, []);
    return;
  }
  if (!(await ask(t('Migrate {0} to {1}, one after the other?', namesOf(names), place), detail, [{ title: t('Migrate'), value: true }]))) return;
  for (const machine of fitting) await run(parts, machine, place);
}

async function migrateTo(parts: Parts, machine: Machine, provider: Provider, place: string): Promise<void> {
  const places = await placesFor(parts, machine, provider);
  if (!places) return;
  const found = places.find(candidate => candidate.name === place);
  if (found?.refused !== undefined || !found) {
    await ask(t('“{0}” cannot be migrated to {1}.', machine.name, place), found?.refused === undefined ? '' : t(found.refused), []);
    return;
  }
  if (await ask(t('Migrate “{0}” to {1}?', machine.name, place), found.detail ?? '', [{ title: t('Migrate'), value: true }])) await run(parts, machine, place);
}

async function run(parts: Parts, machine: Machine, target: string): Promise<void> {
  await act(parts, [{ verb: 'migrate', id: machine.id, target, ...(machine.state === 'running' ? { online: true } : {}) }]);
}

/** Best fit first. undefined = could not be found out, which was said. */
async function placesFor(parts: Parts, machine: Machine, provider: Provider): Promise<readonly MigrationTarget[] | undefined> {
  try {
    const targets = (await provider.migration?.targets(machine.id, AbortSignal.timeout(patienceMs))) ?? [];
    return [...targets].sort((a, b) => Number(a.refused !== undefined) - Number(b.refused !== undefined) || b.fit - a.fit);
  } catch (error) {
    void showFailure(parts, asGaiaError(error).about(machine.name));
    return undefined;
  }
}
