// Loaded by the extension host as its module of tests (host-runner.mjs): runs Mocha, writes one line of JSON a test.
'use strict';
const fs = require('node:fs');
const util = require('node:util');
const Mocha = require(process.env.GAIA_HOST_MOCHA);

const put = line => fs.appendFileSync(process.env.GAIA_HOST_RESULTS, `${JSON.stringify(line)}\n`);
const text = error => String((error && error.stack) || error);

/** What tests print. Plain assignment to console.* is a no-op in the extension host. */
function captureConsole() {
  for (const name of ['log', 'info', 'warn', 'error']) {
    const original = console[name];
    Object.defineProperty(console, name, { configurable: true, value: (...args) => {
      const said = util.format(...args);
      if (!said.includes('spdlog')) put({ kind: 'log', text: said });
      original.apply(console, args);
    } });
  }
}

/** Resolves always: the results file has the word. */
exports.run = () => new Promise(resolve => {
  try {
    captureConsole();
    const mocha = new Mocha({ ui: 'bdd', reporter: function Silent() {}, timeout: process.env.CI ? 90_000 : 30_000, retries: process.env.CI ? 1 : 0, grep: process.env.GAIA_HOST_GREP || undefined });
    for (const file of JSON.parse(process.env.GAIA_HOST_TESTS)) mocha.addFile(file);
    const runner = mocha.run(() => { put({ kind: 'end' }); resolve(); });
    runner.on('pass', test => put({ kind: 'pass', name: test.fullTitle(), ms: test.duration }));
    runner.on('fail', (test, error) => put({ kind: 'fail', name: test.fullTitle(), error: text(error) }));
    runner.on('pending', test => put({ kind: 'skip', name: test.fullTitle(), reason: test.reason ?? test.ctx?.reason }));
  } catch (error) {
    put({ kind: 'crash', error: text(error) });
    resolve();
  }
});
