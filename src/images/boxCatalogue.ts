// A box's catalogue: the JSON that says which versions there are, for which providers and architectures, and where each file is. Pure.
import { GaiaError } from '../machines/errors.ts';
import type { Checksum } from '../system/download.ts';
import type { Constraint } from './gemVersion.ts';
import { compareGemVersions, isGemVersion, satisfies } from './gemVersion.ts';
import { parseChecksum } from './checksum.ts';

export interface Catalogue {
  readonly name?: string;
  readonly description?: string;
  readonly versions: readonly CatalogueVersion[];
}
export interface CatalogueVersion {
  readonly version: string;
  readonly providers: readonly CatalogueProvider[];
}
export interface CatalogueProvider {
  readonly name: string;
  readonly url: string;
  readonly checksum?: string;
  readonly checksumType?: string;
  readonly architecture?: string;
  readonly defaultArchitecture?: boolean;
}

export interface CatalogueChoice {
  readonly version: string;
  readonly url: string;
  readonly architecture?: string;
  readonly checksum?: Checksum;
}

/** What Vagrant asks when a name has no address: newest form first, the one before 2.4.0 second. */
export function catalogueUrls(server: string, name: string): readonly string[] {
  const base = server.replace(/\/+$/, '');
  const path = name.split('/').map(encodeURIComponent).join('/');
  return [`${base}/api/v2/vagrant/${path}`, `${base}/${path}`];
}

/** VAGRANT_SERVER_URL, or Vagrant's public server. */
export function catalogueServer(env: Readonly<Record<string, string | undefined>>): string {
  return env['VAGRANT_SERVER_URL'] || 'https://vagrantcloud.com';
}

/** Undefined = this text is no catalogue. What cannot be used of one (a malformed version, a provider without an address) is left out. */
export function parseCatalogue(text: string): Catalogue | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !Array.isArray(value['versions'])) return undefined;
  const versions = value['versions'].filter(isObject).flatMap((version): CatalogueVersion[] => {
    const number = textOf(version['version']);
    if (number === undefined || !isGemVersion(number)) return [];
    const providers = Array.isArray(version['providers']) ? version['providers'].filter(isObject) : [];
    return [{ version: number, providers: providers.flatMap(providerOf) }];
  });
  const name = textOf(value['name']);
  const description = textOf(value['description']) ?? textOf(value['short_description']);
  return { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }), versions };
}

/** The file that Vagrant would fetch. Throws GaiaError `notFound` that says what the catalogue has instead. */
export function chooseFromCatalogue(catalogue: Catalogue, question: { readonly name: string; readonly constraints: readonly Constraint[]; readonly constraintText: string; readonly provider: string; readonly architecture: string; readonly hostArchitecture: string }): CatalogueChoice {
  const newestFirst = [...catalogue.versions].sort((a, b) => compareGemVersions(b.version, a.version));
  for (const version of newestFirst) {
    if (!satisfies(version.version, question.constraints)) continue;
    const provider = chooseProvider(version, question);
    if (!provider) continue;
    const checksum = provider.checksum && provider.checksumType ? parseChecksum(`${provider.checksumType}:${provider.checksum}`) : undefined;
    return { version: version.version, url: provider.url, ...(provider.architecture === undefined ? {} : { architecture: provider.architecture }), ...(checksum ? { checksum } : {}) };
  }
  throw nothingFits(newestFirst, question);
}

function chooseProvider(version: CatalogueVersion, question: { readonly provider: string; readonly architecture: string; readonly hostArchitecture: string }): CatalogueProvider | undefined {
  const named = version.providers.filter(provider => provider.name === question.provider);
  const wanted = question.architecture === 'auto' ? question.hostArchitecture : question.architecture;
  const exact = named.find(provider => provider.architecture === wanted);
  if (exact || question.architecture !== 'auto') return exact;
  const unknown = named.find(provider => provider.architecture === 'unknown' && provider.defaultArchitecture === true);
  // A catalogue of the time before architectures: one file, and no word about them.
  return unknown ?? (named.length === 1 && named[0]?.defaultArchitecture === undefined ? named[0] : undefined);
}

function nothingFits(versions: readonly CatalogueVersion[], question: { readonly name: string; readonly constraints: readonly Constraint[]; readonly constraintText: string; readonly provider: string; readonly architecture: string; readonly hostArchitecture: string }): GaiaError {
  const { name, provider } = question;
  const listed = (texts: readonly string[]): string => [...new Set(texts)].slice(0, 12).join(', ') || '-';
  const withProvider = versions.filter(version => version.providers.some(one => one.name === provider));
  if (withProvider.length === 0) {
    return new GaiaError('notFound', { message: 'The box {0} is not made for {1}. It is for: {2}.', values: [name, provider, listed(versions.flatMap(version => version.providers.map(one => one.name)))], hint: 'Choose another box or another provider.' });
  }
  const inRange = withProvider.filter(version => satisfies(version.version, question.constraints));
  if (inRange.length === 0) {
    return new GaiaError('notFound', { message: 'The box {0} has no version {1}. It has: {2}.', values: [name, question.constraintText, listed(withProvider.map(version => version.version))], hint: 'Change box_version.' });
  }
  const architecture = question.architecture === 'auto' ? question.hostArchitecture : question.architecture;
  const has = inRange.flatMap(version => version.providers.filter(one => one.name === provider).map(one => one.architecture ?? 'unknown'));
  return new GaiaError('notFound', { message: 'The box {0} is not made for {1} on {2}. It is for: {3}.', values: [name, provider, architecture, listed(has)], hint: 'Choose a box for this processor.' });
}

function providerOf(provider: Readonly<Record<string, unknown>>): CatalogueProvider[] {
  const name = textOf(provider['name']);
  const url = textOf(provider['url']);
  if (name === undefined || url === undefined) return [];
  const checksum = textOf(provider['checksum'])?.trim();
  const checksumType = textOf(provider['checksum_type'])?.trim();
  const architecture = textOf(provider['architecture']);
  const byDefault = provider['default_architecture'];
  return [{
    name,
    url,
    ...(checksum ? { checksum } : {}),
    ...(checksumType ? { checksumType } : {}),
    ...(architecture === undefined ? {} : { architecture }),
    ...(typeof byDefault === 'boolean' ? { defaultArchitecture: byDefault } : {}),
  }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
