// npm run rig -- <part>…: installs the real tools the tests use. `npm test` and `npm start` do it by themselves.
import fs from 'node:fs';
import { ensureAnsible } from './ansible.mjs';
import { cacheDir, Unavailable } from './cache.mjs';
import { ensureChromium } from './chromium.mjs';
import { ensureHost } from './host.mjs';
import { ensureImageTools } from './imageTools.mjs';
import { ensureOpenSsh } from './openssh.mjs';
import { ensurePowerShell } from './powershell.mjs';
import { ensureQemu } from './qemu.mjs';
import { ensureVagrant } from './vagrant.mjs';
import { ensureVirtualBox, privateVirtualBox } from './virtualbox.mjs';

/** What each part is and how it is made. The order is that of `all`; `asked`: only when it is named. */
export const parts = {
  chromium: { about: "the browser that shows the workbench (Debian's Chromium without windows, 190 MB)", ensure: ensureChromium },
  vagrant: { about: "Debian's Vagrant (80 MB)", ensure: ensureVagrant },
  ansible: { about: "Debian's ansible-core (30 MB)", ensure: ensureAnsible },
  openssh: { about: "Debian's OpenSSH server, unpacked aside (2 MB)", ensure: ensureOpenSsh },
  qemu: { about: "Debian's QEMU for x86 (90 MB): a real screen and keyboard behind the console", ensure: ensureQemu },
  images: { about: 'qemu-img, xorriso, isoinfo and 7-Zip, which read what Gaia writes (Debian, 12 MB)', ensure: ensureImageTools },
  powershell: { about: 'the real PowerShell engine, built with the .NET 10 SDK (25 MB)', ensure: ensurePowerShell },
  virtualbox: { about: 'a private VirtualBox whose VMs start without a kernel driver (240 MB)', ensure: ensureVirtualBox },
  'virtualbox-qt': { about: 'another one that can show machines in windows, with Xvfb (800 MB): for the tests of starts with a window', ensure: () => ensureVirtualBox({ windows: true }), asked: true },
  host: { about: 'code-server = VS Code for the browser, and Node 24 (800 MB)', ensure: ensureHost },
};

const help = `npm run rig -- <part>...     installs parts of the rig into ${cacheDir} and, as root, with apt-get; a second run is instant
${Object.entries(parts).map(([name, { about }]) => `  ${name.padEnd(13)} ${about}`).join('\n')}
  all           all of them, but for virtualbox-qt
  env           makes a fresh private VirtualBox and prints its environment: eval "$(npm run -s rig -- env)"; VBoxManage list vms
  clean         removes what the rig has cached (not the Debian packages)
Environment: XDG_CACHE_HOME; GAIA_CHROMIUM (the browser to use); VBOX_RIG_MIRROR, VBOX_RIG_UPDATE=1, VBOX_RIG_EXTRA=virtualbox-qt (test/rig/get-virtualbox.sh)`;

/**
 * Installs the named parts side by side.
 * @returns {Promise<Record<string, {ok: boolean, reason?: string, error?: Error, seconds: number}>>} `reason`: why this machine cannot have it
 */
export async function ensureParts(names) {
  const results = await Promise.all(names.map(async name => {
    const started = Date.now(), seconds = () => Math.round((Date.now() - started) / 100) / 10;
    try {
      await parts[name].ensure();
      return [name, { ok: true, seconds: seconds() }];
    } catch (error) {
      return [name, { ok: false, seconds: seconds(), ...error instanceof Unavailable ? { reason: error.message } : { error } }];
    }
  }));
  return Object.fromEntries(results);
}

async function printEnvironment() {
  await ensureVirtualBox();
  const box = await privateVirtualBox();
  console.error(`A private VirtualBox in ${box.folder}; VMs start after: VBoxManage modifyvm VM --vm-execution-engine=interpreter`);
  for (const [name, value] of Object.entries(box.variables)) console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}

async function main(args) {
  if (!args.length || args.includes('--help') || args.includes('-h')) return console.log(help);
  if (args[0] === 'env') return printEnvironment();
  if (args[0] === 'clean') { fs.rmSync(cacheDir, { recursive: true, force: true }); return console.log(`removed ${cacheDir}`); }
  const names = args.includes('all') ? Object.keys(parts).filter(name => !parts[name].asked || args.includes(name)) : args;
  const unknown = names.filter(name => !parts[name]);
  if (unknown.length) { console.error(`no part named ${unknown.join(', ')}\n\n${help}`); process.exitCode = 2; return; }
  for (const [name, result] of Object.entries(await ensureParts(names))) {
    console.log(`${name.padEnd(13)} ${result.ok ? 'ready' : result.reason ? `not on this machine: ${result.reason}` : `FAILED: ${result.error.message}`}   (${result.seconds} s)`);
    if (!result.ok) process.exitCode = 1;
  }
}

if (process.argv[1] && import.meta.url.endsWith('/test/rig/rig.mjs') && process.argv[1].replaceAll('\\', '/').endsWith('rig/rig.mjs')) await main(process.argv.slice(2));
