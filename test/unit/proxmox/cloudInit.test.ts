// What a plan says of cloud-init: rows old and new, when they count, and never a password.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSpec } from '../../../src/config/spec.ts';
import type { MachineDetails } from '../../../src/machines/machine.ts';
import { cloudInitDifferences, isCloudInitKey } from '../../../src/providers/proxmox/cloudInit.ts';
import { readOptions } from '../../../src/providers/proxmox/options.ts';

const drive = { scsi0: 'local-lvm:vm-100-disk-0,size=8G', ide2: 'local-lvm:vm-100-cloudinit,media=cdrom' };
const key = (name: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${name} ${name}@pc`;

function rows(config: object, settings: Readonly<Record<string, string>>, more: { readonly kind?: 'vm' | 'container'; readonly state?: string; readonly pending?: Readonly<Record<string, string>> } = {}): readonly unknown[] {
  const spec = machineSpec(parseConfig(JSON.stringify({ name: 'm', provider: 'proxmox', config })).machines[0]!);
  const details = { machine: { kind: more.kind ?? 'vm', state: more.state ?? 'stopped' }, settings, ...(more.pending ? { pending: more.pending } : {}) } as unknown as MachineDetails;
  return cloudInitDifferences(spec, readOptions(spec), details).map(({ key: name, before, after, effect, change }) => {
    const edit = (change as { edit: { kind: string; key?: string; value?: string; slot?: string; location?: string } }).edit;
    return [name, before, after, effect, edit.kind === 'setting' ? `${edit.key}=${edit.value}` : `${edit.slot}=${edit.location}`];
  });
}

describe('cloud-init of a machine that is there', () => {
  const there = { ...drive, ciuser: 'dev', nameserver: '1.1.1.1', sshkeys: encodeURIComponent(`${key('ann')}\n${key('bob')}\n`), ipconfig0: 'gw=10.0.0.1,ip=10.0.0.5/24', cipassword: '**********' };

  it('is as the file says', () => {
    const config = { cloud_init: { user: 'dev', nameserver: '1.1.1.1', ssh_keys: [key('bob'), ` ${key('ann')} `], password_env: 'PW', ip_config: 'ip=10.0.0.5/24,gw=10.0.0.1' } };
    expect(rows(config, there)).toEqual([]);
    // What the file does not name stays.
    expect(rows({ cloud_init: {} }, there)).toEqual([]);
    expect(rows({ networks: [{ type: 'public_network' }, { type: 'public_network', ip: '10.0.0.7' }] }, { ...there, ipconfig1: 'ip=10.0.0.7/24' })).toEqual([]);
  });

  it.each([
    [{ cloud_init: { user: 'ops' } }, ['cloud-init user', 'dev', 'ops', 'live', 'ciuser=ops']],
    [{ provider_config: { ciuser: 'ops' } }, ['cloud-init user', 'dev', 'ops', 'live', 'ciuser=ops']],
    [{ cloud_init: { nameserver: '9.9.9.9' } }, ['DNS server', '1.1.1.1', '9.9.9.9', 'live', 'nameserver=9.9.9.9']],
    [{ cloud_init: { search_domain: 'lan' } }, ['DNS domain', undefined, 'lan', 'live', 'searchdomain=lan']],
    [{ cloud_init: { ssh_keys: [key('eve')] } }, ['cloud-init keys', 'ann@pc, bob@pc', 'eve@pc', 'live', `sshkeys=${key('eve')}`]],
    [{ cloud_init: { ssh_keys: ['ssh-rsa AAAAB3NzaC1yc2EAAAA1234567'] } }, ['cloud-init keys', 'ann@pc, bob@pc', 'ssh-rsa …A1234567', 'live', 'sshkeys=ssh-rsa AAAAB3NzaC1yc2EAAAA1234567']],
    [{ networks: [{ type: 'public_network', ip: '10.0.0.6' }] }, ['address 0', '10.0.0.5/24 via 10.0.0.1', '10.0.0.6/24 via 10.0.0.1', 'live', 'ipconfig0=ip=10.0.0.6/24,gw=10.0.0.1']],
    [{ networks: [{ type: 'public_network' }, { type: 'private_network', name: 'vmbr1', ip: '10.1.0.7', gateway: '10.1.0.1' }] }, ['address 1', 'no address', '10.1.0.7/24 via 10.1.0.1', 'live', 'ipconfig1=ip=10.1.0.7/24,gw=10.1.0.1']],
    [{ networks: [{ type: 'public_network', dhcp: true }] }, ['address 0', '10.0.0.5/24 via 10.0.0.1', 'DHCP', 'live', 'ipconfig0=ip=dhcp']],
    [{ networks: [{ type: 'public_network' }, { type: 'public_network', ip: 'fd00::7' }] }, ['address 1', 'no address', 'fd00::7/64', 'live', 'ipconfig1=ip6=fd00::7/64']],
    [{ cloud_init: { ip_config: 'ip=10.0.0.5/24,gw=10.0.0.254' } }, ['address 0', '10.0.0.5/24 via 10.0.0.1', '10.0.0.5/24 via 10.0.0.254', 'live', 'ipconfig0=ip=10.0.0.5/24,gw=10.0.0.254']],
    [{ provider_config: { ipconfig0: 'ip=10.0.0.9/24' } }, ['address 0', '10.0.0.5/24 via 10.0.0.1', '10.0.0.9/24', 'live', 'ipconfig0=ip=10.0.0.9/24']],
  ])('%j', (config, row) => {
    expect(rows(config, there)).toEqual([row]);
  });

  it('counts from the next start of one that runs, and what waits for that already is no difference', () => {
    expect(rows({ cloud_init: { user: 'ops' } }, there, { state: 'running' })).toEqual([['cloud-init user', 'dev', 'ops (from its next start)', 'live', 'ciuser=ops']]);
    expect(rows({ cloud_init: { user: 'ops' } }, there, { state: 'running', pending: { ciuser: 'ops' } })).toEqual([]);
    expect(rows({ cloud_init: { user: 'dev' } }, there, { state: 'running', pending: { ciuser: '' } })).toEqual([['cloud-init user', undefined, 'dev (from its next start)', 'live', 'ciuser=dev']]);
  });

  it('a password is named by its variable alone, and another one cannot be known', () => {
    expect(rows({ cloud_init: { password_env: 'PW' } }, drive)).toEqual([['cloud-init password', 'none', 'set', 'live', 'password_env=PW']]);
    expect(rows({ cloud_init: { password_env: 'PW2' } }, there)).toEqual([]);
    expect(['password_env', 'ciuser', 'ipconfig3', 'sshkeys'].every(isCloudInitKey)).toBe(true);
    expect(['memory', 'onboot', 'ipconfig'].some(isCloudInitKey)).toBe(false);
  });

  it('keys in a file that could not be read say nothing', () => {
    expect(rows({ cloud_init: { ssh_keys: ['~/.ssh/none.pub'] } }, there)).toEqual([]);
    expect(rows({ cloud_init: { ssh_keys: ['C:\\My Keys\\id.pub'] } }, there)).toEqual([]);
  });

  it('without its drive it gets one where the file asks for cloud-init, and no word where it does not', () => {
    const { scsi0 } = drive;
    expect(rows({ cloud_init: { user: 'dev' } }, { scsi0, ide2: 'local:iso/a.iso,media=cdrom' })).toEqual([['cloud-init drive', 'none', 'ide0, local-lvm', 'live', 'ide0=local-lvm:cloudinit'], ['cloud-init user', undefined, 'dev', 'live', 'ciuser=dev']]);
    expect(rows({ networks: [{ type: 'public_network', ip: '10.0.0.6' }] }, { scsi0 })).toEqual([]);
    // One that is on its way.
    expect(rows({ cloud_init: { user: 'dev' } }, { scsi0, ciuser: 'dev' }, { state: 'running', pending: { ide2: 'local-lvm:vm-100-cloudinit,media=cdrom' } })).toEqual([]);
  });

  it('a container has the DNS of it alone', () => {
    expect(rows({ cloud_init: { user: 'dev', nameserver: '9.9.9.9', ip_config: 'ip=dhcp', ssh_keys: [key('eve')], password_env: 'PW' }, provider_config: { type: 'lxc' } }, { rootfs: 'local-lvm:x', nameserver: '1.1.1.1' }, { kind: 'container', state: 'running' })).toEqual([['DNS server', '1.1.1.1', '9.9.9.9', 'live', 'nameserver=9.9.9.9']]);
  });
});
