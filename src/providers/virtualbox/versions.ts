// Where 6.1 and 7.x differ in a way that matters here. What is not in this table is spelled alike in all of them: the older spellings of
// `modifyvm` (--natpf1, --clipboard-mode, --hostonlyadapter2 …) work from 6.1 to 7.2 (facts, section 3), so those are used everywhere.
import type { Version } from './parse/version.ts';
import { atLeast } from './parse/version.ts';

export const oldest = { major: 6, minor: 1, build: 0, short: '6.1' } as const;

interface Difference {
  readonly since: readonly [major: number, minor: number];
  readonly what: string;
}

export const differences = {
  /** `hostonlynet` (macOS only) replaces host-only interfaces, which macOS lost. */
  hostOnlyNetworks: { since: [7, 0], what: 'hostonlynet add|remove, list hostonlynets, --nicN hostonlynet' },
  /** `createvm --platform-architecture`, ARM guests on ARM hosts. */
  platformArchitecture: { since: [7, 1], what: 'createvm --platform-architecture' },
  /** Audio is set by a driver and a switch; `--audio none` still works, with a note that it is old. */
  audioDriver: { since: [7, 0], what: 'modifyvm --audio-driver' },
  /** Takes the CD images in the machine's own folder along, in the same breath. */
  deleteAll: { since: [7, 0], what: 'unregistervm --delete-all' },
  tpm: { since: [7, 0], what: 'modifyvm --tpm-type' },
  /** Machines whose process died while a state was saved. */
  abortedSaved: { since: [7, 0], what: 'VMState "aborted-saved"' },
} as const satisfies Record<string, Difference>;

export function has(version: Pick<Version, 'major' | 'minor'>, difference: keyof typeof differences): boolean {
  const [major, minor] = differences[difference].since;
  return atLeast(version, major, minor);
}

/** The word for "no sound card driver", which keeps a new machine from needing the host's. */
export function silentAudio(version: Pick<Version, 'major' | 'minor'>): readonly string[] {
  return has(version, 'audioDriver') ? ['--audio-driver', 'none'] : ['--audio', 'none'];
}
