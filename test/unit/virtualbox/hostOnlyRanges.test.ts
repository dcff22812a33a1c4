// The addresses of host-only networks that VirtualBox allows: /etc/vbox/networks.conf.
import { describe, expect, it } from 'vitest';
import { defaultHostOnlyRanges, isAllowedHostOnly, parseNetworksConf } from '../../../src/machines/hostOnlyRanges.ts';
import { checkHostOnlyAddress } from '../../../src/providers/virtualbox/networks.ts';

describe('networks.conf', () => {
  it('is 192.168.56.0/21 and link-local addresses when there is none', () => {
    expect(parseNetworksConf(undefined)).toBe(defaultHostOnlyRanges);
    for (const [ip, allowed] of [['192.168.56.1', true], ['192.168.63.254', true], ['192.168.64.1', false], ['192.168.55.255', false], ['10.0.0.1', false], ['fe80::1', true], ['2001:db8::1', false]] as const) {
      expect(isAllowedHostOnly(ip, defaultHostOnlyRanges), ip).toBe(allowed);
    }
  });
  it('replaces the default, several ranges a line', () => {
    const ranges = parseNetworksConf('# mine\n* 10.0.0.0/8 172.16.0.0/12\n\n* 2001:db8::/32 # v6\n');
    expect(ranges.badLines).toEqual([]);
    expect(isAllowedHostOnly('10.200.3.4', ranges)).toBe(true);
    expect(isAllowedHostOnly('172.31.0.1', ranges)).toBe(true);
    expect(isAllowedHostOnly('2001:db8:5::9', ranges)).toBe(true);
    expect(isAllowedHostOnly('192.168.56.1', ranges)).toBe(false);
    expect(isAllowedHostOnly('10.1.1.1', parseNetworksConf('* 0.0.0.0/0 ::/0'))).toBe(true);
  });
  it('allows nothing that it cannot read, and says which line', () => {
    const ranges = parseNetworksConf('10.0.0.0/8\n* nonsense\n*\n* 10.0.0.0/99\n');
    expect(ranges.badLines).toEqual([1, 2, 3, 4]);
    expect(isAllowedHostOnly('10.0.0.1', ranges)).toBe(false);
    expect(parseNetworksConf('').ranges).toEqual([]);
  });
  it('is about addresses only', () => {
    for (const bad of ['', 'host', '300.1.1.1', '1:2:3', '1::2::3', '192.168.56']) expect(isAllowedHostOnly(bad, defaultHostOnlyRanges), bad).toBeUndefined();
    expect(() => { checkHostOnlyAddress('10.0.0.1', defaultHostOnlyRanges); }).toThrow('does not allow 10.0.0.1');
    expect(() => { checkHostOnlyAddress('10.0.0.1', undefined); }).not.toThrow();
  });
});
