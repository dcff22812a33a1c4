// The tiers of tests: what each needs and how it is run. test/run.mjs puts them side by side.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../../build/setup.mjs';
import { atExit } from '../rig/atExit.mjs';

/**
 * @typedef {object} Outcome
 * @property {number} passed @property {string[]} failed @property {{name: string, reason?: string}[]} skipped @property {string} [output]
 * @property {{name: string, why: string}[]} [retried] passed at a further try, and what was wrong at the first
 * @property {{tier: string, args: string[], passed: number}} [again] how to run the files that failed once more, and how many of their tests passed
 * @typedef {object} Tier
 * @property {string} about @property {string[]} rig parts of the rig it cannot do without
 * @property {string[]} [wants] parts it can do without: its tests skip themselves
 * @property {boolean} [needsPackage] @property {boolean} [rememberable] what it says depends on the files of the project alone
 * @property {(context: {args: string[], grep?: string, missing: Record<string, string>}) => Promise<Outcome>} run
 */

/** A run of everything has the longest tiers in parts, so that no lane is idle at the end. */
const uiShards = ['1/4', '2/4', '3/4', '4/4'];
const hostPasses = ['unpacked', 'package', 'restricted'];
/** All tiers that a run of everything has, the longest first. */
export const everything = ['contract', ...uiShards.map(shard => `ui ${shard}`), ...hostPasses.map(pass => `host ${pass}`), 'unit', 'lint', 'types', 'manifest'];

/** @type {Record<string, Tier>} */
export const tiers = {
  lint: { about: 'eslint, with the import rules', rememberable: true, rig: [], run: () => once('eslint', node('node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0')) },
  types: { about: 'strict TypeScript: src, test and webview', rememberable: true, rig: [], run: types },
  manifest: { about: 'commands, texts and the content of the .vsix', rememberable: true, rig: [], needsPackage: true, run: () => once('manifest', node('build/check-commands.mjs')) },
  unit: { about: 'pure functions and recorded outputs (vitest)', rememberable: true, rig: [], run: context => vitest('unit', context) },
  contract: { about: 'what we send, against the real tools (vitest)', rememberable: true, rig: [], wants: ['virtualbox', 'vagrant', 'powershell', 'ansible', 'openssh', 'images'], run: context => vitest('contract', context) },
  host: hostTier('inside a real VS Code extension host (Mocha)', hostPasses),
  ...Object.fromEntries(hostPasses.map(pass => [`host ${pass}`, hostTier(`a part of host: ${{ unpacked: 'the extension as it lies here', package: 'the .vsix', restricted: 'a folder that is not trusted' }[pass]}`, [pass])])),
  ui: uiTier('what a person sees and clicks, in the real workbench (Playwright)'),
  ...Object.fromEntries(uiShards.map(shard => [`ui ${shard}`, uiTier(`a part of ui (${shard})`, `--shard=${shard}`)])),
  desktop: { about: 'the host tests in desktop VS Code, which is downloaded (@vscode/test-electron)', rig: [], wants: ['virtualbox'], needsPackage: true, run: async context => (await import('./desktop.mjs')).desktop(context) },
  live: { about: 'the hypervisors of this computer that GAIA_LIVE names (virtualbox,hyperv,wsl,proxmox)', rig: [], run: live },
};

function uiTier(about, ...shard) {
  return { about, rememberable: true, rig: ['chromium', 'host'], wants: ['virtualbox', 'openssh', 'qemu'], needsPackage: true, run: context => vitest('ui', { ...context, args: [...context.args, ...shard] }) };
}

function hostTier(about, passes) {
  return { about, rememberable: true, rig: ['chromium', 'host'], wants: ['virtualbox'], needsPackage: true, run: context => host(passes, context) };
}

/** A check that passes or fails as a whole. */
async function once(name, running) {
  const { code, output } = await running;
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? [] : [name], skipped: [], output };
}

async function types() {
  const projects = ['.', 'webview'].filter(project => fs.existsSync(path.join(root, project, 'tsconfig.json')));
  const outcome = { passed: 0, failed: [], skipped: [], output: '' };
  await (await import('../../build/generate.mjs')).generate();
  for (const project of projects) {
    // The native compiler: a sixth of the time. The older one beside it is for eslint, which needs it as a library.
    const { code, output } = await node('node_modules/typescript7/bin/tsc', '--noEmit', '-p', project);
    // A webview folder without sources is nothing to check.
    if (code === 0 || /error TS18003/.test(output)) outcome.passed++; else { outcome.failed.push(`tsc -p ${project}`); outcome.output += output; }
  }
  return outcome;
}

let runs = 0;

