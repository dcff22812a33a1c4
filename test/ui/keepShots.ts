// For every UI test: a picture of each open window when it fails, in out/shots/.
import { afterEach } from 'vitest';
import { openWorkbenches } from './pages/workbench.ts';

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const workbench of openWorkbenches) {
    const file = await workbench.screenshot(`failed ${task.suite?.name ?? ''} ${task.name}`, { always: true }).catch(String);
    console.error(`screenshot: ${file}`);
    // What the failed test left open must not fail the next one.
    for (let i = 0; i < 3; i++) await workbench.page.keyboard.press('Escape').catch(() => {});
  }
});
