// `gaia.template.use`, `save`, `import`, `export`: the gallery, one's own templates, and the YAML of the origin project both ways.
import * as vscode from 'vscode';
import { parseConfig } from '../../config/parse.ts';
import type { ParsedMachine } from '../../config/model.ts';
import { providerLabel } from '../../config/schema.ts';
import type { Template } from '../../config/templates.ts';
import { fillTemplate, templateFileName, templateText } from '../../config/templates.ts';
import { jsonToYaml, yamlToJson } from '../../config/yaml.ts';
import { validateConfig } from '../../config/validate.ts';
import { GaiaError } from '../../machines/errors.ts';
import { text } from '../commands/inputs.ts';
import { ask } from '../confirm.ts';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import { showAsNewFile } from '../newDocument.ts';
import type { Parts } from '../parts.ts';
import { allTemplates, templateFolders } from './store.ts';

const placeWords: { readonly [P in Template['place']]: () => string } = { builtIn: () => t('Built-in'), user: () => t('My templates'), workspace: () => t('This workspace') };

/** Pick one by name, description, tag or provider; then a file, not saved yet, made of it. `args`: a template's id asks nothing but the name. */
export async function useTemplate(parts: Parts, args: readonly unknown[]): Promise<void> {
  const templates = await allTemplates(parts);
  const template = typeof args[0] === 'string' ? templates.find(one => one.id === args[0]) : await pickTemplate(templates);
  if (!template) return;
  let made = template.text;
  if (template.machineCount === 1) {
    const usual = parseConfig(template.text).machines[0]?.name ?? 'machine';
    const name = typeof args[1] === 'string' ? args[1] : await text({ title: template.title, prompt: t('Name of the machine'), value: usual, required: true });
    if (name === undefined) return;
    made = fillTemplate(template, name);
  }
  await showAsNewFile(made);
}

async function pickTemplate(templates: readonly Template[]): Promise<Template | undefined> {
  const items: (vscode.QuickPickItem & { readonly template?: Template })[] = [];
  for (const place of ['workspace', 'user', 'builtIn'] as const) {
    const here = templates.filter(template => template.place === place);
    if (here.length === 0) continue;
    items.push({ label: placeWords[place](), kind: vscode.QuickPickItemKind.Separator });
    for (const template of here) {
      const what = [template.providers.map(providerLabel).join(', '), ...template.machineCount > 1 ? [t('{0} machines', template.machineCount)] : []].join(' · ');
      items.push({ label: `$(file-code) ${template.title}`, description: what, detail: [template.description, template.tags.map(tag => `#${tag}`).join(' ')].filter(part => part !== '').join('   '), template });
    }
  }
  return (await vscode.window.showQuickPick(items, { title: t('New Machine from a Template'), placeHolder: t('Search by name, description, provider or #tag'), matchOnDescription: true, matchOnDetail: true }))?.template;
}

/** Keeps a machine of the active file as a template, for the person or for the workspace. */
export async function saveTemplate(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await gaiaDocumentOf(args[0]);
  const machine = document && await machineOf(parseConfig(document.getText()).machines, document);
  if (!machine) {
    if (!document) void vscode.window.showInformationMessage(t('Open a .gaia.json file first.'));
    return;
  }
  const title = await text({ title: t('Save “{0}” as a Template', machine.name), prompt: t('Name of the template'), value: machine.name, required: true });
  if (title === undefined) return;
  const presentDescription = machine.config['description'];
  const description = await text({ title, prompt: t('Description (may be left empty)'), value: typeof presentDescription === 'string' ? presentDescription : '', required: false });
  if (description === undefined) return;
  const presentTags = Array.isArray(machine.config['tags']) ? machine.config['tags'].join(', ') : '';
  const tags = await text({ title, prompt: t('Tags, with commas between them (may be left empty)'), value: presentTags, required: false });
  if (tags === undefined) return;
  await write(parts, title, templateText(document.getText(), machine, { description, tags: tags.split(',').map(tag => tag.trim()).filter(tag => tag !== '') }));
}

async function machineOf(machines: readonly ParsedMachine[], document: vscode.TextDocument): Promise<ParsedMachine | undefined> {
  if (machines.length <= 1) return machines[0];
  const cursor = vscode.window.activeTextEditor?.document === document ? document.offsetAt(vscode.window.activeTextEditor.selection.active) : -1;
  const inside = machines.find(({ range }) => cursor >= range.offset && cursor <= range.offset + range.length);
  if (inside) return inside;
  return (await vscode.window.showQuickPick(machines.map(machine => ({ label: machine.name, description: machine.provider, machine })), { title: t('Which machine?') }))?.machine;
}

/** Asks where, asks before it replaces one, writes. */
async function write(parts: Parts, title: string, content: string): Promise<void> {
  const places = templateFolders(parts).filter(({ place }) => place !== 'builtIn');
  const where = places.length === 1 ? places[0] : (await vscode.window.showQuickPick(places.map(one => ({ label: placeWords[one.place](), description: one.place === 'workspace' ? vscode.workspace.asRelativePath(one.folder) : '', one })), { title: t('Where shall it be kept?') }))?.one;
  if (!where) return;
  const target = vscode.Uri.joinPath(where.folder, templateFileName(title));
  const present = await vscode.workspace.fs.stat(target).then(() => true, () => false);
  if (present && !await ask(t('Replace the template “{0}”?', title), '', [{ title: t('Replace'), value: true }])) return;
  await vscode.workspace.fs.createDirectory(where.folder);
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(content));
  const open = t('Open');
  if (await vscode.window.showInformationMessage(t('The template “{0}” was saved.', title), open) === open) await vscode.window.showTextDocument(target);
}

/** Reads a YAML template of the origin project: opens it as a .gaia.json, and offers to keep it as a template. */
export async function importTemplate(parts: Parts, args: readonly unknown[]): Promise<void> {
  const file = args[0] instanceof vscode.Uri ? args[0] : (await vscode.window.showOpenDialog({ title: t('Import a Template'), filters: { YAML: ['yaml', 'yml'], [t('All files')]: ['*'] } }))?.[0];
  if (!file) return;
  const source = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  const { json, problems } = yamlToJson(source);
  const [problem] = problems;
  if (json === undefined) throw new GaiaError('invalidInput', { message: '{0} cannot be read as a template: {1}', values: [vscode.workspace.asRelativePath(file), problem ? t(problem.message, ...problem.values ?? []) : ''] });
  const complaints = validateConfig(parseConfig(json));
  await showAsNewFile(json);
  const keep = t('Save as Template');
  const said = complaints.length === 0 ? t('The template was imported.') : t('The template was imported; {0} places in it need a look.', complaints.length);
  const title = parseConfig(json).machines[0]?.name ?? 'template';
  if (await vscode.window.showInformationMessage(said, keep) === keep) await write(parts, title, json);
}

/** Writes a template, or the active file, as YAML of the origin project's shape. */
export async function exportTemplate(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await gaiaDocumentOf(args[0]);
  const source = document?.getText() ?? (await pickTemplate(await allTemplates(parts)))?.text;
  if (source === undefined) return;
  const { value, machines } = parseConfig(source);
  if (machines.length === 0) throw new GaiaError('invalidInput', { message: 'There is no machine in this file.' });
  const name = `${machines[0]?.name ?? 'template'}.yaml`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({ title: t('Export as YAML'), filters: { YAML: ['yaml'] }, ...folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {} });
  if (!target) return;
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(jsonToYaml(value)));
  await vscode.window.showTextDocument(target);
}
