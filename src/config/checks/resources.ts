// Memory, processors, architecture, graphics: what this computer can give.
import type { Finding, HostFacts, MachineCheck } from './check.ts';
import { machineKind } from '../kinds.ts';
import { options, text } from './values.ts';

/** Its processors and memory are this computer's. */
function takesOurs(provider: string): boolean {
  const { local, ownResources } = machineKind(provider);
  return local && ownResources;
}

export const memoryBeyondHost: MachineCheck = {
  code: 'memory-beyond-host',
  severity: 'error',
  about: 'The machine asks for more memory than this computer has; a warning where it asks for more than nine tenths, since the rest of the computer needs some.',
  find({ provider, config }, facts) {
    const { memoryMiB } = facts;
    const wanted = config['memory'];
    if (memoryMiB === undefined || typeof wanted !== 'number' || !takesOurs(provider) || wanted <= memoryMiB * 0.9) return [];
    const half = Math.max(512, Math.floor(memoryMiB / 2 / 512) * 512);
    return [{
      path: ['config', 'memory'], ...(wanted <= memoryMiB && { severity: 'warning' as const }),
      message: wanted > memoryMiB ? '{0} MB is more memory than this computer has ({1} MB).' : '{0} MB leaves too little memory for this computer itself ({1} MB in all).', values: [wanted, memoryMiB],
      fixes: [{ title: 'Use {0} MB, half of it', values: [half], changes: [{ kind: 'set', path: ['config', 'memory'], value: half }], preferred: true }],
    }];
  },
};

export const cpusBeyondHost: MachineCheck = {
  code: 'cpus-beyond-host',
  severity: 'warning',
  about: 'The machine asks for more processors than this computer has. VirtualBox would be slow, Hyper-V refuses to start it.',
  find({ provider, config }, { cpus }) {
    const wanted = config['cpus'];
    if (cpus === undefined || typeof wanted !== 'number' || wanted <= cpus || !takesOurs(provider)) return [];
    return [{
      path: ['config', 'cpus'], ...(provider === 'hyperv' && { severity: 'error' as const }), message: '{0} processors are more than this computer has ({1}).', values: [wanted, cpus],
      fixes: [{ title: 'Use {0}', values: [cpus], changes: [{ kind: 'set', path: ['config', 'cpus'], value: cpus }], preferred: true }],
    }];
  },
};

/** Vagrant's names of architectures by Node's, and words for them in the names of boxes and images. */
const architectures: readonly { readonly node: string; readonly vagrant: string; readonly words: RegExp }[] = [
  { node: 'x64', vagrant: 'amd64', words: /(?:^|[^a-z0-9])(?:amd64|x86[-_]64|x64)(?:$|[^a-z0-9])/i },
  { node: 'arm64', vagrant: 'arm64', words: /(?:^|[^a-z0-9])(?:arm64|aarch64)(?:$|[^a-z0-9])/i },
];

export const boxArchitecture: MachineCheck = {
  code: 'box-architecture',
  severity: 'warning',
  about: 'The box, image or CD is for another kind of processor than this computer has. VirtualBox and Hyper-V run machines of their own kind only: such a machine ends with "the guest machine entered an invalid state".',
  find({ provider, config }, facts) {
    const host = architectures.find(a => a.node === facts.arch);
    if (!host || (provider !== 'virtualbox' && provider !== 'hyperv')) return [];
    const found: Finding[] = [];
    const told = text(config['box_architecture']);
    if (told !== undefined && told !== 'auto' && told !== host.vagrant && architectures.some(a => a.vagrant === told)) {
      found.push({ path: ['config', 'box_architecture'], message: 'This computer is {0}: it cannot run machines for {1}.', values: [host.vagrant, told], fixes: [{ title: 'Use "{0}"', values: [host.vagrant], changes: [{ kind: 'set', path: ['config', 'box_architecture'], value: host.vagrant }], preferred: true }, { title: 'Use "{0}"', values: ['auto'], changes: [{ kind: 'set', path: ['config', 'box_architecture'], value: 'auto' }] }] });
      return found;
    }
    for (const key of ['box', 'image', 'iso'] as const) {
      const value = text(config[key]);
      const other = value === undefined ? undefined : architectures.find(a => a !== host && a.words.test(value)) ?? installedFor(value, provider, host.vagrant, facts);
      if (value === undefined || !other || host.words.test(value)) continue;
      const renamed = value.replace(other.words, word => word.replace(/amd64|x86[-_]64|x64|arm64|aarch64/i, host.vagrant));
      found.push({ path: ['config', key], message: '"{0}" is for {1}, and this computer is {2}.', values: [value, other.vagrant, host.vagrant], fixes: renamed === value ? [] : [{ title: 'Use "{0}"', values: [renamed], changes: [{ kind: 'set', path: ['config', key], value: renamed }] }] });
    }
    return found;
  },
};

/** The architecture of a box that is on this computer for another one only. */
function installedFor(box: string, provider: string, host: string, facts: HostFacts): (typeof architectures)[number] | undefined {
  const installed = (facts.boxes ?? []).filter(b => b.name === box && b.provider === provider);
  if (installed.length === 0 || installed.some(b => b.architecture === undefined || b.architecture === host)) return undefined;
  return architectures.find(a => a.vagrant === installed[0]?.architecture);
}

export const graphics: MachineCheck = {
  code: 'graphics-controller',
  severity: 'error',
  about: 'VirtualBox gives 3D graphics with the controllers `vmsvga` and `vboxsvga` only, and refuses the setting with others.',
  find({ provider, config }) {
    if (provider !== 'virtualbox') return [];
    const given = options(config);
    const controller = text(given['graphicscontroller']);
    const key = ['accelerate3d', 'accelerate-3d', 'accelerate_3d'].find(k => given[k] === 'on' || given[k] === true);
    if (key === undefined || controller === undefined || /^(vmsvga|vboxsvga)$/i.test(controller)) return [];
    return [{
      path: ['config', 'provider_config', key], message: 'The graphics controller "{0}" has no 3D.', values: [controller],
      fixes: [
        { title: 'Use "{0}"', values: ['vmsvga'], changes: [{ kind: 'set', path: ['config', 'provider_config', 'graphicscontroller'], value: 'vmsvga' }], preferred: true },
        { title: 'Turn 3D off', changes: [{ kind: 'set', path: ['config', 'provider_config', key], value: 'off' }] },
      ],
    }];
  },
};
