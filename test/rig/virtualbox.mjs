// A private, real VirtualBox: its own settings, machines and VBoxSVC, apart from any other on this computer.
//   ensureVirtualBox()   installs it (get-virtualbox.sh)      privateVirtualBox()   a fresh, empty one for one test file
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atExit } from './atExit.mjs';
import { cacheDir, debianPackages, onPath, run, Unavailable } from './cache.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const recipe = ['get-virtualbox.sh', 'vbox_headless_driverless.c'].map(f => fs.readFileSync(path.join(here, f), 'utf8')).join('');
/** Named by its recipe: a changed script makes a new rig instead of trusting an old one. */
const rig = (suffix, packages) => {
  const prefix = path.join(cacheDir, `virtualbox-${createHash('sha256').update(recipe).digest('hex').slice(0, 8)}${suffix}`);
  return { prefix, packages, tools: { vboxmanage: path.join(prefix, 'bin/VBoxManage'), bin: path.join(prefix, 'bin'), bin70: path.join(prefix, 'bin70') } };
};
const slim = rig('', ''), windowed = rig('-qt', 'virtualbox-qt');

/** Installs the rig's VirtualBox; instant when it is there. `windows`: the larger one, which can show machines in windows. Throws Unavailable. */
export async function ensureVirtualBox({ windows = false } = {}) {
  const { prefix, packages, tools } = windows ? windowed : slim;
  const obstacle = virtualBoxObstacle();
  if (obstacle) throw new Unavailable(obstacle);
  await debianPackages([...onPath('gcc') ? [] : ['gcc', 'libc6-dev'], ...windows && !onPath('Xvfb') ? ['xvfb'] : [], ...onPath('unshare') && onPath('flock') ? [] : ['util-linux'],
    ...fs.existsSync('/usr/share/keyrings/debian-archive-keyring.gpg') ? [] : ['debian-archive-keyring']]);
  const enter = spawnSync('unshare', [...process.getuid() === 0 ? [] : ['--user', '--map-root-user'], '--mount', '--propagation', 'slave', 'mount', '--bind', '/usr', '/usr'], { encoding: 'utf8' });
  if (enter.status !== 0) throw new Unavailable(`the private VirtualBox needs mount namespaces, and this machine (a container?) refuses them: ${enter.stderr?.trim()}`);
  if (!fs.existsSync(path.join(prefix, 'VERSION'))) console.error(`rig: fetching VirtualBox (${windows ? 160 : 60} MB)`);
  await run('bash', [path.join(here, 'get-virtualbox.sh'), prefix], packages ? { env: { ...process.env, VBOX_RIG_EXTRA: packages } } : {});
  return { ...tools, version: fs.readFileSync(path.join(prefix, 'VERSION'), 'utf8').trim() };
}

function virtualBoxObstacle() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `the private VirtualBox is for Linux x64, this is ${process.platform} ${process.arch}`;
  if (!onPath('apt-get') || !onPath('dpkg-deb')) return 'the private VirtualBox is made of Debian packages, and this machine has no apt-get';
  return undefined;
}

/** Why there is no private VirtualBox here, or undefined when privateVirtualBox() will work. For `describe.skipIf`. */
export function virtualBoxMissing({ windows = false } = {}) {
  if (windows && !onPath('Xvfb')) return virtualBoxObstacle() ?? 'there is no Xvfb to show windows on: npm run rig -- virtualbox-qt';
  return fs.existsSync(path.join((windows ? windowed : slim).prefix, 'VERSION')) ? undefined : virtualBoxObstacle() ?? `the private VirtualBox is not installed: npm run rig -- virtualbox${windows ? '-qt' : ''}`;
}

