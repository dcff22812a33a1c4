// What activation costs: the bytes that load with it, and the processor time to load and run activate(), in a fresh Node with a stand-in for the `vscode` module.
// The real host adds its own work around it; `Developer: Show Running Extensions` tells that.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ensureHost } from '../rig/host.mjs';

interface Row { readonly what: string; readonly value: number; readonly unit: string; readonly budget?: number; readonly note?: string }

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const rounds = 9;

export async function benchActivation(): Promise<readonly Row[]> {
  execFileSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: 'ignore' });
  const eager = eagerFiles(path.join(root, 'dist/extension.js'));
  const bytes = eager.reduce((sum, file) => sum + fs.statSync(file).size, 0);
  const { node } = await ensureHost();
  const runs = Array.from({ length: rounds }, () => JSON.parse(execFileSync(node, ['--input-type=module', '-e', script, path.join(root, 'dist/extension.js')], { encoding: 'utf8' })) as { load: number; activate: number });
  const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
  return [
    { what: 'host code loaded at activation', value: bytes / 1024, unit: 'KB', budget: 120, note: `${String(eager.length)} files` },
    { what: 'load and activate', value: median(runs.map(run => run.load + run.activate)), unit: 'ms', budget: 20, note: `load ${median(runs.map(run => run.load)).toFixed(1)} ms, activate ${median(runs.map(run => run.activate)).toFixed(1)} ms, median of ${String(rounds)}` },
  ];
}

/** The bundle and the chunks it imports statically. */
function eagerFiles(file: string, found: Set<string> = new Set()): readonly string[] {
  if (found.has(file)) return [...found];
  found.add(file);
  for (const [, target] of fs.readFileSync(file, 'utf8').matchAll(/(?:^|[;}\s])(?:import|export)\s*(?:[\w*${},\s]+?\s*from\s*)?["'](\.[^"']+)["']/g)) eagerFiles(path.resolve(path.dirname(file), target as string), found);
  return [...found];
}

// A `vscode` in which everything is a callable that returns such a thing again. Values that code computes with are given.
const script = `
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
const names = ['window','workspace','commands','languages','env','l10n','Uri','EventEmitter','ThemeIcon','ThemeColor','TreeItem','TreeItemCollapsibleState','ProgressLocation','ViewColumn','Position','Range','Selection','MarkdownString','Disposable','CancellationTokenSource','lm','tasks','extensions','ConfigurationTarget','FileType','RelativePattern','CodeLens','Diagnostic','DiagnosticSeverity','CompletionItem','CompletionItemKind','Hover','CodeAction','CodeActionKind','WorkspaceEdit','SnippetString','FileDecoration','LanguageModelToolResult','LanguageModelTextPart','DataTransferItem','QuickPickItemKind','QuickInputButtons','StatusBarAlignment','FileSystemError','TabInputText','TabInputCustom','UIKind','ExtensionKind','version','authentication','debug','ShellExecution','ProcessExecution','Task','TaskScope'];
const source = \`
class Emitter { event = () => ({ dispose() {} }); fire() {} dispose() {} }
const deep = () => new Proxy(function () {}, { get: (t, p) => p === 'then' ? undefined : p === Symbol.iterator ? function* () {} : p === Symbol.toPrimitive ? () => '' : p === 'prototype' ? t.prototype : p === 'get' ? (key, fallback) => fallback : p === 'dispose' ? () => {} : deep(), apply: () => deep(), construct: () => deep() });
\${names.map(name => name === 'EventEmitter' ? 'export { Emitter as EventEmitter };' : 'export const ' + name + ' = deep();').join('\\n')}
\`;
registerHooks({
  resolve: (specifier, context, next) => specifier === 'vscode' ? { url: 'data:text/javascript,' + encodeURIComponent(source), shortCircuit: true } : next(specifier, context),
});
await import('vscode');
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const started = cpu();
const extension = await import(pathToFileURL(process.argv[1]).href);
const loaded = cpu();
const deepValue = new Proxy(function () {}, { get: (t, p) => p === 'then' ? undefined : p === Symbol.toPrimitive ? () => '' : p === 'get' ? (key, fallback) => fallback : p === Symbol.iterator ? function* () {} : deepValue, apply: () => deepValue });
extension.activate({ subscriptions: [], secrets: deepValue, globalState: deepValue, workspaceState: deepValue, extensionUri: deepValue, globalStorageUri: { fsPath: '/tmp' }, extension: { packageJSON: {} }, environmentVariableCollection: deepValue });
console.log(JSON.stringify({ load: loaded - started, activate: cpu() - loaded }));
process.exit(0);
`;
