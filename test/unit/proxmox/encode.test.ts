import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { connectionFromVariables, endpointOf, parseAddress, parseDotEnv, parseToken, parseUser } from '../../../src/providers/proxmox/connection.ts';
import { encodeForm, encodePath, formatDiskSize, formatGiB, formatPropertyString, formatTags, parseConfigSize, parseDiskSize, parsePropertyString, parseTags } from '../../../src/providers/proxmox/encode.ts';
import { keysMessage } from '../../../src/providers/proxmox/consoles.ts';
import { parseChecksum, volumeName } from '../../../src/providers/proxmox/volumes.ts';
import { formatUpid, parseUpid } from '../../../src/providers/proxmox/upid.ts';
import { FrameReader, encodeFrame, opcodes } from '../../../src/system/webSocket.ts';
import { formatFingerprint, sameFingerprint } from '../../../src/system/tls.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });

describe('form', () => {
  it('comes back as it went, whatever the text, and holds no bare separator', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }).filter(key => key !== '__proto__'), text, { maxKeys: 6 }), values => {
        const form = encodeForm(values);
        expect(Object.fromEntries(new URLSearchParams(form))).toEqual({ ...values });
        expect(form).toMatch(/^[\w.~%&=-]*$/);
      }),
    );
  });
  it('writes booleans as 0 and 1, leaves out undefined, repeats a list', () => {
    expect(encodeForm({ a: true, b: false, c: undefined, d: ['x', 'y;z'] })).toBe('a=1&b=0&d=x&d=y%3Bz');
  });
  it('survives half a character', () => {
    expect(encodeForm({ a: '\ud800' })).toBe('a=%EF%BF%BD');
  });
  it('fills paths by whole segments: nothing climbs out of them', () => {
    fc.assert(fc.property(text.filter(value => value !== '' && value !== '.' && value !== '..'), value => {
      const path = encodePath('/nodes/{node}/x', { node: value });
      expect(path.split('/').length).toBe(4);
      expect(decodeURIComponent(path.split('/')[2] as string)).toBe(value);
    }));
    expect(() => encodePath('/nodes/{node}', { node: '..' })).toThrow(RangeError);
    expect(() => encodePath('/nodes/{node}', {})).toThrow(RangeError);
  });
});

describe('property strings', () => {
  const word = fc.stringMatching(/^[A-Za-z][\w-]{0,9}$/);
  const value = fc.stringMatching(/^[\w:./ -]{1,20}$/);
  it('come back as they went', () => {
    fc.assert(fc.property(fc.stringMatching(/^[\w:./-]{1,20}$/), fc.dictionary(word, value, { maxKeys: 5 }), (first, options) => {
      expect(parsePropertyString(formatPropertyString({ first, options }))).toEqual({ first, options: { ...options } });
    }));
  });
  it('refuse what would start another option', () => {
    for (const bad of ['a,b', 'a\nb']) expect(() => formatPropertyString({ first: bad })).toThrow(GaiaError);
  });
});

describe('sizes', () => {
  it('are exact, or rounded up', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 46 }), bytes => {
      const back = parseDiskSize(formatDiskSize(bytes)) as number;
      expect(back).toBeGreaterThanOrEqual(bytes);
      expect(back - bytes).toBeLessThan(1024);
      const gib = Number(formatGiB(bytes)) * 2 ** 30;
      expect(gib).toBeGreaterThanOrEqual(bytes - 1);
      expect(gib - bytes).toBeLessThan(11_000);
    }));
  });
  it.each([['64G', 64 * 2 ** 30], [64, 64 * 2 ** 20], ['512', 512 * 2 ** 20], ['1.5 TiB', 1.5 * 2 ** 40], ['64GB', 64 * 2 ** 30], ['big', undefined], [-1, undefined], [true, undefined]])('%s', (given, bytes) => {
    expect(parseConfigSize(given)).toBe(bytes);
  });
});

describe('UPID', () => {
  it('comes back as it went', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?$/), fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0x7fffffff), fc.stringMatching(/^[a-z]{2,12}$/), fc.stringMatching(/^[\w:.-]{0,12}$/), fc.constantFrom('root@pam', 'ann@pve!tok'), (node, pid, pstart, startTime, type, id, user) => {
      const upid = formatUpid({ node, pid, pstart, startTime, type, id, user });
      expect(parseUpid(upid)).toEqual({ text: upid, node, pid, pstart, startTime, type, id, user });
    }));
  });
  it('is nothing else', () => {
    for (const value of [null, undefined, '', 'OK', 'UPID:x', 5, {}]) expect(parseUpid(value)).toBeUndefined();
  });
});

describe('tags', () => {
  it('are lower case, once, and refused when the server would', () => {
    expect(formatTags(['Lab', 'web', 'lab'])).toBe('lab;web');
    expect(parseTags('a;b, c d')).toEqual(['a', 'b', 'c', 'd']);
    expect(() => formatTags(['with space'])).toThrow(GaiaError);
  });
});