/** A fresh VirtualBox with no machines, in a temporary folder. See virtualbox.d.mts. */
export async function privateVirtualBox({ folder: wanted, windows = false, service = 'comesAndGoes' } = {}) {
  const missing = virtualBoxMissing({ windows });
  if (missing) throw new Unavailable(missing);
  const folder = wanted ?? fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-vbox-'));
  // One VBoxSVC serves all of a user's calls, whatever VBOX_USER_HOME says, unless its socket is another.
  const box = open({ folder, tools: (windows ? windowed : slim).tools, socketId: `gaia-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}` });
  const forget = atExit(() => signal(processes(box.socketId), 'SIGTERM'));
  box.dispose = () => { forget(); return dispose(box, wanted === undefined); };
  for (const dir of [box.home, box.machineFolder]) fs.mkdirSync(dir, { recursive: true });
  if (service === 'stays') await box.keepService();
  await box.run(['setproperty', 'machinefolder', box.machineFolder]);
  return box;
}

/**
 * Starts VBoxSVC as one that stays. By itself it ends 5 s after its last client, and on a busy computer that is in the middle of a test
 * of something else. It ends with this process (`setpriv`), however that ends. `enter`: a command that starts it elsewhere (`nsenter --net=…`).
 */
async function keepService(box, ...enter) {
  signal(processes(box.socketId), 'SIGTERM');
  await gone(box.socketId, () => true, 10_000);
  const ready = path.join(box.folder, 'service.pid');
  fs.rmSync(ready, { force: true });
  const service = spawn('setpriv', ['--pdeathsig', 'TERM', ...enter, path.join(box.bin, 'VBoxSVC'), '--pidfile', ready], { env: { ...box.env, LC_ALL: 'C.UTF-8' }, stdio: 'ignore', detached: true });
  let ended;
  service.on('error', error => { ended = error.message; }).on('exit', code => { ended = `exit ${code}`; });
  // A call before it listens would start a second one.
  for (let i = 0; !fs.existsSync(ready); i++) {
    if (ended !== undefined || i > 600) throw new Error(`VBoxSVC did not start: ${ended ?? 'it says nothing'}`);
    await sleep(50);
  }
  service.unref();
}

const lockSays = /while it is locked|is already locked|is being (?:un)?locked|session was closed/;

function open({ folder, socketId, tools = slim.tools }) {
  const home = path.join(folder, 'home'), machineFolder = path.join(folder, 'machines');
  const variables = { VBOX_USER_HOME: home, VBOX_IPC_SOCKETID: socketId, PATH: `${tools.bin}${path.delimiter}${process.env.PATH ?? ''}` };
  const env = { ...process.env, ...variables };
  const box = { ...tools, folder, home, machineFolder, socketId, variables, env };
  // VirtualBox refuses arguments outside ASCII in the C locale. Only for the rig's own calls: the product has to see to it itself.
  box.call = (args, options) => call(box.vboxmanage, args, { ...env, LC_ALL: 'C.UTF-8' }, options);
  box.run = async (args, options) => {
    let result = await box.call(args, options);
    // A machine that has just stopped, or is just being looked at, is locked for a moment still.
    for (const end = Date.now() + 15_000; result.exitCode !== 0 && lockSays.test(result.stderr) && Date.now() < end;) {
      await sleep(250);
      result = await box.call(args, options);
    }
    if (result.exitCode !== 0) throw new Error(`VBoxManage ${args.join(' ')} failed (exit ${result.exitCode})\n${result.stderr || result.stdout}`);
    return result.stdout;
  };
  box.createVm = options => createVm(box, options);
  box.state = async vm => /^VMState="(.*)"\r?$/m.exec(await box.run(['showvminfo', vm, '--machinereadable']))?.[1];
  box.processes = () => processes(socketId);
  box.keepService = (...enter) => keepService(box, ...enter);
  return box;
}

