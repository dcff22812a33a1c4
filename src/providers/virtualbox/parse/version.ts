// `VBoxManage --version`: `7.2.22_Debianr175245`, `6.1.50r161033`, perhaps after a banner.
import { withoutBanner } from './text.ts';

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
  /** As a person would say it: `7.2.22`. */
  readonly short: string;
  /** As the tool said it. */
  readonly full: string;
}

export function parseVersion(stdout: string): Version | undefined {
  const match = /^((\d+)\.(\d+)\.(\d+)\S*)\s*$/m.exec(withoutBanner(stdout));
  if (!match) return undefined;
  const [, full, major, minor, build] = match as unknown as [string, string, string, string, string];
  return { major: Number(major), minor: Number(minor), build: Number(build), short: `${major}.${minor}.${build}`, full };
}

/** Is `version` at least `major.minor`? */
export function atLeast(version: Pick<Version, 'major' | 'minor'>, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
