// gaia_planChanges: what applying a .gaia.json text would change. Read-only.
import { createApi } from '../../api.ts';
import type { Tool } from './register.ts';

interface Input {
  readonly config: string;
}

export const planChanges: Tool<Input> = {
  prepare: () => ({ invocationMessage: 'Working out what would change' }),
  invoke: async (parts, { config }) => JSON.stringify(await createApi(parts).plan(config), undefined, 1),
};
