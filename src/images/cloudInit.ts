// From `cloud_init` of a machine to the content of its seed: key files read, the password taken from the environment and hashed.
import { randomBytes } from 'node:crypto';
import { GaiaError } from '../machines/errors.ts';
import type { CloudInitSpec } from '../machines/spec.ts';
import { fileInfo, readText } from '../system/files.ts';
import type { SeedCard, SeedContent } from './cloudInitSeed.ts';
import { locate } from './location.ts';
import { cryptSalt, sha512Crypt } from './sha512Crypt.ts';

export interface SeedSurroundings {
  /** The folder of the config file. */
  readonly baseFolder?: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The machine's own host name, where `cloud_init` says none. */
  readonly hostname?: string;
  readonly instanceId: string;
  /** Every network card, where they are known before; without them `ip_config` is for the first one that the system finds. */
  readonly cards?: readonly SeedCard[];
  /** Keys that Gaia itself needs to get in. */
  readonly extraKeys?: readonly string[];
}

const keyLine = /^(?:[\w@.,="-]+ )?(ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+/;

/** Throws GaiaError `notFound` (a file), `invalidInput` (no key in it, a variable that is not set). */
export async function prepareSeed(spec: CloudInitSpec, around: SeedSurroundings): Promise<SeedContent> {
  const hostname = spec.hostname ?? around.hostname;
  const keys = [...await publicKeys(spec.sshKeys ?? [], around), ...(around.extraKeys ?? [])];
  const passwordHash = spec.passwordEnv === undefined ? undefined : sha512Crypt(passwordOf(spec.passwordEnv, around.env), cryptSalt(randomBytes(16)));
  const [userData, networkConfig] = await Promise.all([fileOrText(spec.userData, around, /^(#cloud-config|#!|#include|Content-Type:|MIME-Version:|## template:)/), fileOrText(spec.networkConfig, around, /[\n{]|:\s/)]);
  const network = {
    ...(around.cards === undefined || around.cards.length === 0 ? {} : { cards: around.cards }),
    ...(spec.ipConfig === undefined ? {} : { ipConfig: spec.ipConfig }),
    ...(spec.nameserver === undefined ? {} : { nameservers: words(spec.nameserver) }),
    ...(spec.searchDomain === undefined ? {} : { searchDomains: words(spec.searchDomain) }),
  };
  return {
    instanceId: around.instanceId,
    network,
    ...(hostname === undefined ? {} : { hostname }),
    ...(spec.user === undefined ? {} : { user: spec.user }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
    ...(keys.length > 0 ? { sshKeys: [...new Set(keys)] } : {}),
    ...(spec.packages === undefined ? {} : { packages: spec.packages }),
    ...(userData === undefined ? {} : { userData }),
    ...(networkConfig === undefined ? {} : { networkConfig }),
  };
}

/** Keys that a file names, or that files hold which it names, each as one line. Throws GaiaError `notFound`, `invalidInput`. */
export async function publicKeys(named: readonly string[], around: Pick<SeedSurroundings, 'baseFolder' | 'home'>): Promise<readonly string[]> {
  return [...new Set((await Promise.all(named.map(key => keysOf(key, around)))).flat())];
}

/** A public key, or the keys in a file. A private key's file is refused, so that none ends up in a guest. */
async function keysOf(text: string, around: Pick<SeedSurroundings, 'baseFolder' | 'home'>): Promise<string[]> {
  const trimmed = text.trim();
  if (keyLine.test(trimmed) && !/[\r\n]/.test(trimmed)) return [trimmed];
  const at = locate(trimmed, around);
  const content = at.kind === 'file' ? await readText(at.path) : undefined;
  if (content === undefined) throw new GaiaError('notFound', { message: 'The key file {0} does not exist.', values: [trimmed], hint: 'Name the file of a public key (it ends in .pub), or write the key itself.' });
  const keys = content.split(/\r?\n/).map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#'));
  if (keys.length === 0 || !keys.every(key => keyLine.test(key))) throw new GaiaError('invalidInput', { message: '{0} holds no public SSH key.', values: [trimmed], hint: 'Name the file of a public key (it ends in .pub).' });
  return keys;
}

function passwordOf(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const password = env[name];
  if (password === undefined || password === '') throw new GaiaError('invalidInput', { message: 'The environment variable {0} with the password is not set.', values: [name], hint: 'Set it before VS Code starts, or remove password_env.' });
  return password;
}

/** `looksLikeText` = it is the content itself; else it is a path, which must exist. */
async function fileOrText(value: string | undefined, around: SeedSurroundings, looksLikeText: RegExp): Promise<string | undefined> {
  if (value === undefined) return undefined;
  if (looksLikeText.test(value) || value.includes('\n')) return value;
  const at = locate(value, around);
  const content = at.kind === 'file' && (await fileInfo(at.path))?.kind === 'file' ? await readText(at.path) : undefined;
  if (content === undefined) throw new GaiaError('notFound', { message: 'There is no file {0}.', values: [value], hint: 'Check the path. A relative one starts at the folder of the config file.' });
  return content;
}

function words(text: string): string[] {
  return text.split(/[\s,;]+/).filter(word => word !== '');
}
