// A picture of the machine's screen. VBoxManage writes only to files, so there is one for an instant, in a folder nobody else can read.
import { randomUUID } from 'node:crypto';
import * as path from 'node:path';
import { GaiaError } from '../../machines/errors.ts';
import type { Screenshot } from '../../machines/provider.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';

const largestBytes = 64 * 1024 * 1024;

export function createScreenshot(tool: Tool): Screenshot {
  return {
    async take(id, signal) {
      const { files, platform } = tool.doors;
      const folder = path.join(platform.temporary, `gaia-${randomUUID()}`);
      const file = path.join(folder, 'screen.png');
      await files.makeFolder(folder);
      try {
        await tool.ask(requests.screenshot(nativeId(id), file), signal);
        const bytes = await files.readRange(file, 0, Math.min(largestBytes, (await files.fileInfo(file))?.sizeBytes ?? 0));
        if (bytes.length === 0) throw new GaiaError('unexpected', { message: 'VirtualBox gave no picture of the screen.' });
        return bytes;
      } finally {
        await files.removeAll(folder).catch(() => undefined);
      }
    },
  };
}
