// Certificates as a Proxmox cluster has them: one CA, one certificate a node. Written in DER by hand (X.509 v3, ECDSA P-256), so no openssl is needed.
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

export interface Authority {
  readonly certificate: string;
  readonly key: KeyObject;
  readonly name: Buffer;
  readonly keyId: Buffer;
}

export interface NodeCertificate {
  /** PEM of the node's certificate followed by the CA's, as pveproxy serves it. */
  readonly chain: string;
  readonly certificate: string;
  readonly key: string;
  /** SHA-256, upper case, with colons: as Proxmox shows it. */
  readonly fingerprint: string;
}

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));
const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
const bits = (data: Buffer): Buffer => der(0x03, Buffer.from([0]), data);

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const value of rest) {
    const groups = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const nameParts: Record<string, string> = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11' };
const nameOf = (parts: readonly (readonly [string, string])[]): Buffer =>
  sequence(...parts.map(([key, value]) => der(0x31, sequence(oid(nameParts[key] ?? key), utf8(value)))));
const time = (date: Date): Buffer => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]/g, '').replace(/\.\d+Z$/, 'Z')));
const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), der(0x04, value));

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const words = (part: string | undefined): number[] => (part ? part.split(':').map(w => parseInt(w, 16)) : []);
  const left = words(head);
  const right = words(tail);
  const all = tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap(w => [w >> 8, w & 0xff]));
}

const alternativeNames = (hosts: readonly string[]): Buffer =>
  sequence(...hosts.map(host => (isIP(host) ? der(0x87, ipBytes(host)) : der(0x82, Buffer.from(host)))));

const pem = (data: Buffer): string => `-----BEGIN CERTIFICATE-----\n${data.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;

function certificate(options: { subject: Buffer; issuer: Buffer; publicKey: KeyObject; signer: KeyObject; from: Date; until: Date; extensions: readonly Buffer[] }): Buffer {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x01;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    options.issuer,
    sequence(time(options.from), time(options.until)),
    options.subject,
    options.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...options.extensions)),
  );
  return sequence(body, ecdsaWithSha256, bits(sign('sha256', body, options.signer)));
}

const keyIdOf = (key: KeyObject): Buffer => createHash('sha1').update(key.export({ type: 'spki', format: 'der' })).digest();
const year = 365 * 86_400_000;

/** A new cluster CA. */
export function createAuthority(): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(16).toString('hex');
  const name = nameOf([['CN', 'Proxmox Virtual Environment'], ['OU', id], ['O', 'PVE Cluster Manager CA']]);
  const keyId = keyIdOf(pair.publicKey);
  const data = certificate({
    subject: name,
    issuer: name,
    publicKey: pair.publicKey,
    signer: pair.privateKey,
    from: new Date(Date.now() - 86_400_000),
    until: new Date(Date.now() + 10 * year),
    extensions: [
      extension('2.5.29.19', true, sequence(boolean(true))),
      extension('2.5.29.15', true, der(0x03, Buffer.from([1, 0x06]))),
      extension('2.5.29.14', false, der(0x04, keyId)),
    ],
  });
  return { certificate: pem(data), key: pair.privateKey, name, keyId };
}

/** A certificate for one node, good for its name and for each host name and address in `hosts`. `expired` makes one of last year. */
export function createNodeCertificate(authority: Authority, node: string, hosts: readonly string[], expired = false): NodeCertificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const until = expired ? new Date(Date.now() - 86_400_000) : new Date(Date.now() + 2 * year);
  const data = certificate({
    subject: nameOf([['OU', 'PVE Cluster Node'], ['O', 'Proxmox Virtual Environment'], ['CN', `${node}.lan`]]),
    issuer: authority.name,
    publicKey: pair.publicKey,
    signer: authority.key,
    from: new Date(until.getTime() - 2 * year - 86_400_000),
    until,
    extensions: [
      extension('2.5.29.19', false, sequence()),
      extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.17', false, alternativeNames([...new Set(['127.0.0.1', '::1', 'localhost', node, `${node}.lan`, ...hosts])])),
      extension('2.5.29.35', false, sequence(der(0x80, authority.keyId))),
    ],
  });
  const own = pem(data);
  return {
    certificate: own,
    chain: own + authority.certificate,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fingerprint: (createHash('sha256').update(data).digest('hex').toUpperCase().match(/../g) ?? []).join(':'),
  };
}
