// New SSH key pairs in OpenSSH's own format, without ssh-keygen: it is not on every Windows.
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export interface SshKeyPair {
  /** The private key's file, to be written with mode 600. */
  readonly privateKey: string;
  /** One line of authorized_keys: `ssh-ed25519 AAAA… comment`. */
  readonly publicKey: string;
}

/** Ed25519, or RSA (3072 bits) for servers older than OpenSSH 6.5. A comment is one line. */
export async function generateSshKeyPair(comment: string, type: 'ed25519' | 'rsa' = 'ed25519'): Promise<SshKeyPair> {
  const label = comment.replaceAll(/[\r\n\0]+/g, ' ').trim();
  return type === 'ed25519' ? await ed25519(label) : await rsa(label);
}

async function ed25519(comment: string): Promise<SshKeyPair> {
  const { privateKey } = await promisify(generateKeyPair)('ed25519');
  const jwk = privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const point = Buffer.from(jwk.x ?? '', 'base64url');
  const publicBlob = Buffer.concat([field('ssh-ed25519'), field(point)]);
  // PROTOCOL.key of OpenSSH: the two check numbers are equal, the padding counts 1, 2, 3 …
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, field('ssh-ed25519'), field(point), field(Buffer.concat([seed, point])), field(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, at) => at + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([Buffer.from('openssh-key-v1\0', 'latin1'), field('none'), field('none'), field(''), count, field(publicBlob), field(Buffer.concat([secret, padding]))]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return { privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`, publicKey: line('ssh-ed25519', publicBlob, comment) };
}

async function rsa(comment: string): Promise<SshKeyPair> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 });
  const jwk = privateKey.export({ format: 'jwk' });
  const number = (text: string | undefined): Buffer => {
    const bytes = Buffer.from(text ?? '', 'base64url');
    return field(((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
  };
  const publicBlob = Buffer.concat([field('ssh-rsa'), number(jwk.e), number(jwk.n)]);
  return { privateKey: privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(), publicKey: line('ssh-rsa', publicBlob, comment) };
}

function line(type: string, blob: Buffer, comment: string): string {
  return [type, blob.toString('base64'), comment].filter(part => part !== '').join(' ');
}

function field(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
