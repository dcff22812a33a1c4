// "Go to definition": from a path to the file, from clone_from to the machine, from before/after to the step. Folders are links into the explorer.
import * as vscode from 'vscode';
import { hostPaths } from '../../config/check.ts';
import { rangeIn } from '../diagnostics/diagnostics.ts';
import { hostPathUri } from '../diagnostics/hostPath.ts';
import { isGaiaDocument } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { GaiaDocuments } from './documents.ts';
import { placeAt, plainPath, valueAt, type Place } from './place.ts';

const filePaths = /^config\.(synced_folders\.host_path|provisioners\.(path|source|playbook|inventory_path)|tarball|iso|image|box_url|cloud_init\.(user_data|network_config))$/;

export class ConfigDefinitions implements vscode.DefinitionProvider, vscode.DocumentLinkProvider {
  readonly #documents: GaiaDocuments;

  constructor(documents: GaiaDocuments) {
    this.#documents = documents;
  }

  async provideDefinition(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.LocationLink[]> {
    if (!isGaiaDocument(document)) return [];
    const place = placeAt(this.#documents.parsed(document), document.offsetAt(position));
    if (!place?.token || place.atKey) return [];
    const path = plainPath(place.path);
    const value = valueAt(place.value, place.path);
    const originSelectionRange = rangeIn(document, place.token);
    const to = (targetUri: vscode.Uri, targetRange: vscode.Range): vscode.LocationLink => ({ originSelectionRange, targetUri, targetRange });
    if (typeof value === 'string' && filePaths.test(path)) {
      const file = await readable(hostPathUri(document.uri, value));
      return file ? [to(file, new vscode.Range(0, 0, 0, 0))] : [];
    }
    if (path === 'config.clone_from' || path === 'config.clone_from.name') return this.#machinesNamed(String(value), document).map(({ uri, range }) => to(uri, range));
    if (path === 'config.provisioners.before' || path === 'config.provisioners.after') return stepNamed(place, value).map(range => to(document.uri, rangeIn(document, range)));
    return [];
  }

  /** Folders that are there: a click shows them in the explorer. */
  async provideDocumentLinks(document: vscode.TextDocument): Promise<vscode.DocumentLink[]> {
    if (!isGaiaDocument(document)) return [];
    const { machines } = this.#documents.parsed(document);
    const found = await Promise.all(machines.slice(0, 200).flatMap(machine => hostPaths(machine).filter(p => p.what === 'folder').map(async ({ value, path }) => {
      const [range, uri] = [machine.locate(path), hostPathUri(document.uri, value)];
      if (!range || !uri || !vscode.workspace.getWorkspaceFolder(uri) || !(await isFolder(uri))) return undefined;
      const link = new vscode.DocumentLink(rangeIn(document, range), vscode.Uri.parse(`command:revealInExplorer?${encodeURIComponent(JSON.stringify([uri]))}`));
      link.tooltip = t('Show in the explorer');
      return link;
    })));
    return found.filter(link => link !== undefined);
  }

  /** In this file first, then in the other Gaia files that are open. */
  #machinesNamed(name: string, document: vscode.TextDocument): { uri: vscode.Uri; range: vscode.Range }[] {
    const others = vscode.workspace.textDocuments.filter(other => other !== document && isGaiaDocument(other));
    return [document, ...others].flatMap(other => this.#documents.parsed(other).machines.filter(m => m.name === name).map(m => ({ uri: other.uri, range: rangeIn(other, m.locate(['name']) ?? m.range) })));
  }
}

function stepNamed({ machine }: Place, name: unknown) {
  const steps = machine?.config['provisioners'];
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((step: unknown, i) => (valueAt(step, ['name']) === name ? machine?.locate(['config', 'provisioners', i, 'name']) ?? [] : []));
}

async function isFolder(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(uri).then(stat => (stat.type & vscode.FileType.Directory) !== 0, () => false);
}

/** The file; of a folder, a file in it that tells most (an editor cannot show a folder). */
async function readable(uri: vscode.Uri | undefined): Promise<vscode.Uri | undefined> {
  if (!uri) return undefined;
  try {
    const { type } = await vscode.workspace.fs.stat(uri);
    if ((type & vscode.FileType.Directory) === 0) return uri;
    const files = (await vscode.workspace.fs.readDirectory(uri)).filter(([, kind]) => (kind & vscode.FileType.File) !== 0).map(([name]) => name).sort();
    const [best] = [...files.filter(name => /^readme\b/i.test(name)), ...files];
    return best === undefined ? undefined : vscode.Uri.joinPath(uri, best);
  } catch {
    return undefined;
  }
}
