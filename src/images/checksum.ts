// Checksums as people and catalogues write them: `sha256:<hex>`, a bare hex text (its length says which), or a line of a SHA256SUMS file. Pure.
import { GaiaError } from '../machines/errors.ts';
import type { Checksum } from '../system/download.ts';

const lengths: Readonly<Record<Checksum['algorithm'], number>> = { md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128 };
const algorithms = Object.keys(lengths) as Checksum['algorithm'][];

/** Throws GaiaError `invalidInput` when the text is no checksum that can be verified. Undefined for an empty text. */
export function parseChecksum(text: string): Checksum | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const parts = /^(?:([a-z0-9-]+)\s*[:=]\s*)?([0-9a-f]+)$/i.exec(trimmed);
  const hex = parts?.[2]?.toLowerCase();
  const named = parts?.[1]?.toLowerCase().replace('-', '');
  const algorithm = algorithms.find(one => (named === undefined || named === one) && lengths[one] === hex?.length);
  if (hex === undefined || algorithm === undefined) {
    throw new GaiaError('invalidInput', { message: '{0} is not a checksum.', values: [trimmed.slice(0, 140)], hint: 'Write it as sha256:… or sha512:… with the hexadecimal digits that the publisher gives.' });
  }
  return { algorithm, hex };
}

/** Is this the address or path of a file of checksums (`…/SHA256SUMS`), and not a checksum itself? */
export function isChecksumFile(text: string): boolean {
  return /^(https?|file):\/\//i.test(text.trim());
}

/** The checksum of `fileName` in the text of a SHA256SUMS file: `<hex>  [*]name`, `SHA256 (name) = <hex>`, or one hex text alone. */
export function checksumFromList(text: string, fileName: string): Checksum | undefined {
  const lines = text.split(/\r?\n/).map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#') && !line.startsWith('-----'));
  for (const line of lines) {
    const gnu = /^([0-9a-f]{32,128})\s+\*?(.+)$/i.exec(line);
    const bsd = /^[A-Z0-9-]+\s*\((.+)\)\s*=\s*([0-9a-f]{32,128})$/i.exec(line);
    const name = gnu?.[2] ?? bsd?.[1];
    const hex = gnu?.[1] ?? bsd?.[2];
    if (hex !== undefined && name?.split('/').at(-1) === fileName) return algorithms.some(one => lengths[one] === hex.length) ? parseChecksum(hex) : undefined;
  }
  const only = lines.length === 1 && /^[0-9a-f]+$/i.test(lines[0] ?? '') ? lines[0] : undefined;
  return only !== undefined && algorithms.some(one => lengths[one] === only.length) ? parseChecksum(only) : undefined;
}