function call(file, args, env, { timeoutMs = 120_000, input = '', cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', stdio: ['pipe', 'pipe', 'pipe'] });
    const out = [], err = [];
    child.stdout.on('data', chunk => out.push(chunk));
    child.stderr.on('data', chunk => err.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code, signal) => signal
      ? reject(new Error(`${path.basename(file)} ${args.join(' ')} did not answer within ${timeoutMs} ms`))
      : resolve({ exitCode: code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') }));
  });
}

/** A VM that can really start here: no kernel driver is needed by the interpreter. */
async function createVm(box, { name, group, memoryMiB = 64, cpus = 1, diskMiB, osType = 'Other_64', modify = [] }) {
  const said = await box.run(['createvm', '--name', name, '--ostype', osType, '--register', ...group ? ['--groups', group] : []]);
  const id = /^UUID: ([0-9a-f-]{36})/m.exec(said)?.[1];
  if (!id) throw new Error(`createvm named no UUID:\n${said}`);
  await box.run(['modifyvm', id, '--memory', String(memoryMiB), '--cpus', String(cpus), '--vram', '9', '--vm-execution-engine=interpreter', '--audio-driver', 'none', ...modify]);
  if (diskMiB) {
    const settings = /^CfgFile="(.*)"\r?$/m.exec(await box.run(['showvminfo', id, '--machinereadable']))?.[1] ?? box.machineFolder;
    const disk = path.join(path.dirname(settings), 'disk.vdi');
    await box.run(['createmedium', 'disk', '--filename', disk, '--size', String(diskMiB)]);
    await box.run(['storagectl', id, '--name', 'SATA', '--add', 'sata', '--portcount', '2']);
    await box.run(['storageattach', id, '--storagectl', 'SATA', '--port', '0', '--device', '0', '--type', 'hdd', '--medium', disk]);
  }
  return id;
}

/** The processes of one private VirtualBox (VBoxSVC, VBoxXPCOMIPCD, VBoxHeadless …), known by the socket's name in their environment. */
function processes(socketId) {
  const found = [];
  for (const pid of fs.readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const program = path.basename(fs.readlinkSync(`/proc/${pid}/exe`));
      if (/^V(?:irtual)?Box/.test(program) && fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`VBOX_IPC_SOCKETID=${socketId}`)) found.push({ pid: Number(pid), program });
    } catch { /* it has ended, or is another user's */ }
  }
  return found;
}

const gone = async (socketId, which, timeoutMs) => {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(50)) {
    if (!processes(socketId).some(which)) return true;
  }
  return false;
};

function signal(list, name) {
  for (const { pid } of list) try { process.kill(pid, name); } catch { /* ended meanwhile */ }
}

/** Switches everything off, waits until its processes have ended, then removes the folder. */
async function dispose(box, removeFolder) {
  const list = () => processes(box.socketId);
  const holds = p => p.program === 'VBoxHeadless' || p.program === 'VirtualBoxVM';
  if (list().some(holds)) {
    const running = (await box.call(['list', 'runningvms']).catch(() => ({ stdout: '' }))).stdout;
    await Promise.all([...running.matchAll(/\{([0-9a-f-]{36})\}\s*$/gm)].map(match => box.call(['controlvm', match[1], 'poweroff']).catch(() => {})));
    if (!await gone(box.socketId, holds, 5000)) signal(list().filter(holds), 'SIGKILL');
  }
  // By itself VBoxSVC ends some 5 s after its last client; SIGTERM makes it save and end at once.
  signal(list().filter(p => p.program === 'VBoxSVC'), 'SIGTERM');
  if (!await gone(box.socketId, () => true, 10_000)) { signal(list(), 'SIGKILL'); await gone(box.socketId, () => true, 2000); }
  fs.rmSync(path.join(os.tmpdir(), `.vbox-${box.socketId}-ipc`), { recursive: true, force: true });
  if (removeFolder) fs.rmSync(box.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The private VirtualBox that this process's environment already names: inside the extension host of a test. */
export function virtualBoxOfEnvironment() {
  const { VBOX_USER_HOME: home, VBOX_IPC_SOCKETID: socketId } = process.env;
  if (!home || !socketId?.startsWith('gaia-')) return undefined;
  // Found by PATH: the home folder, below which the rig lies, is another one in the extension host of a test.
  const bin = (process.env.PATH ?? '').split(path.delimiter).find(dir => fs.existsSync(path.join(dir, 'VBoxManage')));
  return open({ folder: path.dirname(home), socketId, ...bin ? { tools: { vboxmanage: path.join(bin, 'VBoxManage'), bin, bin70: path.join(path.dirname(bin), 'bin70') } } : {} });
}
