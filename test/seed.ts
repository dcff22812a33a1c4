// What is drawn at random is drawn from the seed of the run (test/run.mjs), in a second try too: what fails for a reason fails again.
import fc from 'fast-check';

const seed = process.env['GAIA_SEED'];
if (seed) fc.configureGlobal({ seed: Number(seed) });
