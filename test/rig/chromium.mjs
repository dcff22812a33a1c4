// The browser that shows the workbench: Debian's Chromium without its own windows, or one that is there already.
import { debianPackages, onPath, Unavailable } from './cache.mjs';

/** The shell first: with no windows of its own it needs a tenth less of the processor, and half the packages. */
const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const find = () => process.env.GAIA_CHROMIUM || names.map(onPath).find(Boolean);

/** The path of a Chromium; installs Debian's where none is there. Throws Unavailable. */
export async function ensureChromium() {
  if (find()) return find();
  try {
    await debianPackages(['chromium-headless-shell', 'fonts-dejavu-core']);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    await debianPackages(['chromium', 'fonts-dejavu-core']);
  }
  return find();
}
