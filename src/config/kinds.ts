// What the language knows of each kind of machine: one row a provider. Checks, completion, hovers, form and wizard ask here, and no one
// decides by a provider's id. A provider that another extension brings gets the cautious row at the end.
import { phrase } from './phrase.ts';
import { isKnownProvider, type KnownProvider } from './schema.ts';

/** Keys that say where a machine comes from. */
export const sourceKeys = ['box', 'image', 'iso', 'clone_from', 'base_distro', 'source_distro', 'tarball'] as const;
export type SourceKey = (typeof sourceKeys)[number];

/** Names that the hypervisor takes. */
export interface NameRule {
  readonly good: RegExp;
  /** What a bad name is told. */
  readonly message: string;
  /** A good name like a bad one; may be ''. */
  mend(name: string): string;
}

export interface MachineKind {
  /** Where it runs, for a list of kinds to choose from. */
  readonly where: string;
  /** It runs on this computer, and so shares its ports, paths and devices. */
  readonly local: boolean;
  /** It takes processors and memory of its own; distributions of WSL share those of one machine. */
  readonly ownResources: boolean;
  /** What it can come from, the usual one first. */
  readonly sources: readonly SourceKey[];
  /** A box runs as it is. Else the machine made of one is empty (Vagrant's plugin for Proxmox VE only wants some name of a box). */
  readonly runsBoxes: boolean;
  /** Beside what Vagrant refuses in every name. */
  readonly name?: NameRule;
  /** A host name of its own is usual. */
  readonly ownHostname: boolean;
  /** Its private networks lie in ranges that an administrator sets (networks.conf). */
  readonly hostOnlyRanges: boolean;
  /** Its public networks are bridged to a network card of this computer. */
  readonly bridgesHostCards: boolean;
}

const elsewhere: MachineKind = { where: '', local: false, ownResources: true, sources: ['box', 'image', 'iso', 'clone_from'], runsBoxes: true, ownHostname: true, hostOnlyRanges: false, bridgesHostCards: false };

const kinds: { readonly [P in KnownProvider]: MachineKind } = {
  virtualbox: {
    where: phrase('on this computer'), local: true, ownResources: true, sources: ['box', 'image', 'iso', 'clone_from'], runsBoxes: true,
    ownHostname: true, hostOnlyRanges: true, bridgesHostCards: true,
  },
  hyperv: {
    where: phrase('on this computer (Windows)'), local: true, ownResources: true, sources: ['box', 'image', 'iso', 'clone_from'], runsBoxes: true,
    ownHostname: true, hostOnlyRanges: false, bridgesHostCards: false,
  },
  wsl: {
    where: phrase('a Linux distribution on this computer (Windows)'), local: true, ownResources: false, sources: ['base_distro', 'source_distro', 'tarball'], runsBoxes: false,
    ownHostname: false, hostOnlyRanges: false, bridgesHostCards: false,
    name: { good: /^[A-Za-z0-9._-]{1,256}$/, message: 'A WSL distribution\'s name has letters, digits, ".", "_" and "-" only.', mend: name => name.replaceAll(/[^A-Za-z0-9._-]+/g, '-') },
  },
  proxmox: {
    where: phrase('on a server or cluster'), local: false, ownResources: true, sources: ['clone_from', 'image', 'iso', 'box'], runsBoxes: false,
    ownHostname: true, hostOnlyRanges: false, bridgesHostCards: false,
    name: {
      good: /^(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/, message: 'A Proxmox VE machine\'s name is a DNS name: letters, digits, "-" and ".", not at the edges.',
      mend: name => name.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, ''),
    },
  },
};

/** Of any provider, also one that is not written yet (''). */
export function machineKind(provider: string): MachineKind {
  return isKnownProvider(provider) ? kinds[provider] : elsewhere;
}
