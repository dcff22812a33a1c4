// A box, as Vagrant resolves it: its own store first, then what Gaia fetched before, then the catalogue or the address.
import * as path from 'node:path';
import { GaiaError } from '../machines/errors.ts';
import type { OperationContext } from '../machines/provider.ts';
import type { MachineSource } from '../machines/spec.ts';
import { unpackTar } from '../system/archive.ts';
import { download } from '../system/download.ts';
import type { Checksum } from '../system/download.ts';
import { fileInfo, readRange, readText, writeWhole } from '../system/files.ts';
import { displayUrl, readBody, sendWebRequest, statusProblem } from '../system/webFetch.ts';
import type { Catalogue, CatalogueChoice } from './boxCatalogue.ts';
import { catalogueServer, catalogueUrls, chooseFromCatalogue, parseCatalogue } from './boxCatalogue.ts';
import { readBoxFolder } from './boxFacts.ts';
import { checkBoxDisks } from './boxSafety.ts';
import type { BoxQuestion, StoredBox } from './boxStore.ts';
import { chooseStored, hostArchitecture, listStore, listStoreOf, vagrantHome } from './boxStore.ts';
import { compareGemVersions, parseConstraints } from './gemVersion.ts';
import type { CachedEntry } from './imageCache.ts';
import type { ImageTools } from './imageTools.ts';
import type { Location } from './location.ts';
import { locate } from './location.ts';
import type { ImageRequest, ResolvedBox } from './resolved.ts';

type BoxSource = MachineSource & { readonly kind: 'box' };
type Question = BoxQuestion & { readonly constraintText: string };

/** A catalogue larger than this is none. */
const maxCatalogueBytes = 20 * 1024 * 1024;

