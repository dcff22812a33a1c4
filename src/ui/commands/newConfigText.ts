// The file that "New Machine" ends in: what was asked for, and in comments what one might want next. Pure.

import { machineKind, type SourceKey } from '../../config/kinds.ts';

export interface NewSource {
  readonly kind: SourceKey;
  readonly value: string;
}

export interface NewMachine {
  readonly provider: string;
  readonly source: NewSource;
  readonly name: string;
  readonly cpus?: number;
  /** MB */
  readonly memory?: number;
}

/** Ends of the file by provider: live lines, then lines to take the comment from. */
const more: { readonly [provider: string]: { readonly live: readonly string[]; readonly ideas: readonly string[] } } = {
  virtualbox: {
    live: [],
    ideas: [
      '// "disk_size": "64G",',
      '// "networks": [',
      '//   { "type": "private_network", "ip": "192.168.56.10" },',
      '//   { "type": "forwarded_port", "guest_port": 80, "host_port": 8080 }',
      '// ],',
      '// "synced_folders": [{ "host_path": ".", "guest_path": "/vagrant" }],',
      '// "provisioners": [{ "type": "shell", "inline": ["apt-get update"] }],',
      '// "provider_config": { "gui": true, "vram": 64 }',
    ],
  },
  hyperv: {
    live: ['"generation": 2'],
    ideas: [
      '// "disk_size": "64G",',
      '// "networks": [{ "type": "private_network", "dhcp": true, "bridge": "Default Switch" }],',
      '// "provisioners": [{ "type": "shell", "inline": ["apt-get update"] }],',
      '// "provider_config": { "linked_clone": true, "enable_virtualization_extensions": true }',
    ],
  },
  wsl: {
    live: [],
    ideas: [
      '// "default_user": "developer",',
      '// "install_location": "C:\\\\WSL\\\\name",',
      '// "provider_config": { "systemd": true },',
      '// "provisioners": [{ "type": "shell", "inline": ["apt-get update"] }]',
    ],
  },
  proxmox: {
    live: ['"provider_config": {', '  "node": "pve", // Ctrl+Space shows the nodes and storages of your cluster', '  "storage": "local-lvm"', '}'],
    ideas: [
      '// "disk_size": "32G",',
      '// "networks": [{ "type": "public_network", "bridge": "vmbr0" }],',
      '// "cloud_init": { "user": "dev", "ssh_keys": ["~/.ssh/id_ed25519.pub"] },',
      '// "start": true',
    ],
  },
};

/** A whole .gaia.json, which parses and has nothing to complain of. */
export function configText({ provider, source, name, cpus, memory }: NewMachine): string {
  const { live, ideas } = more[provider] ?? { live: [], ideas: [] };
  const hostname = machineKind(provider).ownHostname && /^[A-Za-z0-9][-.A-Za-z0-9]*$/.test(name) ? [`"hostname": ${JSON.stringify(name)}`] : [];
  const entries = [`"${source.kind}": ${JSON.stringify(source.value)}`, ...hostname, ...(cpus === undefined ? [] : [`"cpus": ${String(cpus)}`]), ...(memory === undefined ? [] : [`"memory": ${String(memory)}`])];
  const liveText = live.join('\n    ');
  const body = [...entries, ...(liveText === '' ? [] : [liveText])].join(',\n    ');
  const lines = [
    '// "Create" above the machine makes it, "Preview" shows its Vagrantfile.',
    '// Point at a key to read about it.',
    '{',
    `  "name": ${JSON.stringify(name)},`,
    `  "provider": ${JSON.stringify(provider)},`,
    '  "config": {',
    `    ${body}${ideas.length > 0 ? ',' : ''}${memory === undefined || live.length > 0 ? '' : ' // MB'}`,
    ...(ideas.length > 0 ? ['', '    // And if you like:', ...ideas.map(idea => `    ${idea}`)] : []),
    '  }',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
