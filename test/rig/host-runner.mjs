// Runs Mocha tests inside a real VS Code extension host: what @vscode/test-electron does, without the desktop download.
// How: the server gets the list of test files in its environment (the extension host inherits it); the workbench is told to load
// host-entry.cjs as the module of tests; that runs Mocha and writes a line of JSON a test, which is read here while it grows.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { developExtension, launchBrowser, stopAnimations } from './browser.mjs';
import { ensureHost } from './host.mjs';
import { startServer } from './server.mjs';

const entry = path.join(path.dirname(fileURLToPath(import.meta.url)), 'host-entry.cjs');
const mocha = path.dirname(createRequire(import.meta.url).resolve('mocha/package.json'));

/**
 * @param {object} options
 * @param {string[]} options.tests bundled test files (CommonJS), absolute
 * @param {string} options.workspace copied first: tests may write
 * @param {string} [options.extension] the unpacked extension (development mode)
 * @param {string} [options.vsix] or the packaged one, as a user gets it
 * @param {boolean} [options.trust] restricted mode
 * @param {Record<string, string>} [options.env] @param {Record<string, unknown>} [options.settings]
 * @param {string} [options.grep] @param {number} [options.timeoutMs] of the whole run @param {boolean} [options.keep] keeps the folder
 * @param {(line: string) => void} [options.say]
 * @returns {Promise<{passed: number, failed: string[], skipped: {name: string, reason?: string}[]}>}; throws when the tests could not run
 */
export async function runInHost({ tests, workspace, extension, vsix, trust, env, settings, grep, timeoutMs = 300_000, keep = false, say = console.log }) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-host-'));
  const results = path.join(home, 'results.jsonl'), folder = path.join(home, 'workspace');
  fs.cpSync(workspace, folder, { recursive: true });
  fs.writeFileSync(results, '');
  const pageLog = fs.createWriteStream(path.join(home, 'page.log'));
  let server, browser, page, finished = false;
  try {
    server = await startServer({
      host: await ensureHost(), home, vsix, trust, settings,
      env: { ...env, GAIA_HOST_MOCHA: mocha, GAIA_HOST_RESULTS: results, GAIA_HOST_GREP: grep ?? '', GAIA_HOST_TESTS: JSON.stringify(tests) },
    });
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] })).newPage();
    page.on('console', message => pageLog.write(`${message.type()} ${message.text()}\n`));
    page.on('pageerror', error => pageLog.write(`page error ${error}\n`));
    const exited = new Promise(resolve => page.exposeFunction('codeAutomationExit', () => resolve('ended')));
    await page.exposeFunction('codeAutomationLog', (type, args) => pageLog.write(`host ${type} ${JSON.stringify(args)}\n`));
    await stopAnimations(page);
    // Without an extension under development (the .vsix is installed) the boot folder stands in for it: it only carries the tests.
    await developExtension(page, { authority: server.authority, extension: extension ?? bootExtension(home), tests: entry });
    await page.goto(server.folderUrl(folder));

    const report = readResults(results, say);
    const timer = setInterval(report.read, 100);
    const why = await Promise.race([exited, server.ended.then(() => 'were cut off: the server ended'), sleep(timeoutMs, 'were stopped: they took too long', { ref: false })]);
    clearInterval(timer);
    report.read();
    if (!report.ended) throw new Error(`the tests in the extension host ${why}; look into ${home}`);
    finished = true;
    if (!report.passed && !report.failed.length && !report.skipped.length && !grep) throw new Error('no test ran');
    return { passed: report.passed, failed: report.failed, skipped: report.skipped };
  } catch (error) {
    await page?.screenshot({ path: path.join(home, 'failed.png') }).catch(() => {});
    throw error;
  } finally {
    await browser?.close().catch(() => {});
    await server?.stop();
    pageLog.end();
    if (finished && !keep) fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    else say(`kept ${home}`);
  }
}

function bootExtension(home) {
  const folder = path.join(home, 'boot');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'boot', publisher: 'gaia-rig', version: '0.0.0', engines: { vscode: '^1.105.0' } }));
  return folder;
}

/** Follows the results file that host-entry.cjs writes. */
export function readResults(file, say) {
  const report = { passed: 0, failed: [], skipped: [], ended: false, read };
  let at = 0;
  const kinds = {
    pass: ({ name, ms }) => { report.passed++; say(`  ok    ${name} (${ms} ms)`); },
    skip: ({ name, reason }) => { report.skipped.push({ name, reason }); say(`  skip  ${name}${reason ? ` (${reason})` : ''}`); },
    fail: ({ name, error }) => { report.failed.push(name); say([`  FAIL  ${name}`, ...readable(error)].join('\n        ')); },
    crash: ({ error }) => { kinds.fail({ name: '(loading the tests)', error }); report.ended = true; },
    log: ({ text }) => say(readable(text).map(line => `        | ${line}`).join('\n')),
    end: () => { report.ended = true; },
  };
  function read() {
    const lines = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
    for (; at < lines.length; at++) { const line = JSON.parse(lines[at]); kinds[line.kind](line); }
  }
  return report;
}

/** Without colours, and without the frames of the editor and of Mocha: they say nothing. */
function readable(text) {
  return text.replace(/\x1b\[\d+m/g, '').split('\n').filter(line => !/^\s+at .*(node:internal|extensionHostProcess\.js|\/mocha\/lib\/)/.test(line));
}