async function vitest(tier, { args, missing }) {
  const config = tier === 'unit' ? 'vitest.config.ts' : `vitest.${tier}.config.ts`;
  const results = path.join(root, `out/results/${config.replace(/\.ts$/, '')}.${process.pid}.${++runs}.json`);
  fs.mkdirSync(path.dirname(results), { recursive: true });
  const { code, output } = await node('node_modules/vitest/vitest.mjs', 'run', '--config', config, '--passWithNoTests', '--reporter=default', '--reporter=./test/runner/vitestReporter.mjs', ...args,
    { GAIA_RESULTS: results, ...color() });
  if (!fs.existsSync(results)) return { passed: 0, failed: code === 0 ? [] : [`${config}: vitest did not finish (exit ${code})`], skipped: [], output };
  const outcome = JSON.parse(fs.readFileSync(results, 'utf8'));
  fs.rmSync(results);
  const known = Object.values(missing).join('; ') || undefined;
  for (const skip of outcome.skipped) skip.reason ??= known;
  if (code !== 0 && !outcome.failed.length) outcome.failed.push(`vitest ended with exit ${code}`);
  const { files, ...told } = outcome;
  return { ...told, ...files.length ? { again: { tier, args: files.map(one => one.file), passed: files.reduce((sum, one) => sum + one.passed, 0) } } : {}, output: output.split('\n').filter(line => !passedLine.test(line)).join('\n') };
}

/** Vitest's lines for what went well: they hide the others. */
const passedLine = /^\s*(\x1b\[\d+m)*\s*[✓↓]/;

const color = () => process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };

/** Made once for all passes. */
let hostBundles;

/** The same files on the unpacked extension and on the package; `*.untrusted.test.ts` in restricted mode. */
async function host(names, { grep, missing, args }) {
  const [{ bundleHostTests }, { runInHost }, { privateVirtualBox }] = await Promise.all([import('../rig/bundle-tests.mjs'), import('../rig/host-runner.mjs'), import('../rig/virtualbox.mjs')]);
  hostBundles ??= bundleHostTests(root);
  const bundles = (await hostBundles).filter(file => args.every(arg => arg.startsWith('-') || file.includes(arg)));
  if (!bundles.length) return { passed: 0, failed: [], skipped: [{ name: 'host', reason: 'there are no host tests' }] };
  const outcome = { passed: 0, failed: [], skipped: [], output: '' };
  const restricted = bundles.filter(file => file.includes('.untrusted.')), ordinary = bundles.filter(file => !restricted.includes(file));
  const passes = [
    { name: 'unpacked', tests: ordinary, extension: root },
    { name: 'package', tests: ordinary, vsix: path.join(root, 'out/gaia.vsix') },
    { name: 'restricted', tests: restricted, extension: root, trust: true },
  ].filter(({ name, tests }) => tests.length && names.includes(name) && !args.some(arg => arg.startsWith('--only=') && arg !== `--only=${name}`));
  for (const { name, ...pass } of passes) {
    const failedBefore = outcome.failed.length;
    const box = missing.virtualbox ? undefined : await privateVirtualBox({ service: 'stays' });
    try {
      outcome.output += `${name}\n`;
      const result = await runInHost({ ...pass, workspace: path.join(root, 'examples'), env: { ...box?.variables, GAIA_HOST_PASS: name }, grep, keep: args.includes('--keep'), say: line => { outcome.output += `${line}\n`; } });
      outcome.passed += result.passed;
      outcome.failed.push(...result.failed.map(test => `${name}: ${test}`));
      outcome.skipped.push(...result.skipped.map(skip => ({ ...skip, reason: skip.reason ?? missing.virtualbox, name: `${name}: ${skip.name}` })));
    } catch (error) {
      outcome.failed.push(`${name}: ${error.message.split('\n')[0]}`);
      outcome.output += `${error.stack}\n`;
    } finally {
      await box?.dispose();
    }
    if (outcome.failed.length > failedBefore && names.length === 1) outcome.again = { tier: `host ${name}`, args, passed: outcome.passed };
  }
  return outcome;
}

async function live(context) {
  if (!process.env.GAIA_LIVE) return { passed: 0, failed: [], skipped: [{ name: 'live', reason: 'GAIA_LIVE does not say which real hypervisors may be used, e.g. GAIA_LIVE=virtualbox npm run test:live' }] };
  const known = fs.readdirSync(path.join(root, 'test/live')).filter(file => file.endsWith('.test.ts')).map(file => file.replace('.test.ts', ''));
  const strangers = process.env.GAIA_LIVE.split(',').filter(name => !known.includes(name));
  const outcome = await vitest('live', context);
  outcome.skipped.push(...strangers.map(name => ({ name, reason: `test/live/ has no tests for it, only for ${known.join(', ')}` })));
  return outcome;
}

/** Runs a Node script of the project; the last argument may be more environment. */
function node(...args) {
  const env = typeof args.at(-1) === 'object' ? args.pop() : {};
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' });
    // The group: vitest's workers do not end by themselves when it is killed, and some not even when asked.
    const forget = atExit(() => {
      if (process.platform === 'win32') { child.kill(); return; }
      process.kill(-child.pid, 'SIGTERM');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
      process.kill(-child.pid, 'SIGKILL');
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', chunk => { output += chunk; });
    child.stderr.setEncoding('utf8').on('data', chunk => { output += chunk; });
    child.on('error', reject);
    child.on('close', code => { forget(); resolve({ code, output }); });
  });
}
