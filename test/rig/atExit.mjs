// Clean-up that also happens when the process is ended from outside: nothing a test started may outlive it.
const work = new Set();
let installed = false;

/** Runs `clean` (synchronous) when this process ends, by itself, by a signal, or because the test runner above it went away. Returns what takes it back. */
export function atExit(clean) {
  if (!installed) install();
  work.add(clean);
  return () => work.delete(clean);
}

function install() {
  installed = true;
  process.on('exit', () => {
    for (const clean of [...work].reverse()) try { clean(); } catch { /* the others still have to happen */ }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // Where somebody handles the signal (npm start), it ends the process in its own way.
    process.on(signal, () => { if (process.listenerCount(signal) === 1) process.exit(130); });
  }
  process.on('disconnect', () => process.exit(130));
}
