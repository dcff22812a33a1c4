// One build at a time: `npm start`, `npm test` and a build by hand share dist/.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './setup.mjs';

const file = path.join(root, 'out/build.lock');

/** Waits until no other process builds, then does the work. A lock whose process has ended is not heeded. */
export async function withBuildLock(work) {
  if (process.env.GAIA_BUILD_LOCK_HELD) return work();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let tries = 0; !take(); tries++) {
    if (tries === 0) console.error('waiting for another build of this folder');
    await sleep(200);
  }
  process.env.GAIA_BUILD_LOCK_HELD = '1';
  try {
    return await work();
  } finally {
    delete process.env.GAIA_BUILD_LOCK_HELD;
    fs.rmSync(file, { force: true });
  }
}

function take() {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    const owner = Number(fs.readFileSync(file, 'utf8'));
    if (owner > 0) process.kill(owner, 0);
    // An empty file is one that is just being written; an old one was left by a crash.
    else if (Date.now() - fs.statSync(file).mtimeMs > 5000) fs.rmSync(file, { force: true });
  } catch (error) {
    if (error.code === 'ESRCH') fs.rmSync(file, { force: true });
  }
  return false;
}
