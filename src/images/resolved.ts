// What resolving a machine's source gives: things that lie on this computer, ready to be used.
import type { BoxFolder } from './boxFacts.ts';
import type { DiskFormat, Recognized } from './diskFormat.ts';

/** What the asking provider needs. */
export interface ImageRequest {
  /** Vagrant's name of the provider: `virtualbox`, `hyperv` … */
  readonly provider: string;
  /** `amd64`, `arm64`, `i386`; default `auto` = this computer's. */
  readonly architecture?: string;
  /** Disk formats the provider can use, the most wanted first. Absent = whatever it is. An image in another one is converted, if Gaia can. */
  readonly accepts?: readonly DiskFormat[];
  /** Features of a format that the provider's tool cannot read (VirtualBox 7.2: zstd and extendedL2 of qcow2); they make a conversion needed. */
  readonly cannotRead?: NonNullable<Recognized['features']>;
  /** Folder that relative paths of the source start from: the config file's. */
  readonly baseFolder?: string;
  /** Fetch again what is cached. */
  readonly refresh?: boolean;
}

export interface ResolvedBox extends BoxFolder {
  readonly kind: 'box';
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  /** `vagrant`: in Vagrant's own store, which is only read. `cache`: fetched by Gaia. `folder`: named by the source. */
  readonly origin: 'vagrant' | 'cache' | 'folder';
}

/** A disk image. It may lie in the user's own folder: never change it in place, copy or convert it. */
export interface ResolvedDisk {
  readonly kind: 'disk';
  readonly path: string;
  readonly format: DiskFormat;
  readonly virtualBytes?: number;
  readonly features: NonNullable<Recognized['features']>;
}

/** An OVA, or an OVF with its files beside it: to be imported as a machine. */
export interface ResolvedAppliance {
  readonly kind: 'appliance';
  readonly path: string;
  readonly format: 'ova' | 'ovf';
}

export interface ResolvedIso {
  readonly kind: 'iso';
  readonly path: string;
}

/** A root file system, packed as it came: WSL unpacks it itself. `vhdx` for `wsl --import --vhd`. */
export interface ResolvedTarball {
  readonly kind: 'tarball';
  readonly path: string;
  readonly contents: 'tar' | 'vhdx';
  readonly compression?: 'gzip' | 'bzip2' | 'xz' | 'zstd';
}

/** Sources that need no file: the provider does the rest. */
export interface ResolvedNothing {
  readonly kind: 'none';
}

export type Resolved = ResolvedBox | ResolvedDisk | ResolvedAppliance | ResolvedIso | ResolvedTarball | ResolvedNothing;
