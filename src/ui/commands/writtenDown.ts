// What is made and belongs to no file, kept in the journal while it is made: if VS Code ends meanwhile, it is found again.
import { asGaiaError } from '../../machines/errors.ts';
import type { GaiaError } from '../../machines/errors.ts';
import type { Intent, Provider } from '../../machines/provider.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { journalOf } from '../plan/feature.ts';
import type { Journal } from '../plan/journal.ts';

/** `reserved`: the token that finds the work again. `intend`: writes down more, before it is made. */
type Make<T> = (reserved: string, intend: (intents: readonly Intent[]) => Promise<void>) => Promise<T>;

/** Rejects with what `make` rejects with. Nothing is made when that cannot be written down. */
export async function inJournal<T>(parts: Parts, provider: Provider, name: string, make: Make<T>): Promise<T> {
  const journal: Journal = journalOf(parts);
  const before = parts.fleet.entries().filter(entry => entry.provider.id === provider.id).flatMap(entry => entry.machines.map(machine => machine.id));
  const entry = await journal.begin(undefined, { name, provider: provider.id, connection: provider.connection.id }, before);
  let failure: unknown;
  try {
    return await make(entry.token, intents => journal.intend(entry, intents));
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    await journal.settle(entry, failure);
  }
}

/** The same for a command: `make` tells its own failure, and resolves with it. */
export async function writtenDown(parts: Parts, provider: Provider, name: string, make: Make<GaiaError | undefined>): Promise<void> {
  let told: GaiaError | undefined;
  await inJournal(parts, provider, name, async (reserved, intend) => {
    told = await make(reserved, intend);
    if (told) throw told;
  }).catch((error: unknown) => {
    if (error !== told) void showFailure(parts, asGaiaError(error));
  });
}
