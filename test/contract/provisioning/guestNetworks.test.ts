// The addresses of further cards, set by the shell text itself: in a network and with an /etc of its own, by real `ip`, and by stand-ins that
// write down how netplan, NetworkManager and the others were asked.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { setGuestNetworks } from '../../../src/provisioning/guestNetworks.ts';

const usable = process.platform === 'linux' && spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'show', 'lo']).status === 0;
const cards = [{ index: 2, mac: '080027000002', address: '192.168.56.10/24' }, { index: 3, mac: '08:00:27:00:00:03' }];

describe.skipIf(!usable)(`addresses of cards${usable ? '' : ' (skipped: needs networks of its own)'}`, () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-cards-'));
    fs.mkdirSync(path.join(folder, 'etc'));
    fs.mkdirSync(path.join(folder, 'bin'));
  });
  afterEach(() => { fs.rmSync(folder, { recursive: true, force: true }); });

  /** A program that only writes down what it was asked. */
  const standIn = (name: string): void => { fs.writeFileSync(path.join(folder, 'bin', name), `#!/bin/sh\necho "${name} $*" >> ${folder}/asked\n`, { mode: 0o755 }); };
  const etc = (name: string): string => fs.readFileSync(path.join(folder, 'etc', name), 'utf8');
  const asked = (): readonly string[] => (fs.existsSync(path.join(folder, 'asked')) ? fs.readFileSync(path.join(folder, 'asked'), 'utf8').trim().split('\n') : []);
  /** Runs the text so often, with two cards and an empty /etc. */
  const run = (times = 1): string => {
    const script = [
      'set -e', `mount --bind ${folder}/etc /etc`, 'mount -t sysfs none /sys',
      'ip link add eth5 type veth peer name eth6', 'ip link set eth5 address 08:00:27:00:00:02', 'ip link set eth6 address 08:00:27:00:00:03', 'set +e',
      ...Array.from({ length: times }, () => setGuestNetworks(cards)), 'echo "ended $?"', 'ip -o -4 addr show',
    ].join('\n');
    const result = spawnSync('unshare', ['--net', '--mount', '--propagation', 'private', 'sh', '-c', script], { encoding: 'utf8', env: { ...process.env, PATH: `${folder}/bin:${process.env['PATH'] ?? ''}` } });
    return result.stdout + result.stderr;
  };

  it('are set at once where nothing is known to keep them, and left alone the second time', () => {
    const said = run(2);
    expect(said).toContain('ended 0');
    expect(said).toMatch(/eth5\s+inet 192\.168\.56\.10\/24/);
  });

  it('by netplan', () => {
    standIn('netplan');
    fs.mkdirSync(path.join(folder, 'etc/netplan'));
    expect(run()).toContain('ended 0');
    expect(parse(etc('netplan/90-gaia.yaml'))).toEqual({ network: { version: 2, ethernets: { gaia2: { match: { macaddress: '08:00:27:00:00:02' }, optional: true, dhcp4: false, addresses: ['192.168.56.10/24'] }, gaia3: { match: { macaddress: '08:00:27:00:00:03' }, optional: true, dhcp4: true } } } });
    expect(fs.statSync(path.join(folder, 'etc/netplan/90-gaia.yaml')).mode & 0o777).toBe(0o600);
    expect(asked()).toEqual(['netplan apply']);
  });

  it('by NetworkManager', () => {
    standIn('nmcli');
    expect(run()).toContain('ended 0');
    expect(asked().filter(line => line.includes('connection add'))).toEqual([
      'nmcli connection add type ethernet con-name gaia2 ifname eth5 connection.autoconnect yes ipv4.method manual ipv4.addresses 192.168.56.10/24',
      'nmcli connection add type ethernet con-name gaia3 ifname eth6 connection.autoconnect yes ipv4.method auto',
    ]);
  });

  it('by systemd-networkd', () => {
    standIn('systemctl');
    standIn('networkctl');
    fs.mkdirSync(path.join(folder, 'etc/systemd/network'), { recursive: true });
    expect(run()).toContain('ended 0');
    expect(etc('systemd/network/90-gaia2.network')).toBe('[Match]\nMACAddress=08:00:27:00:00:02\n[Network]\nAddress=192.168.56.10/24\n');
    expect(etc('systemd/network/90-gaia3.network')).toContain('DHCP=ipv4');
  });

  it('by ifupdown, once, and nothing else of the file is touched', () => {
    standIn('ifup');
    standIn('ifdown');
    fs.mkdirSync(path.join(folder, 'etc/network'));
    const own = 'auto lo\niface lo inet loopback\n# gaia\n';
    fs.writeFileSync(path.join(folder, 'etc/network/interfaces'), own);
    expect(run(2)).toContain('ended 0');
    expect(etc('network/interfaces')).toBe(`${own}# gaia2\nauto eth5\niface eth5 inet static\n    address 192.168.56.10/24\n# end of gaia2\n# gaia3\nauto eth6\niface eth6 inet dhcp\n# end of gaia3\n`);
  });
});

it('takes nothing that could become part of a script', () => {
  expect(() => setGuestNetworks([{ index: 2, mac: '080027000002', address: '1.2.3.4/24; reboot' }])).toThrow('address');
  expect(() => setGuestNetworks([{ index: 2, mac: '$(reboot)' }])).toThrow('MAC');
});
