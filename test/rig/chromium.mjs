// The browser that shows the workbench: Debian's chromium, or one that is there already.
import { debianPackages, onPath } from './cache.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const find = () => process.env.GAIA_CHROMIUM || names.map(onPath).find(Boolean);

/** The path of a Chromium; installs Debian's where none is there. Throws Unavailable. */
export async function ensureChromium() {
  if (!find()) await debianPackages(['chromium', 'fonts-dejavu-core']);
  return find();
}
