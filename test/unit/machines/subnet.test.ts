// Addresses with the bits of their network, as cloud-init, guests and Proxmox VE are told them.
import { describe, expect, it } from 'vitest';
import { inOneNetwork, withPrefix } from '../../../src/machines/subnet.ts';

describe('an address with its prefix', () => {
  it.each([
    ['10.0.0.5', '255.255.248.0', '10.0.0.5/21'], ['10.0.0.5', undefined, '10.0.0.5/24'], ['10.0.0.5/8', undefined, '10.0.0.5/8'],
    ['fd00::5', undefined, 'fd00::5/64'], ['fd00::5', '48', 'fd00::5/48'],
  ])('%s with the mask %s is %s', (ip, netmask, whole) => { expect(withPrefix(ip, netmask)).toBe(whole); });

  it('is in one network with another when the bits before it are the same', () => {
    expect(inOneNetwork('192.168.57.10', '192.168.56.1', 21)).toBe(true);
    expect(inOneNetwork('192.168.57.10', '192.168.56.1', 24)).toBe(false);
    expect(inOneNetwork('200.0.0.1', '1.0.0.1', 0)).toBe(true);
  });
});
