// Divides test files into shards that take about as long as each other: vitest's own takes every n-th of them, whatever is in it.
import fs from 'node:fs';
import { BaseSequencer } from 'vitest/node';

/** About so long takes the start of a workbench, as so many tests. */
const startInTests = 2;

export default class EvenShards extends BaseSequencer {
  async shard(specifications) {
    const { index, count } = this.ctx.config.shard;
    const weights = new Map(specifications.map(one => [one, startInTests + (fs.readFileSync(one.moduleId, 'utf8').match(/\bit(\.\w+(\(.*?\))?)?\(/g)?.length ?? 0)]));
    const shards = Array.from({ length: count }, () => ({ weight: 0, files: [] }));
    // The heaviest first, each to the lightest shard.
    for (const one of [...specifications].sort((a, b) => weights.get(b) - weights.get(a) || a.moduleId.localeCompare(b.moduleId))) {
      const lightest = shards.reduce((least, shard) => (shard.weight < least.weight ? shard : least));
      lightest.files.push(one);
      lightest.weight += weights.get(one);
    }
    return shards[index - 1].files;
  }
}