describe('how people write a connection', () => {
  it.each([
    ['pve.lan', 'pve.lan', 8006],
    ['10.0.0.2:8007', '10.0.0.2', 8007],
    ['https://pve.lan:8006/#v1:0:18:4', 'pve.lan', 8006],
    ['https://pve.lan', 'pve.lan', 8006],
    ['https://proxy.lan:443/', 'proxy.lan', 443],
    ['fd00::2', 'fd00::2', 8006],
    ['[fd00::2]:8443', 'fd00::2', 8443],
    [' pve ', 'pve', 8006],
  ])('%s', (address, host, port) => {
    expect(parseAddress(address)).toEqual({ host, port });
  });
  it.each(['', 'http://pve', 'https://user:pw@pve', 'a b'])('refuses "%s"', address => {
    expect(() => parseAddress(address)).toThrow(GaiaError);
  });
  it('reads a token as it is copied', () => {
    expect(parseToken('root@pam!gaia')).toEqual({ user: 'root@pam', token: 'gaia' });
    expect(parseToken('PVEAPIToken=root@pam!gaia=1b2c-3d')).toEqual({ user: 'root@pam', token: 'gaia', secret: '1b2c-3d' });
    expect(parseToken('root@pam')).toBeUndefined();
    expect(parseUser('ann@corp@ad')).toEqual({ user: 'ann@corp', realm: 'ad' });
    expect(parseUser('root')).toEqual({ user: 'root', realm: 'pam' });
    expect(endpointOf('pve2:8443', 8006)).toEqual({ host: 'pve2', port: 8443 });
    expect(endpointOf('fd00::2', 8006)).toEqual({ host: 'fd00::2', port: 8006 });
  });
  it('offers what PROXMOX_* say, and maps VERIFY_SSL=false to asking, not to trusting', () => {
    expect(connectionFromVariables({})).toBeUndefined();
    expect(connectionFromVariables({ PROXMOX_HOST: 'pve.lan', PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: 'x', PROXMOX_VERIFY_SSL: 'False' })).toEqual({ host: 'pve.lan', port: 8006, auth: { kind: 'password', user: 'root', realm: 'pam' }, secrets: { password: 'x' }, verifySsl: false });
    expect(connectionFromVariables({ PROXMOX_HOST: 'pve.lan', PROXMOX_USER: 'root@pam!tk', PROXMOX_PASSWORD: 's' })).toMatchObject({ auth: { kind: 'token', user: 'root@pam', token: 'tk' }, secrets: { tokenSecret: 's' }, verifySsl: true });
  });
  it('reads a .env file without running anything', () => {
    expect(parseDotEnv('\ufeff# c\nexport PROXMOX_HOST=pve.lan # here\r\nPROXMOX_PASSWORD="a\\"b # c\\n"\nX=\'$HOME\'\nBAD LINE\n')).toEqual({ PROXMOX_HOST: 'pve.lan', PROXMOX_PASSWORD: 'a"b # c\n', X: '$HOME' });
  });
});

describe('volumes', () => {
  it('get names that the server takes', () => {
    expect(volumeName('iso', 'https://x.org/a%20b/debian 12.iso?x=1')).toBe('debian_12.iso');
    expect(volumeName('import', 'https://cloud-images.ubuntu.com/noble.img')).toBe('noble.qcow2');
    expect(volumeName('iso', 'C:\\isos\\win.iso')).toBe('win.iso');
    expect(() => volumeName('import', 'x.qcow2.xz')).toThrow(GaiaError);
    expect(() => volumeName('vztmpl', 'x.zip')).toThrow(GaiaError);
  });
  it('get checksums by their length or name', () => {
    expect(parseChecksum(`SHA256:${'A'.repeat(64)}`)).toEqual({ algorithm: 'sha256', value: 'a'.repeat(64) });
    expect(parseChecksum('b'.repeat(128))).toEqual({ algorithm: 'sha512', value: 'b'.repeat(128) });
    expect(() => parseChecksum('nope')).toThrow(GaiaError);
  });
});

describe('WebSocket frames', () => {
  it('come back as they went, cut anywhere', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 70_000), fc.nat(255)).map(([length, byte]) => new Uint8Array(length).fill(byte)), { maxLength: 4 }), fc.integer({ min: 1, max: 4000 }), (messages, cut) => {
      const stream = Buffer.concat(messages.map(message => encodeFrame(opcodes.binary, message)));
      const seen: Uint8Array[] = [];
      const reader = new FrameReader((opcode, payload) => { expect(opcode).toBe(opcodes.binary); seen.push(payload); });
      for (let from = 0; from < stream.length; from += cut) reader.push(stream.subarray(from, from + cut));
      expect(seen.length).toBe(messages.length);
      expect(seen.every((bytes, index) => Buffer.from(bytes).equals(messages[index]!))).toBe(true);
    }), { numRuns: 30 });
  });
  it('puts fragments together, with control frames between them', () => {
    const seen: [number, string][] = [];
    const reader = new FrameReader((opcode, payload) => seen.push([opcode, Buffer.from(payload).toString()]));
    reader.push(Uint8Array.of(0x02, 2, 0x61, 0x62, 0x89, 1, 0x70, 0x80, 1, 0x63));
    expect(seen).toEqual([[opcodes.ping, 'p'], [opcodes.binary, 'abc']]);
  });
  it('counts keys in bytes', () => {
    expect(keysMessage('é')).toBe('0:2:é');
  });
});

describe('fingerprints', () => {
  it('are the same however they are written, and never equal when they are none', () => {
    const hex = 'ab'.repeat(32);
    expect(formatFingerprint(`sha256:${hex}`)).toBe(Array.from({ length: 32 }, () => 'AB').join(':'));
    expect(sameFingerprint(hex, formatFingerprint(hex))).toBe(true);
    for (const bad of ['', undefined, 'AB:CD', 'x']) expect(sameFingerprint(bad, bad)).toBe(false);
  });
});
