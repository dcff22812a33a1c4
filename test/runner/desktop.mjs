// npm run test:desktop: the host tests in desktop VS Code, for machines that can download it (or have one: GAIA_VSCODE=/path/to/code).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { root } from '../../build/setup.mjs';
import { bundleHostTests } from '../rig/bundle-tests.mjs';
import { onPath } from '../rig/cache.mjs';
import { readResults } from '../rig/host-runner.mjs';
import { privateVirtualBox } from '../rig/virtualbox.mjs';

const skip = reason => ({ passed: 0, failed: [], skipped: [{ name: 'all desktop tests', reason }] });

/** @param {{grep?: string, missing: Record<string, string>}} context */
export async function desktop({ grep, missing }) {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY && !onPath('xvfb-run')) return skip('desktop VS Code needs a display: set DISPLAY, or install xvfb');
  const { downloadAndUnzipVSCode, runTests, runVSCodeCommand } = await import('@vscode/test-electron');
  let vscode = process.env.GAIA_VSCODE;
  try {
    vscode ??= await downloadAndUnzipVSCode({ version: 'stable', cachePath: path.join(root, 'out/vscode') });
  } catch (error) {
    return skip(`VS Code could not be downloaded (${error.message}); GAIA_VSCODE=/path/to/code uses one that is there`);
  }
  const tests = (await bundleHostTests(root)).filter(file => !file.includes('.untrusted.'));
  const outcome = { passed: 0, failed: [], skipped: [], output: '' };
  for (const pass of ['unpacked', 'package']) {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-desktop-'));
    const results = path.join(home, 'results.jsonl'), workspace = path.join(home, 'workspace');
    fs.writeFileSync(results, '');
    fs.cpSync(path.join(root, 'examples'), workspace, { recursive: true });
    const profile = [`--user-data-dir=${path.join(home, 'data')}`, `--extensions-dir=${path.join(home, 'ext')}`];
    const box = missing.virtualbox ? undefined : await privateVirtualBox({ service: 'stays' });
    try {
      if (pass === 'package') await runVSCodeCommand([...profile, '--install-extension', path.join(root, 'out/gaia.vsix'), '--force'], { vscodeExecutablePath: vscode });
      const boot = path.join(home, 'boot');
      fs.mkdirSync(boot);
      fs.writeFileSync(path.join(boot, 'package.json'), JSON.stringify({ name: 'boot', publisher: 'gaia-rig', version: '0.0.0', engines: { vscode: '^1.105.0' } }));
      await runTests({
        vscodeExecutablePath: withDisplay(vscode, home),
        extensionDevelopmentPath: pass === 'unpacked' ? root : boot,
        extensionTestsPath: path.join(root, 'test/rig/host-entry.cjs'),
        launchArgs: [workspace, ...profile, '--disable-workspace-trust', '--skip-welcome', '--disable-gpu', ...process.getuid?.() === 0 ? ['--no-sandbox'] : []],
        extensionTestsEnv: {
          ...box?.variables, GAIA_HOST_PASS: pass, GAIA_HOST_RESULTS: results, GAIA_HOST_TESTS: JSON.stringify(tests), GAIA_HOST_GREP: grep ?? '',
          GAIA_HOST_MOCHA: path.dirname(createRequire(import.meta.url).resolve('mocha/package.json')),
        },
      });
    } catch (error) {
      outcome.failed.push(`${pass}: ${error.message ?? error}`);
    } finally {
      const report = readResults(results, line => { outcome.output += `${line}\n`; });
      report.read();
      if (!report.ended) outcome.failed.push(`${pass}: the tests did not finish`);
      outcome.passed += report.passed;
      outcome.failed.push(...report.failed.map(name => `${pass}: ${name}`));
      outcome.skipped.push(...report.skipped.map(one => ({ ...one, name: `${pass}: ${one.name}`, reason: one.reason ?? missing.virtualbox })));
      await box?.dispose();
      fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }
  return outcome;
}

/** Without a display: a script that starts VS Code in a virtual one. */
function withDisplay(vscode, home) {
  if (process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) return vscode;
  const script = path.join(home, 'code');
  fs.writeFileSync(script, `#!/bin/sh\nexec xvfb-run --auto-servernum '${vscode.replaceAll("'", "'\\''")}' "$@"\n`, { mode: 0o755 });
  return script;
}
