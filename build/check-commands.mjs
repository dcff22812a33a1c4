// npm run check-commands: what package.json promises is there.
//   every contributed command has a handler in src/, and every handler a contribution; menus, keys and welcome texts name real commands
//   every %key% of package.json is in package.nls.json, and none of its keys is unused; every text of src/ is in l10n/ (build/l10n.mjs)
//   views, files and icons that the manifest names exist
// The same is asked of the running extension by test/host/manifest.test.ts.
import fs from 'node:fs';
import path from 'node:path';
import { checkTexts, untranslatedTexts } from './l10n.mjs';
import { root } from './setup.mjs';

const read = file => fs.readFileSync(path.join(root, file), 'utf8');
const json = file => fs.existsSync(path.join(root, file)) ? JSON.parse(read(file)) : {};
const manifest = json('package.json');
const contributes = manifest.contributes ?? {};
const problems = [];

// --- commands ---
const contributed = new Set((contributes.commands ?? []).map(command => command.command));
const handled = handledCommands();
for (const id of contributed) if (!handled.has(id)) problems.push(`package.json contributes ${id}, but nothing in src/ registers it`);
for (const id of handled) if (!contributed.has(id)) problems.push(`src/ registers ${id}, but package.json does not contribute it (with "enablement": "false" if it is not for the palette)`);

const used = [
  ...Object.values(contributes.menus ?? {}).flat().map(item => item.command),
  ...(contributes.keybindings ?? []).map(item => item.command),
  ...[...JSON.stringify([contributes.viewsWelcome, contributes.walkthroughs, json('package.nls.json')]).matchAll(/command:([\w.]+)/g)].map(match => match[1]),
].filter(id => id?.startsWith('gaia.'));
// A view brings its own: gaia.machines.focus, …
const views = new Set(Object.values(contributes.views ?? {}).flat().map(view => view.id));
const ofAView = id => [...views].some(view => id.startsWith(`${view}.`));
for (const id of new Set(used)) if (!contributed.has(id) && !ofAView(id)) problems.push(`a menu, key or link uses ${id}, which is no contributed command`);

const submenus = new Set((contributes.submenus ?? []).map(submenu => submenu.id));
for (const item of Object.values(contributes.menus ?? {}).flat()) if (item.submenu && !submenus.has(item.submenu)) problems.push(`a menu shows the sub-menu ${item.submenu}, which is not contributed`);

// --- texts ---
const nls = json('package.nls.json');
const keys = new Set([...read('package.json').matchAll(/"%([^%"]+)%"/g)].map(match => match[1]));
for (const key of keys) if (!(key in nls)) problems.push(`package.nls.json lacks ${key}`);
for (const key of Object.keys(nls)) if (!keys.has(key)) problems.push(`package.nls.json has ${key}, which package.json does not use`);
const untranslated = await untranslatedTexts();
for (const name of fs.readdirSync(root).filter(f => /^package\.nls\.[\w-]+\.json$/.test(f))) {
  const translated = json(name);
  for (const key of keys) if (!(key in translated)) untranslated.push(`${name} lacks ${key}`);
}
const missingTexts = await checkTexts();
problems.push(...missingTexts.slice(0, 5));
if (missingTexts.length > 5) problems.push(`and ${missingTexts.length - 5} more texts of that kind`);

// --- files ---
const named = [
  manifest.main, manifest.icon,
  ...(contributes.jsonValidation ?? []).map(item => item.url).filter(url => url.startsWith('.')),
  ...(contributes.viewsContainers?.activitybar ?? []).map(item => item.icon),
  ...Object.values(contributes.views ?? {}).flat().map(item => item.icon),
  ...(contributes.commands ?? []).flatMap(item => typeof item.icon === 'object' ? Object.values(item.icon) : []),
  ...(contributes.walkthroughs ?? []).flatMap(walkthrough => walkthrough.steps ?? []).flatMap(step => Object.values(step.media ?? {})).filter(value => typeof value === 'string' && /\.(svg|png|md)$/.test(value)),
].filter(file => file && !file.startsWith('$('));
for (const file of named) if (!fs.existsSync(path.join(root, file))) problems.push(`package.json names ${file}, which does not exist`);

/** What src/ registers: the rows of the command table, and direct calls of registerCommand. */
function handledCommands() {
  const found = new Set();
  for (const file of fs.readdirSync(path.join(root, 'src'), { recursive: true }).map(String)) {
    if (!file.endsWith('.ts')) continue;
    const text = read(path.join('src', file));
    for (const match of text.matchAll(/registerCommand\(\s*'(gaia\.[\w.]+)'/g)) found.add(match[1]);
    if (/commands[\\/]table\.ts$/.test(file)) for (const match of text.matchAll(/^\s*'(gaia\.[\w.]+)'\s*:/gm)) found.add(match[1]);
  }
  return found;
}

if (untranslated.length) console.log(`${untranslated.length} texts are not translated everywhere yet: node build/l10n.mjs --check`);
if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${contributed.size} commands, ${keys.size} texts of the manifest, all there`);
