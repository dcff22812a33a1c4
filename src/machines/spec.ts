// What a machine should be: the provider-neutral request that `create`, `resize` and the plan work with.
// Made from a .gaia.json machine by config/spec.ts, from the form, or by a caller of the API. Sizes carry their unit in the name.

/** Where the first disk or the whole machine comes from. Exactly one, or `empty`. */
export type MachineSource =
  | { readonly kind: 'empty' }
  /** An unpacked Vagrant box, as images/ lays it down: the folder with metadata.json. */
  | { readonly kind: 'box'; readonly name: string; readonly version?: string; readonly url?: string; readonly folder?: string }
  /** A disk image or appliance. `path` and `format` (raw, qcow2, vdi, ova …, by content, not by name) are filled in once images/ has it on this computer. */
  | { readonly kind: 'image'; readonly url: string; readonly path?: string; readonly checksum?: string; readonly format?: string }
  | { readonly kind: 'iso'; readonly url: string; readonly path?: string; readonly checksum?: string }
  | { readonly kind: 'clone'; readonly of: string; readonly linked?: boolean; readonly snapshot?: string }
  /** A root file system for WSL (.tar, .tar.gz, .wsl), or one from the online catalogue. */
  | { readonly kind: 'tarball'; readonly url: string; readonly path?: string }
  | { readonly kind: 'distribution'; readonly name: string };

export interface DiskSpec {
  /** 0 for the first disk = the source's own size, or the usual one of the provider (only further disks were asked for). */
  readonly sizeBytes: number;
  /** File name or storage, as the provider understands it. */
  readonly name?: string;
  readonly storage?: string;
  readonly format?: string;
}

/** `netmask`: as dots, of an IPv6 address the number of bits. `gateway` stands beside `ip`. Neither `ip` nor `dhcp`: whatever the network gives. */
export type NetworkSpec =
  | { readonly type: 'private_network'; readonly ip?: string; readonly dhcp?: boolean; readonly name?: string; readonly netmask?: string; readonly gateway?: string }
  | { readonly type: 'public_network'; readonly bridge?: string; readonly ip?: string; readonly dhcp?: boolean; readonly netmask?: string; readonly gateway?: string; readonly vlan?: number; readonly model?: string; readonly mac?: string; readonly firewall?: boolean; /** Megabytes a second; 0 = no limit. */ readonly rate?: number };

export interface PortForwardSpec {
  readonly guestPort: number;
  readonly hostPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp?: string;
  readonly guestIp?: string;
  readonly id?: string;
  readonly autoCorrect?: boolean;
}

export interface SharedFolderSpec {
  readonly hostPath: string;
  readonly guestPath: string;
  readonly type?: string;
  readonly readOnly?: boolean;
  readonly disabled?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface CloudInitSpec {
  readonly user?: string;
  readonly passwordEnv?: string;
  readonly sshKeys?: readonly string[];
  readonly packages?: readonly string[];
  readonly hostname?: string;
  readonly userData?: string;
  readonly networkConfig?: string;
  readonly ipConfig?: string;
  readonly nameserver?: string;
  readonly searchDomain?: string;
  /** The NoCloud seed volume (ISO file) that was made of this; a provider that has no cloud-init of its own gives the machine a copy. It is gone after the create. */
  readonly seedPath?: string;
}

export interface MachineSpec {
  readonly name: string;
  /** What the provider calls it, where that is not its name in the file. */
  readonly called?: string;
  readonly provider: string;
  /** Id of the connection; undefined = the provider's only one. */
  readonly connection?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly hostname?: string;
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly source: MachineSource;
  /** The first disk's size (grown to it when the source is smaller), then further disks. */
  readonly disks: readonly DiskSpec[];
  readonly networks: readonly NetworkSpec[];
  readonly portForwards: readonly PortForwardSpec[];
  readonly sharedFolders: readonly SharedFolderSpec[];
  readonly cloudInit?: CloudInitSpec;
  /** A UUID by which the machine can be found if this process ends while it is made: its id where the provider may choose one. */
  readonly reserved?: string;
  /** Start it once it is made. */
  readonly start?: boolean;
  /** What relative paths of this computer count from: the folder of the file. Absent = none is known. */
  readonly baseFolder?: string;
  /** `provider_config`, unchanged: VirtualBox passes what it does not know to `modifyvm`; others document theirs. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Keys of `config` that one provider alone has: generation, disk_size_gb, install_location, default_user … */
  readonly providerKeys?: Readonly<Record<string, unknown>>;
}
