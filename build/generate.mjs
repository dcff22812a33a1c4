// What is derived, never written by hand: src/generated/ from schemas/ and templates/.
//   config-types.ts   the types of a .gaia.json file                 (json-schema-to-typescript)
//   validate.js       its validator, without run-time compilation    (ajv standalone)
//   templates.js      the Vagrantfile templates, compiled            (nunjucks)
// Each part is made anew only when its inputs changed; `node build/generate.mjs --force` makes all.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = path.join(root, 'src/generated');
const rootSchema = 'schemas/gaia.schema.json';

/** A part: the files it is made of, what makes it, and the files that come out. A part without inputs is left out. */
const parts = [
  { name: 'types', inputs: () => files('schemas', '.json'), needs: rootSchema, outputs: ['config-types.ts'], make: makeTypes },
  { name: 'validator', inputs: () => files('schemas', '.json'), needs: rootSchema, outputs: ['validate.js', 'validate.d.ts'], make: makeValidator },
  { name: 'templates', inputs: () => files('templates/vagrantfile', '.njk'), outputs: ['templates.js', 'templates.d.ts'], make: makeTemplates },
];

/** Makes what is missing or out of date in src/generated/. Safe to call from several processes at once. */
export async function generate({ force = false, log = () => {} } = {}) {
  fs.mkdirSync(out, { recursive: true });
  for (const part of parts) {
    const inputs = part.inputs();
    if (!inputs.length || (part.needs && !inputs.includes(part.needs))) continue;
    const stamp = path.join(out, `.${part.name}.stamp`);
    const wanted = fingerprint([...inputs, 'build/generate.mjs', 'package-lock.json']);
    const whole = part.outputs.every(file => fs.existsSync(path.join(out, file)));
    if (!force && whole && fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) continue;
    for (const [file, text] of Object.entries(await part.make(inputs))) write(path.join(out, file), text);
    write(stamp, wanted);
    log(`generated ${part.outputs.join(', ')}`);
  }
}

/** Vitest's global set-up: tests may import src/generated/. */
export const setup = () => generate();

async function makeTypes() {
  const { compile } = await import('json-schema-to-typescript');
  const schema = readJson(rootSchema);
  const banner = '/* Generated from schemas/gaia.schema.json by build/generate.mjs. */\n/* eslint-disable */';
  const text = await compile(schema, 'GaiaFile', {
    cwd: path.join(root, 'schemas'), bannerComment: banner, additionalProperties: false, format: false, unreachableDefinitions: true, enableConstEnums: false,
  });
  return { 'config-types.ts': text };
}

/** Words of VS Code's JSON language service; they say nothing about validity. */
const editorWords = ['markdownDescription', 'markdownEnumDescriptions', 'enumDescriptions', 'defaultSnippets', 'deprecationMessage', 'markdownDeprecationMessage',
  'errorMessage', 'patternErrorMessage', 'doNotSuggest', 'suggestSortText', 'allowComments', 'allowTrailingCommas', 'tsType', 'tsEnumNames'];

/** The schema without its texts: they would all end up in the validator's code. */
function rulesOnly(value, isNames = false) {
  if (Array.isArray(value)) return value.map(item => rulesOnly(item));
  if (!value || typeof value !== 'object') return value;
  const texts = [...editorWords, 'title', 'description', 'default', 'examples'];
  return Object.fromEntries(Object.entries(value)
    .filter(([key]) => isNames || !(texts.includes(key) || key.startsWith('x-')))
    .map(([key, inner]) => [key, rulesOnly(inner, !isNames && ['properties', 'patternProperties', 'definitions'].includes(key))]));
}

async function makeValidator(inputs) {
  const [{ default: Ajv }, { default: standalone }, esbuild] = await Promise.all([import('ajv'), import('ajv/dist/standalone/index.js'), import('esbuild')]);
  const ajv = new Ajv.default({ allErrors: true, strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true, messages: false, inlineRefs: false, code: { source: true, esm: true, lines: true } });
  ajv.addVocabulary([...editorWords, ...customWords(inputs.map(readJson))]);
  for (const file of inputs) if (file !== rootSchema) ajv.addSchema(rulesOnly(readJson(file)), path.basename(file));
  const validate = ajv.compile(rulesOnly(readJson(rootSchema)));
  // ajv's own output require()s its small run-time helpers: bundle them in, so that the module stands alone.
  const { outputFiles } = await esbuild.build({
    stdin: { contents: standalone.default(ajv, validate), resolveDir: root }, bundle: true, format: 'esm', platform: 'neutral', mainFields: ['main'], write: false, target: 'es2022', legalComments: 'none',
  });
  return {
    'validate.js': `// Generated from schemas/ by build/generate.mjs.\n${outputFiles[0].text}`,
    'validate.d.ts': `// Generated by build/generate.mjs.
/** One complaint of the schema: \`instancePath\` is a JSON pointer to the value, \`params\` depends on \`keyword\`. */
export interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}
/** True when \`data\` fits schemas/gaia.schema.json; else \`validate.errors\` holds all complaints until the next call. */
export declare const validate: { (data: unknown): boolean; errors?: readonly SchemaError[] | null };
export default validate;
`,
  };
}

/** No HTML escaping: the one encoder for Ruby is a filter. An undefined value is an error, never an empty text in a Vagrantfile. */
const templateOptions = { autoescape: false, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true };

async function makeTemplates(inputs) {
  const { default: nunjucks } = await import('nunjucks');
  const env = new nunjucks.Environment([], templateOptions);
  const compiled = inputs.map(file => nunjucks.precompileString(fs.readFileSync(path.join(root, file), 'utf8'), {
    name: path.basename(file), env, wrapper: ([{ name, template }]) => `  ${JSON.stringify(name)}: (function () {\n${template}\n  })(),\n`,
  }));
  return {
    'templates.js': `// Generated from templates/vagrantfile/ by build/generate.mjs.\nexport const templates = {\n${compiled.join('')}};\nexport const templateOptions = ${JSON.stringify(templateOptions)};\n`,
    'templates.d.ts': `// Generated by build/generate.mjs.
/** The compiled templates by file name, for \`new nunjucks.Environment(new nunjucks.PrecompiledLoader(templates), templateOptions)\`. */
export declare const templates: Record<${inputs.map(f => JSON.stringify(path.basename(f))).join(' | ')}, unknown>;
/** What the templates were compiled with. */
export declare const templateOptions: { autoescape: false; throwOnUndefined: true; trimBlocks: true; lstripBlocks: true };
`,
  };
}

/** Keywords that begin with `x-`, anywhere in the schemas: notes of ours for tools. */
function customWords(schemas) {
  const found = new Set();
  const visit = value => {
    if (!value || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) { if (key.startsWith('x-')) found.add(key); visit(inner); }
  };
  schemas.forEach(visit);
  return [...found];
}

function files(folder, ending) {
  const dir = path.join(root, folder);
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir, { recursive: true }).map(f => `${folder}/${String(f).replaceAll('\\', '/')}`).filter(f => f.endsWith(ending)).sort();
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
}

function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(file).update('\0').update(fs.readFileSync(path.join(root, file))).update('\0');
  return hash.digest('hex');
}

/** Replaces the file in one step: another process may be reading it. */
function write(file, text) {
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) return;
  const part = `${file}.${process.pid}.part`;
  fs.writeFileSync(part, text);
  fs.renameSync(part, file);
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await generate({ force: process.argv.includes('--force'), log: console.log });
}
