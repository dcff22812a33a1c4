// npm run l10n: collects every text a person can see from src/ into l10n/bundle.l10n.json, the list translators start from.
//   t('…') and l10n.t('…')                            texts made in ui/
//   phrase('…')                                       texts below ui/ that stand in a table or an argument
//   message:, hint:, left: '…'; title: '…' of actions  texts of GaiaError, Problem and progress, made below ui/ and translated at the edge
// `--check` writes nothing, fails when the list lacks one, and names what translations (l10n/bundle.l10n.<language>.json) lack.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

const bundle = path.join(root, 'l10n/bundle.l10n.json');
const textProperties = new Set(['message', 'hint', 'left']);

/** All texts in src/, sorted. */
export async function collectTexts() {
  const { default: ts } = await import('typescript');
  const texts = new Set();
  const literal = node => {
    if (ts.isStringLiteralLike(node)) return [node.text];
    if (ts.isParenthesizedExpression(node)) return literal(node.expression);
    if (ts.isConditionalExpression(node)) return [...literal(node.whenTrue), ...literal(node.whenFalse)];
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
      const [left, right] = [literal(node.left), literal(node.right)];
      return left.length === 1 && right.length === 1 ? [left[0] + right[0]] : [];
    }
    return [];
  };
  const visit = node => {
    if (ts.isCallExpression(node)) {
      const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.getText().replace(/^vscode\./, '') : node.expression.getText();
      if ((name === 't' || name === 'l10n.t' || name === 'phrase') && node.arguments[0]) literal(node.arguments[0]).forEach(text => texts.add(text));
    } else if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) {
      const siblings = ts.isObjectLiteralExpression(node.parent) ? node.parent.properties.map(p => p.name?.getText()) : [];
      const isText = textProperties.has(node.name.text) || (node.name.text === 'title' && siblings.some(s => s === 'command' || s === 'url' || s === 'changes'));
      // A sentence, not a code or a placeholder filled in later.
      if (isText) literal(node.initializer).filter(text => /\p{L}{2}/u.test(text) && !/^\{\w+\}$/.test(text)).forEach(text => texts.add(text));
    }
    ts.forEachChild(node, visit);
  };
  for (const file of fs.readdirSync(path.join(root, 'src'), { recursive: true }).map(String)) {
    if (!file.endsWith('.ts') || file.startsWith('generated')) continue;
    visit(ts.createSourceFile(file, fs.readFileSync(path.join(root, 'src', file), 'utf8'), ts.ScriptTarget.Latest, true));
  }
  return [...texts].sort();
}

/** What is wrong with the l10n folder, one line each. */
export async function checkTexts() {
  const texts = await collectTexts();
  const read = file => fs.existsSync(file) ? Object.keys(JSON.parse(fs.readFileSync(file, 'utf8'))) : [];
  const listed = new Set(read(bundle));
  const problems = texts.filter(text => !listed.has(text)).map(text => `l10n/bundle.l10n.json lacks ${JSON.stringify(text)}: npm run l10n`);
  for (const text of listed) if (!texts.includes(text)) problems.push(`l10n/bundle.l10n.json has a text that is used nowhere, ${JSON.stringify(text)}: npm run l10n`);
  return problems;
}

/** What translations lack, one line each. VS Code shows such texts in English, so a translation may lag behind for a while. */
export async function untranslatedTexts() {
  const texts = await collectTexts();
  const read = file => fs.existsSync(file) ? Object.keys(JSON.parse(fs.readFileSync(file, 'utf8'))) : [];
  const problems = [];
  const folder = path.join(root, 'l10n');
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
    if (!/^bundle\.l10n\.[\w-]+\.json$/.test(name) || name === 'bundle.l10n.json') continue;
    const translated = new Set(read(path.join(folder, name)));
    problems.push(...texts.filter(text => !translated.has(text)).map(text => `l10n/${name} lacks ${JSON.stringify(text)}`));
  }
  return problems;
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    const problems = await checkTexts();
    console.log((await untranslatedTexts()).join('\n'));
    if (problems.length) { console.error(problems.join('\n')); process.exit(1); }
  } else {
    const texts = await collectTexts();
    fs.mkdirSync(path.dirname(bundle), { recursive: true });
    fs.writeFileSync(bundle, `${JSON.stringify(Object.fromEntries(texts.map(text => [text, text])), null, 2)}\n`);
    console.log(`l10n/bundle.l10n.json: ${texts.length} texts`);
  }
}
