// What this computer is: the door to process.platform, the environment and the home folder, so that tests can be any computer.
import * as os from 'node:os';

export interface Platform {
  readonly os: NodeJS.Platform;
  /** As process.arch names it: `x64`, `arm64`. */
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** A folder for short-lived files. */
  readonly temporary: string;
  /** Logical processors of this computer. */
  readonly processors: number;
}

export function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch, env: process.env, home: os.homedir(), temporary: os.tmpdir(), processors: Math.max(1, os.cpus().length) };
}

/** A variable of the environment; names do not mind their case on Windows. Empty = not set. */
export function variable(platform: Pick<Platform, 'os' | 'env'>, name: string): string | undefined {
  const exact = platform.env[name];
  if (exact) return exact;
  if (platform.os !== 'win32') return undefined;
  const key = Object.keys(platform.env).find(candidate => candidate.toLowerCase() === name.toLowerCase());
  return (key === undefined ? undefined : platform.env[key]) || undefined;
}
