// Passwords as Linux keeps them ($6$, SHA-crypt by Ulrich Drepper, 5000 rounds): a seed volume carries the hash, never the password.
import { createHash } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const rounds = 5000;

/** Order in which the bytes of the digest go into the text, three at a time. */
const order: readonly (readonly [number, number, number])[] = Array.from({ length: 21 }, (_, at) => {
  const triple = [at, at + 21, at + 42] as const;
  const turn = at % 3;
  return [triple[turn % 3] ?? 0, triple[(turn + 1) % 3] ?? 0, triple[(turn + 2) % 3] ?? 0] as const;
});

/** `salt`: up to 16 characters of `./0-9A-Za-z`. */
export function sha512Crypt(password: string, salt: string): string {
  const key = Buffer.from(password, 'utf8');
  const saltBytes = Buffer.from(salt.slice(0, 16), 'latin1');
  const hash = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((sum, part) => sum.update(part), createHash('sha512')).digest();
  const stretched = (bytes: Buffer, length: number): Buffer => Buffer.concat(Array.from({ length: Math.ceil(length / 64) }, () => bytes)).subarray(0, length);

  const b = hash(key, saltBytes, key);
  const bits: Buffer[] = [];
  for (let length = key.length; length > 0; length >>= 1) bits.push((length & 1) === 1 ? b : key);
  const a = hash(key, saltBytes, stretched(b, key.length), ...bits);
  const p = stretched(hash(...Array.from({ length: key.length }, () => key)), key.length);
  const s = stretched(hash(...Array.from({ length: 16 + (a[0] ?? 0) }, () => saltBytes)), saltBytes.length);
  let digest = a;
  for (let round = 0; round < rounds; round++) {
    digest = hash(...[(round & 1) === 1 ? p : digest, ...(round % 3 === 0 ? [] : [s]), ...(round % 7 === 0 ? [] : [p]), (round & 1) === 1 ? digest : p]);
  }
  let text = '';
  const put = (value: number, characters: number): void => { for (let at = 0; at < characters; at++) text += alphabet[(value >> (6 * at)) & 63] ?? ''; };
  for (const [high, middle, low] of order) put(((digest[high] ?? 0) << 16) | ((digest[middle] ?? 0) << 8) | (digest[low] ?? 0), 4);
  put(digest[63] ?? 0, 2);
  return `$6$${saltBytes.toString('latin1')}$${text}`;
}

/** A salt of 16 characters from random bytes. */
export function cryptSalt(random: Uint8Array): string {
  return [...random.subarray(0, 16)].map(byte => alphabet[byte & 63] ?? '.').join('');
}
