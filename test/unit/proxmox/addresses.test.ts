// Addresses of cards: from what a file says to the words of Proxmox VE, and what becomes of the one that is there.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSpec } from '../../../src/config/spec.ts';
import { addressAfter, addressText, wishedAddress } from '../../../src/providers/proxmox/addresses.ts';
import { cloudInitParams } from '../../../src/providers/proxmox/createPlan.ts';
import { readOptions } from '../../../src/providers/proxmox/options.ts';

const ofFile = (config: object) => machineSpec(parseConfig(JSON.stringify({ name: 'm', provider: 'proxmox', config })).machines[0]!);
const wished = (...networks: object[]) => wishedAddress(ofFile({ networks }), 0);

describe('what a file says of an address', () => {
  it.each([
    [{ type: 'public_network', ip: '10.0.0.5' }, { ip: '10.0.0.5/24' }],
    [{ type: 'public_network', ip: '10.0.0.5', netmask: '255.255.0.0' }, { ip: '10.0.0.5/16' }],
    [{ type: 'public_network', ip: '10.0.0.5', netmask: 26 }, { ip: '10.0.0.5/26' }],
    [{ type: 'private_network', name: 'vmbr1', ip: '10.0.0.5', netmask: 20 }, { ip: '10.0.0.5/20' }],
    [{ type: 'public_network', ip: 'fd00::5' }, { ip6: 'fd00::5/64' }],
    [{ type: 'public_network', ip: 'fd00::5', netmask: 48 }, { ip6: 'fd00::5/48' }],
    [{ type: 'public_network', ip: '10.0.0.5', gateway: '10.0.0.1' }, { ip: '10.0.0.5/24', gw: '10.0.0.1' }],
    [{ type: 'private_network', ip: 'fd00::5', gateway: 'fe80::1' }, { ip6: 'fd00::5/64', gw6: 'fe80::1' }],
    // Nothing that Proxmox VE would take.
    [{ type: 'public_network', dhcp: true, gateway: '10.0.0.1' }, { ip: 'dhcp' }],
    [{ type: 'public_network', gateway: '10.0.0.1' }, undefined],
    [{ type: 'public_network', dhcp: true }, { ip: 'dhcp' }],
    [{ type: 'private_network', dhcp: true }, { ip: 'dhcp' }],
    [{ type: 'public_network' }, undefined],
    [{ type: 'public_network', dhcp: false }, undefined],
  ])('%j', (network, expected) => {
    expect(wished(network)).toEqual(expected);
  });

  it('ip_config is that of the first card alone, and has the gateway', () => {
    const spec = ofFile({ cloud_init: { ip_config: 'ip=10.0.0.5/24,gw=10.0.0.1,ip6=auto' }, networks: [{ type: 'public_network', ip: '10.9.9.9' }, { type: 'public_network' }] });
    expect(wishedAddress(spec, 0)).toEqual({ ip: '10.0.0.5/24', gw: '10.0.0.1', ip6: 'auto' });
    expect(wishedAddress(spec, 1)).toBeUndefined();
  });

  it('cloud-init of a VM gets the same', () => {
    const spec = ofFile({ cloud_init: { user: 'dev' }, networks: [{ type: 'public_network', ip: '10.0.0.5', netmask: 16 }, { type: 'public_network', ip: 'fd00::5' }, { type: 'public_network' }] });
    expect(cloudInitParams(spec, readOptions(spec), { storage: 'local', environment: () => undefined }, 'ide2', [])).toMatchObject({ ipconfig0: 'ip=10.0.0.5/16', ipconfig1: 'ip6=fd00::5/64', ipconfig2: 'ip=dhcp' });
  });
});

describe('what becomes of the address that is there', () => {
  const now = { ip: '10.0.0.5/24', gw: '10.0.0.1', ip6: 'fd00::5/64', gw6: 'fe80::1' };
  it.each([
    [now, {}, now],
    [now, { ip: '10.0.0.6/24' }, { ...now, ip: '10.0.0.6/24' }],
    [now, { ip: '10.0.0.5/24', gw: '10.0.0.254' }, { ...now, gw: '10.0.0.254' }],
    // A gateway that it cannot reach is none.
    [now, { ip: '192.168.1.5/24' }, { ip: '192.168.1.5/24', ip6: 'fd00::5/64', gw6: 'fe80::1' }],
    [now, { ip: '10.0.0.200/25' }, { ip: '10.0.0.200/25', ip6: 'fd00::5/64', gw6: 'fe80::1' }],
    [now, { ip: 'dhcp' }, { ip: 'dhcp', ip6: 'fd00::5/64', gw6: 'fe80::1' }],
    [now, { ip6: 'auto' }, { ip: '10.0.0.5/24', gw: '10.0.0.1', ip6: 'auto' }],
    [now, { ip6: 'fd00::6/64' }, { ...now, ip6: 'fd00::6/64' }],
    // Odd, but somebody's own.
    [{ ip: '10.0.0.5/32', gw: '10.9.9.1' }, { ip: '10.0.0.5/32' }, { ip: '10.0.0.5/32', gw: '10.9.9.1' }],
    [{ ip6: 'auto', gw6: 'fe80::1' }, {}, { ip6: 'auto', gw6: 'fe80::1' }],
  ])('%j and %j', (before, wish, after) => {
    expect(addressAfter(before, wish)).toEqual(after);
  });

  it('is told as a person reads it', () => {
    expect([now, { ip: 'dhcp' }, { ip: 'dhcp', ip6: 'auto' }, { ip: 'manual', ip6: 'dhcp' }, { ip6: 'FD00::5/64' }, {}, { ip: 'manual' }].map(addressText)).toEqual(['10.0.0.5/24 via 10.0.0.1, fd00::5/64 via fe80::1', 'DHCP', 'DHCP, IPv6 auto', 'IPv6 DHCP', 'fd00::5/64', 'no address', 'no address']);
  });
});
