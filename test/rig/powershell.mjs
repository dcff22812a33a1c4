// The real PowerShell engine, built from NuGet's System.Management.Automation with the .NET 10 SDK (20 s, 25 MB), and a process that asks it.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atExit } from './atExit.mjs';
import { cacheDir, onPath, run, Unavailable } from './cache.mjs';

const sources = path.join(path.dirname(fileURLToPath(import.meta.url)), 'powershell');
const files = fs.readdirSync(sources).filter(file => /\.(?:cs|csproj)$/.test(file)).sort();
const version = createHash('sha256').update(files.map(file => fs.readFileSync(path.join(sources, file), 'utf8')).join('\0')).digest('hex').slice(0, 8);
const dir = path.join(cacheDir, `powershell-${version}`);
const program = path.join(dir, 'powershell-engine.dll');

/** Why this machine cannot have it: undefined where there is a .NET SDK of version 10 or later. */
function sdkMissing() {
  const dotnet = onPath('dotnet');
  const versions = dotnet ? (spawnSync(dotnet, ['--list-sdks'], { encoding: 'utf8', timeout: 30_000 }).stdout ?? '') : '';
  return /^[1-9]\d\./m.test(versions) ? undefined : 'needs the .NET 10 SDK (dotnet) on PATH';
}

/**
 * Builds the engine where it is not built yet. Throws Unavailable.
 * @returns {Promise<{program: string}>}
 */
export async function ensurePowerShell() {
  if (fs.existsSync(program)) return { program };
  const missing = sdkMissing();
  if (missing) throw new Unavailable(missing);
  console.error('rig: building the PowerShell engine (.NET, about 20 s)');
  fs.mkdirSync(cacheDir, { recursive: true });
  const part = `${dir}.${process.pid}.part`;        // made aside, then renamed: a cut-off build is never taken for a whole one
  try {
    fs.mkdirSync(path.join(part, 'src'), { recursive: true });
    for (const file of files) fs.copyFileSync(path.join(sources, file), path.join(part, 'src', file));
    await run('dotnet', ['publish', path.join(part, 'src/powershell.csproj'), '-c', 'Release', '-o', path.join(part, 'out'), '--nologo', '-v', 'quiet'], { env: environment() });
    fs.renameSync(path.join(part, 'out'), dir);
  } catch (error) {
    if (fs.existsSync(program)) return { program };        // another run was faster
    if (/\bNU1\d{3}\b/.test(String(error.message))) throw new Unavailable('NuGet does not give System.Management.Automation here');
    throw error;
  } finally {
    fs.rmSync(part, { recursive: true, force: true });
  }
  return { program };
}

const environment = () => ({ ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1', DOTNET_CLI_UI_LANGUAGE: 'en', MSBUILDDISABLENODEREUSE: '1' });

/** Why there is none here, or undefined. For `describe.skipIf`. */
export function powerShellMissing() {
  return fs.existsSync(program) ? undefined : `the PowerShell engine is not built: npm run rig -- powershell (${sdkMissing() ?? 'the .NET SDK is here'})`;
}

/** See powershell.d.mts. */
export function powerShellEngine() {
  const missing = powerShellMissing();
  if (missing) throw new Unavailable(missing);
  const child = spawn('dotnet', [program], { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
  const release = atExit(() => child.kill('SIGKILL'));
  const waiting = new Map();
  let said = '', next = 0;
  child.stderr.setEncoding('utf8').on('data', chunk => { said += chunk; });
  const gone = () => { for (const { reject } of waiting.values()) reject(new Error(`the PowerShell engine ended\n${said.slice(-2000)}`)); waiting.clear(); };
  child.on('error', gone).on('close', gone);
  readline.createInterface({ input: child.stdout }).on('line', line => {
    const { id, ...answer } = JSON.parse(line);
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  return {
    ask: request => new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    }),
    stop: () => { release(); child.stdin.end(); child.kill(); },
  };
}
