// gaia_planChanges: what applying a .gaia.json text would change. Read-only.
import type { Tool } from './register.ts';

interface Input {
  readonly config: string;
}

export const planChanges: Tool<Input> = {
  prepare: () => ({ invocationMessage: 'Working out what would change' }),
  invoke: async (parts, { config }) => {
    const [{ gatherPlan }, { planAsText }] = await Promise.all([import('../plan/gather.ts'), import('../../config/plan/text.ts')]);
    await parts.ensureProviders();
    const { plan } = await gatherPlan(parts.registry, parts.fleet, config, new Map(), AbortSignal.timeout(120_000));
    return planAsText(plan);
  },
};
