// node build/using.mjs: writes the tables of commands and settings in docs/using.md anew, from package.json. `--check` only says whether they are out of date.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const page = path.join(root, 'docs/using.md');
const { contributes } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const words = JSON.parse(fs.readFileSync(path.join(root, 'package.nls.json'), 'utf8'));
const text = key => key.replace(/^%(.*)%$/, (_, name) => words[name] ?? name);
const cell = value => value.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Commands that only links and buttons call. */
const hidden = new Set((contributes.menus.commandPalette ?? []).filter(entry => entry.when === 'false').map(entry => entry.command));
const keyOf = id => contributes.keybindings.filter(binding => binding.command === id).map(({ key, mac }) => (mac ? `${pretty(key)} (macOS: ${pretty(mac)})` : pretty(key))).join(', ');
const pretty = key => key.split('+').map(part => part.length === 1 ? part.toUpperCase() : part[0].toUpperCase() + part.slice(1)).join('+');

const tables = {
  commands: ['| command | id | key |', '| --- | --- | --- |', ...contributes.commands.filter(({ command }) => !hidden.has(command))
    .map(({ command, title }) => `| ${cell(text(title))} | \`${command}\` | ${keyOf(command)} |`)].join('\n'),
  settings: ['| setting | default | what it does |', '| --- | --- | --- |', ...Object.entries(contributes.configuration.properties)
    .sort(([, a], [, b]) => (a.order ?? 99) - (b.order ?? 99))
    .map(([name, { default: value, markdownDescription, description }]) => `| \`${name}\` | \`${JSON.stringify(value)}\` | ${cell(text(markdownDescription ?? description ?? ''))} |`)].join('\n'),
};

const before = fs.readFileSync(page, 'utf8');
const after = Object.entries(tables).reduce((whole, [name, table]) => whole.replace(new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`), (_, start, end) => `${start}${table}\n${end}`), before);
if (process.argv.includes('--check')) {
  if (after !== before) { console.error('docs/using.md is out of date: node build/using.mjs'); process.exit(1); }
} else if (after !== before) {
  fs.writeFileSync(page, after);
  console.log('docs/using.md written');
}
