// What the pages promise is there: files and headings they link to, commands and settings they name.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const markdown = (folder: string): string[] => fs.readdirSync(path.join(root, folder), { recursive: true }).map(String).filter(name => name.endsWith('.md')).map(name => path.posix.join(folder, name.replaceAll('\\', '/')));
const pages = ['README.md', 'examples/README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdown('docs'), ...markdown('media/walkthrough')];

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');
const withoutSpans = (text: string): string => withoutCode(text).replace(/`[^`\n]*`/g, '');
/** As GitHub and VS Code make them. */
const anchors = (file: string): ReadonlySet<string> => new Set([...withoutCode(read(file)).matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly contributes: { readonly commands: readonly { readonly command: string }[]; readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>; readonly configuration: { readonly properties: Readonly<Record<string, unknown>> } };
}
const { scripts, contributes } = JSON.parse(read('package.json')) as Manifest;

describe('the pages', () => {
  it.each(pages)('%s links only to what is there', page => {
    const broken = [...withoutSpans(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1] as string).filter(link => !/^(https?|command|mailto):/.test(link)).filter(link => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      return !fs.existsSync(path.join(root, target)) || (anchor !== undefined && !anchors(target).has(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('name only commands, views and settings that the manifest has', () => {
    const known = new Set([...contributes.commands.map(one => one.command), ...Object.values(contributes.views).flat().map(view => view.id), ...Object.keys(contributes.configuration.properties)]);
    const unknown = pages.flatMap(page => [...read(page).matchAll(/`(gaia\.[a-zA-Z]+(?:\.[a-zA-Z]+)*)`/g)].map(match => match[1] as string).filter(name => !known.has(name) && !/\.(json|ts|vsix)$/.test(name)).map(name => `${page}: ${name}`));
    expect(unknown).toEqual([]);
  });

  it('name only scripts that package.json has', () => {
    const unknown = pages.flatMap(page => [...read(page).matchAll(/`npm run (?:-s )?([\w:-]+)/g)].map(match => match[1] as string).filter(name => !(name in scripts)).map(name => `${page}: ${name}`));
    expect(unknown).toEqual([]);
  });
});
