// Runs Debian's own Ruby, for the tests that ask it what a literal means.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** The path of a Ruby that has Vagrant's gem, or undefined. `GAIA_RUBY` names another one. */
export const ruby = [process.env.GAIA_RUBY, '/usr/bin/ruby'].find(path => path && fs.existsSync(path));

/** Runs a script with `input` on its stdin; its stdout as text. Throws with stderr when it fails. */
export function runRuby(script: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): string {
  if (!ruby) throw new Error('no ruby: apt-get install ruby vagrant');
  const done = spawnSync(ruby, [...script], { input, env: { ...process.env, LANG: 'C.UTF-8', ...env }, maxBuffer: 1 << 28, encoding: 'utf8', timeout: 300_000 });
  if (done.status !== 0) throw new Error(`ruby ended with ${String(done.status ?? done.signal)}: ${done.stderr.slice(-4000)}`);
  return done.stdout;
}
