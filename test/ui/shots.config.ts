// Makes the README's pictures (test/ui/readme.shots.ts). Not part of `npm test`.
import { defineConfig, mergeConfig } from 'vitest/config';
import ui from '../../vitest.ui.config.ts';

const config = mergeConfig(ui, defineConfig({ test: { testTimeout: 240_000, hookTimeout: 300_000 } }));
if (config.test) config.test.include = ['test/ui/*.shots.ts'];
export default config;
