// docs/config.md says what the schema and the checks say.
import * as fs from 'node:fs';
import { expect, it } from 'vitest';
import { fileChecks, machineChecks } from '../../../src/config/check.ts';
import { configDocs } from '../../../src/config/docs.ts';

it('docs/config.md is up to date (node build/docs.mjs writes it)', () => {
  expect(fs.readFileSync('docs/config.md', 'utf8')).toBe(configDocs());
});

it('each code of a problem has its heading there', () => {
  for (const { code } of [...machineChecks, ...fileChecks]) expect(configDocs()).toContain(`\n### ${code}\n`);
});
