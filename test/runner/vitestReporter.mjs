// Tells test/run.mjs what became of each test: a JSON file, named in GAIA_RESULTS.
import fs from 'node:fs';
import path from 'node:path';

export default class ResultsFile {
  onTestRunEnd(modules, unhandledErrors) {
    const results = { passed: 0, failed: [], skipped: [], files: [], retried: [], times: {} };
    for (const module of modules) {
      const file = path.relative(process.cwd(), module.moduleId).replaceAll('\\', '/');
      results.times[file] = Math.round(module.diagnostic().duration);
      const broken = module.errors?.() ?? [];
      const before = { passed: results.passed, failed: results.failed.length };
      for (const test of module.children.allTests()) {
        const { state, note, errors } = { ...test.result() };
        if (state === 'passed') {
          results.passed++;
          if (test.diagnostic()?.flaky) results.retried.push({ name: `${file}: ${test.fullName}`, why: firstLine(errors?.[0]?.message) });
        } else if (state === 'failed') results.failed.push(`${file}: ${test.fullName}`);
        else results.skipped.push({ name: test.fullName, reason: note ?? reasonInTitle(test.fullName) });
      }
      const suites = [...module.children.allSuites?.() ?? []].filter(suite => suite.errors?.().length);
      if (broken.length || suites.length) results.failed.push(`${file}: could not run`);
      if (results.failed.length > before.failed) results.files.push({ file, passed: results.passed - before.passed });
    }
    if (unhandledErrors.length) results.failed.push(`${unhandledErrors.length} unhandled error(s)`);
    fs.writeFileSync(process.env.GAIA_RESULTS, JSON.stringify(results));
  }
}

const firstLine = (text = '') => text.replace(/\x1b\[\d+m/g, '').trim().split('\n')[0].slice(0, 160);

/** `describe.skipIf(why)(\`VirtualBox (needs ${…})\`)`: the reason stands in the title. */
function reasonInTitle(name) {
  return /\((?:needs|skipped:?) ([^)]+)\)/.exec(name)?.[1];
}
