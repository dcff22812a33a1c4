// The import rules of the house (CONTRIBUTING.md, "Who may import whom") and a few strict habits.
import tseslint from 'typescript-eslint';

const doors = ['child_process', 'fs', 'fs/promises', 'net', 'http', 'https', 'http2', 'tls', 'dgram'].flatMap(m => [m, `node:${m}`]);
const door = doors.map(name => ({ name, message: 'Only src/system/ touches the outside: use its functions.' }));
const vscode = [{ name: 'vscode', message: 'Only src/ui/, src/extension.ts and src/api.ts import vscode.' }];
const layer = (...names) => names.map(n => ({ group: [`**/${n}/**`, `**/${n}`], message: `This layer must not import ${n}/ (CONTRIBUTING.md).` }));
const limits = (files, paths, patterns, ignores = []) => ({ files, ignores, rules: { 'no-restricted-imports': ['error', { paths, patterns }] } });
const providers = ['virtualbox', 'hyperv', 'wsl', 'proxmox'];

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', '.run/**', 'node_modules/**', 'src/generated/**', 'test/rig/cache/**', '**/*.cjs'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'No default exports.' }, { selector: 'ExportAllDeclaration', message: 'No barrels.' }],
    },
  },
  { files: ['test/**', 'build/**', '*.mjs', '*.config.ts', 'eslint.config.mjs'], rules: { 'no-console': 'off', 'no-restricted-syntax': 'off', '@typescript-eslint/no-non-null-assertion': 'off' } },
  limits(['src/machines/**'], [...door, ...vscode], layer('config', 'vagrant', 'images', 'providers', 'system', 'ui')),
  limits(['src/config/**', 'src/vagrant/**'], [...door, ...vscode], layer('images', 'providers', 'system', 'ui')),
  limits(['src/images/**'], [...door, ...vscode], layer('config', 'vagrant', 'providers', 'ui')),
  ...providers.map(p => limits([`src/providers/${p}/**`], [...door, ...vscode], [...layer('vagrant', 'ui'), ...layer(...providers.filter(o => o !== p)), { group: ['**/config/**'], allowTypeImports: true, message: 'A provider imports the types of config/ only.' }])),
  limits(['src/ui/**'], door, []),
);