/** Throws GaiaError: `notFound` says what there is instead; see also `download` and `unpackTar`. */
export async function resolveBox(source: BoxSource, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedBox> {
  if (source.folder !== undefined) return await resolvedFrom(source.folder, { name: source.name, version: source.version ?? '0' }, 'folder', request);
  const question = questionOf(source, request, tools);
  if (request.refresh !== true) {
    const stored = await storedBox(question, source, tools);
    if (stored) return await resolvedFrom(stored.folder, stored, stored.origin, request);
  }
  const url = source.url ?? (/^(https?|file):\/\//i.test(source.name) ? source.name : undefined);
  if (url === undefined || /^[^/:\\.~][^/:\\]*\/[^/:\\]+$/.test(url) && (await fileInfo(path.resolve(request.baseFolder ?? '.', url))) === undefined) {
    return await fromNamedCatalogue(url ?? source.name, question, request, tools, context);
  }
  const location = locate(url, { baseFolder: request.baseFolder, home: tools.home });
  const catalogue = await catalogueAt(location, tools, context);
  if (catalogue) return await fromCatalogue(catalogue, location, question, request, tools, context);
  if (question.constraints.some(constraint => constraint.version !== '0' || constraint.operator === '!=')) {
    throw new GaiaError('invalidInput', { message: 'The box {0} comes from a file, which has no version: {1} cannot be asked for.', values: [source.name, question.constraintText], hint: 'Remove box_version, or let box_url name a catalogue.' });
  }
  return await fetched({ version: '0', location }, 'url', question, request, tools, context);
}

/** Every box on this computer: Vagrant's store, and Gaia's cache. */
export async function listBoxes(tools: ImageTools): Promise<readonly (StoredBox & { readonly origin: 'vagrant' | 'cache' })[]> {
  const [own, vagrant] = await Promise.all([cachedBoxes(tools), listStore(path.join(vagrantHome(tools.env, tools.home), 'boxes'))]);
  return [...vagrant.map(box => ({ ...box, origin: 'vagrant' as const })), ...own];
}

/** The versions of a box for completion: of its catalogue, newest first. Throws as `resolveBox`. */
export async function catalogueOf(name: string, tools: ImageTools, signal: AbortSignal): Promise<Catalogue> {
  const found = await namedCatalogue(name, tools, signal);
  return { ...found.catalogue, versions: [...found.catalogue.versions].sort((a, b) => compareGemVersions(b.version, a.version)) };
}

function questionOf(source: BoxSource, request: ImageRequest, tools: ImageTools): Question {
  const constraintText = source.version?.trim() ?? '';
  const constraints = parseConstraints(constraintText);
  if (!constraints) throw new GaiaError('invalidInput', { message: '{0} is not a version or constraint of a box.', values: [constraintText], hint: 'Write a version such as 1.2.3, or constraints such as ">= 1.0, < 2.0" or "~> 1.2".' });
  return { name: source.name, constraints, constraintText: constraintText || '>= 0', provider: request.provider, architecture: request.architecture ?? 'auto', hostArchitecture: hostArchitecture(tools.arch, tools.env) };
}

async function storedBox(question: Question, source: BoxSource, tools: ImageTools): Promise<(StoredBox & { origin: 'vagrant' | 'cache' }) | undefined> {
  const [vagrant, own] = await Promise.all([
    listStoreOf(path.join(vagrantHome(tools.env, tools.home), 'boxes'), question.name, tools.platform),
    // What came from an address is found by its address, not by the name it was given.
    source.url === undefined ? cachedBoxes(tools).then(boxes => boxes.filter(box => box.from === 'catalogue')) : [],
  ]);
  const fromVagrant = chooseStored(vagrant, question);
  const fromCache = chooseStored(own, question);
  if (fromCache && (!fromVagrant || compareGemVersions(fromCache.version, fromVagrant.version) > 0)) return { ...fromCache, origin: 'cache' };
  return fromVagrant && { ...fromVagrant, origin: 'vagrant' };
}

async function cachedBoxes(tools: ImageTools): Promise<(StoredBox & { origin: 'cache'; from: string })[]> {
  return (await tools.cache.list()).flatMap(row => {
    const data = row.state === 'whole' && row.kind === 'box' ? row.data : undefined;
    if (row.state !== 'whole' || !data?.['name'] || !data['version'] || !data['provider']) return [];
    return [{ name: data['name'], version: data['version'], provider: data['provider'], folder: row.path, origin: 'cache' as const, from: data['from'] ?? 'url', ...(data['architecture'] ? { architecture: data['architecture'] } : {}), ...(data['catalogueUrl'] ? { catalogueUrl: data['catalogueUrl'] } : {}) }];
  });
}

async function fromNamedCatalogue(name: string, question: Question, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedBox> {
  if (!/^[^/\s]+\/[^/\s]+$/.test(name)) {
    throw new GaiaError('notFound', { message: 'The box {0} is not on this computer.', values: [name], hint: 'Add box_url with the address of the box, or use a name with its owner, such as hashicorp/bionic64.' });
  }
  context.progress({ message: 'Looking up {0}', values: [name] });
  const { catalogue, url } = await namedCatalogue(name, tools, context.signal);
  return await fromCatalogue(catalogue, { kind: 'web', url }, question, request, tools, context);
}

async function namedCatalogue(name: string, tools: ImageTools, signal: AbortSignal): Promise<{ catalogue: Catalogue; url: string }> {
  const server = catalogueServer(tools.env);
  const token = tools.env['VAGRANT_CLOUD_TOKEN'] || tools.env['ATLAS_TOKEN'];
  let problem: GaiaError | undefined;
  for (const url of catalogueUrls(server, name)) {
    const answer = await sendWebRequest({ url, headers: { accept: 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) } }, tools.fetch, timed(signal), tools.record);
    const text = await readBody(answer, maxCatalogueBytes);
    const catalogue = answer.status === 200 ? parseCatalogue(text) : undefined;
    if (catalogue) return { catalogue, url: answer.url };
    if (answer.status >= 500 || answer.status === 407 || answer.status === 429) throw statusProblem(answer);
    problem ??= new GaiaError('notFound', {
      message: 'The box {0} was not found on {1}.',
      values: [name, displayUrl(server)],
      hint: 'Check its name. A private box needs VAGRANT_CLOUD_TOKEN; a server of your own is named by VAGRANT_SERVER_URL.',
      raw: `${answer.status} ${text.slice(0, 300)}`,
    });
  }
  throw problem ?? new GaiaError('notFound', { message: 'The box {0} was not found on {1}.', values: [name, displayUrl(server)] });
}

/** The catalogue at this place; undefined = it is a box. */
async function catalogueAt(location: Location, tools: ImageTools, context: OperationContext): Promise<Catalogue | undefined> {
  if (location.kind === 'file') {
    const info = await fileInfo(location.path);
    if (info?.kind !== 'file') throw new GaiaError('notFound', { message: 'There is no box at {0}.', values: [location.path], hint: 'Check box_url.' });
    const looksJson = info.sizeBytes <= maxCatalogueBytes && /^(\uFEFF)?\s*\{/.test(new TextDecoder().decode(await readRange(location.path, 0, 256)));
    return looksJson ? parseCatalogue((await readText(location.path)) ?? '') : undefined;
  }
  const accept = { accept: 'application/json' };
  const head = await sendWebRequest({ url: location.url, method: 'HEAD', headers: accept }, tools.fetch, timed(context.signal), tools.record);
  // A server that does not answer HEAD may still have the file.
  if (head.status >= 400 || !/^application\/(\w+\+)?json\b/i.test(head.header('content-type') ?? '')) return undefined;
  const answer = await sendWebRequest({ url: location.url, headers: accept }, tools.fetch, timed(context.signal), tools.record);
  if (answer.status !== 200) throw statusProblem(answer);
  const catalogue = parseCatalogue(await readBody(answer, maxCatalogueBytes));
  if (!catalogue) throw new GaiaError('invalidInput', { message: '{0} is JSON, but not the catalogue of a box.', values: [displayUrl(location.url)] });
  return catalogue;
}

async function fromCatalogue(catalogue: Catalogue, location: Location, question: Question, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedBox> {
  if (catalogue.name !== undefined && catalogue.name !== question.name && question.name.toLowerCase() !== catalogue.name.toLowerCase() && !/^(https?|file):\/\//i.test(question.name)) {
    throw new GaiaError('invalidInput', { message: 'The catalogue is of the box {0}, not of {1}.', values: [catalogue.name, question.name], hint: 'Write the name of the catalogue as box.' });
  }
  const choice = chooseFromCatalogue(catalogue, question);
  return await fetched({ ...choice, location: placeOf(choice, location, tools), catalogueUrl: location.kind === 'web' ? displayUrl(location.url) : location.path }, 'catalogue', question, request, tools, context);
}

/** An address in a catalogue may be relative to it. */
function placeOf(choice: CatalogueChoice, catalogue: Location, tools: ImageTools): Location {
  if (catalogue.kind === 'web' && !/^[a-z][a-z0-9+.-]*:/i.test(choice.url)) return { kind: 'web', url: new URL(choice.url, catalogue.url).href };
  const location = locate(choice.url, { home: tools.home, ...(catalogue.kind === 'file' ? { baseFolder: path.dirname(catalogue.path) } : {}) });
  // A page of the web must not choose a file of this computer.
  if (catalogue.kind === 'web' && location.kind === 'file') throw new GaiaError('invalidInput', { message: 'The catalogue {0} names a file of this computer, and was not followed.', values: [displayUrl(catalogue.url)], raw: choice.url });
  return location;
}

interface Wanted {
  readonly version: string;
  readonly location: Location;
  readonly architecture?: string;
  readonly checksum?: Checksum;
  readonly catalogueUrl?: string;
}

/** Downloads and unpacks into the cache; a second time it is there. */
async function fetched(wanted: Wanted, from: 'catalogue' | 'url', question: Question, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedBox> {
  const { location } = wanted;
  const file = location.kind === 'file' ? await fileInfo(location.path) : undefined;
  if (location.kind === 'file' && file?.kind !== 'file') throw new GaiaError('notFound', { message: 'There is no box at {0}.', values: [location.path], hint: 'Check box_url.' });
  const source = location.kind === 'web' ? displayUrl(location.url) : location.path;
  const label = `${question.name} ${wanted.version} (${[question.provider, wanted.architecture].filter(part => part !== undefined).join(', ')})`;
  const key = ['box', question.name, wanted.version, question.provider, location.kind === 'web' ? location.url : `${location.path} ${file?.sizeBytes} ${file?.modifiedMs}`, wanted.checksum?.hex ?? ''];
  const entry = await tools.cache.take({ kind: 'box', key, label, ...(request.refresh === undefined ? {} : { refresh: request.refresh }) }, async (folders, inner) => {
    const archive = location.kind === 'file' ? location.path : (await download({ url: location.url, destination: path.join(folders.work, 'box'), ...(wanted.checksum ? { checksum: wanted.checksum } : {}) }, tools, inner)).path;
    await unpackTar(archive, folders.content, tools.freeBytes ? { freeBytes: tools.freeBytes } : {}, inner);
    const box = await readBoxFolder(folders.content);
    checkProvider(box.metadata.provider, source, question.provider);
    await checkBoxDisks(box);
    if ((await fileInfo(path.join(folders.content, 'metadata.json'))) === undefined) await writeWhole(path.join(folders.content, 'metadata.json'), JSON.stringify({ provider: box.metadata.provider }));
    const architecture = wanted.architecture ?? box.metadata.architecture;
    return { kind: 'box', label, source, main: '', data: { name: question.name, version: wanted.version, provider: question.provider, from, ...(architecture === undefined ? {} : { architecture }), ...(wanted.catalogueUrl === undefined ? {} : { catalogueUrl: wanted.catalogueUrl }) } };
  }, context);
  return await resolvedFrom(entry.path, { name: question.name, version: wanted.version, ...architectureOf(entry) }, 'cache', request);
}

function architectureOf(entry: CachedEntry): { architecture?: string } {
  const architecture = entry.data?.['architecture'];
  return architecture === undefined ? {} : { architecture };
}

async function resolvedFrom(folder: string, what: { readonly name: string; readonly version: string; readonly architecture?: string }, origin: ResolvedBox['origin'], request: ImageRequest): Promise<ResolvedBox> {
  const box = await readBoxFolder(folder);
  checkProvider(box.metadata.provider, folder, request.provider);
  const architecture = what.architecture ?? box.metadata.architecture;
  return { kind: 'box', name: what.name, version: what.version, origin, ...box, ...(architecture === undefined ? {} : { architecture }) };
}

function checkProvider(found: string, source: string, wanted: string): void {
  if (found !== wanted) throw new GaiaError('invalidInput', { message: 'The box from {0} is for {1}, not for {2}.', values: [source, found, wanted], hint: 'Use a box for this provider.' });
}

/** A catalogue that does not come in a minute does not come. */
function timed(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
}
