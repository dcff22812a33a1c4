// The config language in a real VS Code, beside its own JSON service: completion, hover, problems, repairs, lenses, outline, links.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { GaiaApi } from '../../src/api.ts';
import type { Machine } from '../../src/machines/machine.ts';
import type { Provider } from '../../src/machines/provider.ts';

const folder = (): vscode.Uri => { const [first] = vscode.workspace.workspaceFolders ?? []; assert.ok(first); return first.uri; };
const opened = new Set<vscode.Uri>();

/** Writes and opens a file; `|` marks the cursor. */
async function open(name: string, marked: string): Promise<{ document: vscode.TextDocument; at: vscode.Position }> {
  const cursor = marked.indexOf('|');
  const text = cursor < 0 ? marked : marked.slice(0, cursor) + marked.slice(cursor + 1);
  const uri = vscode.Uri.joinPath(folder(), name);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
  opened.add(uri);
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.getText() !== text) {
    const edit = new vscode.WorkspaceEdit();
    edit.replace(uri, new vscode.Range(0, 0, document.lineCount, 0), text);
    await vscode.workspace.applyEdit(edit);
  }
  await vscode.window.showTextDocument(document, { preview: false });
  return { document, at: document.positionAt(Math.max(0, cursor)) };
}

/** Asks until the answer will do; fails with what was seen last. */
async function until<T>(ask: () => T | Thenable<T>, good: (answer: T) => boolean, what: string, patienceMs = 15_000): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > end) assert.fail(`${what}; last seen: ${JSON.stringify(answer)?.slice(0, 1500)}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

const codeOf = (d: vscode.Diagnostic): string => String(typeof d.code === 'object' ? d.code.value : d.code ?? '');
const problems = (document: vscode.TextDocument): vscode.Diagnostic[] => vscode.languages.getDiagnostics(document.uri);
const problem = async (document: vscode.TextDocument, code: string): Promise<vscode.Diagnostic> => {
  const found = await until(() => problems(document), list => list.some(d => codeOf(d) === code), `no problem "${code}"`);
  return found.find(d => codeOf(d) === code) as vscode.Diagnostic;
};
const noProblem = (document: vscode.TextDocument, code: string): Promise<unknown> => until(() => problems(document), list => !list.some(d => codeOf(d) === code), `the problem "${code}" stays`);

const completions = async (document: vscode.TextDocument, at: vscode.Position): Promise<vscode.CompletionItem[]> =>
  (await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', document.uri, at, undefined, 300)).items;
const labelOf = (item: vscode.CompletionItem): string => (typeof item.label === 'string' ? item.label : item.label.label).replace(/^"|"$/g, '');
const labels = async (document: vscode.TextDocument, at: vscode.Position, ...wanted: string[]): Promise<string[]> => {
  const items = await until(async () => (await completions(document, at)).map(labelOf), list => wanted.every(w => list.includes(w)), `no completion ${wanted.join(', ')}`);
  return items;
};
const hover = async (document: vscode.TextDocument, at: vscode.Position): Promise<string[]> =>
  (await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, at)).flatMap(h => h.contents.map(c => (typeof c === 'string' ? c : c.value)));

const machine = (name: string, state: Machine['state']): Machine => ({ id: `mock:local:${name}` as Machine['id'], name, kind: 'vm', state, providerState: state });
const mock: Provider = {
  id: 'mock', label: 'Mock', connection: { id: 'local', label: 'here' },
  diagnose: () => Promise.resolve({ usable: true, problems: [] }),
  list: () => Promise.resolve([machine('runs', 'running'), machine('rests', 'stopped')]),
  describe: () => Promise.reject(new Error('not asked in these tests')),
  commands: () => Promise.resolve([]),
  power: { start: () => Promise.resolve(), shutDown: () => Promise.resolve(), powerOff: () => Promise.resolve() },
  suggestions: { values: wanted => Promise.resolve(wanted === 'config.provider_config.node' ? [{ value: 'node-a', description: '12 GB free' }, { value: 'node "b"' }] : []) },
};

describe('the config language', () => {
  let registration: { dispose(): unknown };

  before(async () => {
    const extension = vscode.extensions.getExtension<GaiaApi>('haa-gaia.gaia');
    assert.ok(extension);
    const api = await extension.activate();
    registration = api.registerProvider(mock);
    await api.refresh();
  });

  after(async () => {
    registration.dispose();
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const uri of opened) await vscode.workspace.fs.delete(uri).then(undefined, () => undefined);
  });

  const vb = (config: string): string => `{\n  "name": "m",\n  "provider": "virtualbox",\n  "config": { "box": "a/b", ${config} }\n}\n`;

  it('opens .gaia.json as JSON with comments', async () => {
    const { document } = await open('language.gaia.json', '{} // a comment');
    assert.equal(document.languageId, 'jsonc');
    const dot = await open('.gaia.json', '{}');
    assert.equal(dot.document.languageId, 'jsonc');
  });

  it('completes the keys of the provider at hand, and of no other', async () => {
    const hyperv = await open('keys1.gaia.json', '{ "name": "m", "provider": "hyperv", "config": { | } }');
    assert.ok(!(await labels(hyperv.document, hyperv.at, 'generation', 'memory', 'networks')).includes('tarball'));
    const wsl = await open('keys2.gaia.json', '{ "name": "m", "provider": "wsl", "config": { | } }');
    assert.ok(!(await labels(wsl.document, wsl.at, 'tarball', 'default_user')).includes('generation'));
    const options = await open('keys3.gaia.json', '{ "defaults": { "provider": "proxmox" }, "machines": [{ "name": "m", "config": { "provider_config": { | } } }] }');
    assert.ok(!(await labels(options.document, options.at, 'node', 'scsihw')).includes('vram'));
  });

  it('completes values with what they mean', async () => {
    const { document, at } = await open('values.gaia.json', vb('"provider_config": { "clipboard": | }'));
    await labels(document, at, 'bidirectional', 'disabled');
    const item = (await completions(document, at)).find(i => labelOf(i) === 'hosttoguest');
    const told = item?.documentation;
    assert.match(typeof told === 'object' ? told.value : told ?? '', /From this computer/);
  });

  it('has snippets for a network, a provisioner and a machine', async () => {
    const network = await open('snippet1.gaia.json', vb('"networks": [ | ]'));
    await labels(network.document, network.at, 'forwarded port', 'private network, fixed address');
    const step = await open('snippet2.gaia.json', vb('"provisioners": [ | ]'));
    await labels(step.document, step.at, 'shell, commands', 'ansible');
    const empty = await open('snippet3.gaia.json', '|');
    await labels(empty.document, empty.at, 'machine: VirtualBox', 'machine: Proxmox', 'several machines');
  });

  it('completes triggers, and lets a plugin\'s provisioner pass with a word', async () => {
    const keys = await open('trigger1.gaia.json', vb('"triggers": [ { | } ]'));
    await labels(keys.document, keys.at, 'before', 'after', 'run_remote', 'on_error');
    const actions = await open('trigger2.gaia.json', vb('"triggers": [ { "before": | } ]'));
    await labels(actions.document, actions.at, 'up', 'destroy');
    const types = await open('trigger3.gaia.json', vb('"provisioners": [ { "type": | } ]'));
    await labels(types.document, types.at, 'shell', 'ansible', 'cfengine');
    const { document } = await open('trigger4.gaia.json', vb('"provisioners": [ { "type": "vai", "inventory_dir": "x" } ], "triggers": [ { "after": "my_action", "info": "x" } ]'));
    const found = await problem(document, 'plugin-provisioner');
    assert.equal(found.severity, vscode.DiagnosticSeverity.Information);
    await new Promise(resolve => setTimeout(resolve, 1000));
    assert.deepEqual(problems(document).filter(d => d.severity <= vscode.DiagnosticSeverity.Warning).map(d => d.message), []);
  });

  it('marks wrong Ruby where it is wrong, through the escapes of JSON', async () => {
    const { document } = await open('ruby.gaia.json', vb(String.raw`"custom_config": ["config.vm.hostname = \"a\"", "config.vm.boot_timeout = = 5"]`));
    const found = await problem(document, 'invalid-ruby');
    const line = document.lineAt(found.range.start.line).text;
    assert.ok(found.range.start.character > line.indexOf('boot_timeout'), `marked from ${String(found.range.start.character)} of ${line}`);
    assert.ok(found.range.end.character - found.range.start.character < 8);
  });

  it('completes the keys that a Proxmox machine understands', async () => {
    const { document, at } = await open('proxmox.gaia.json', '{ "name": "m", "provider": "proxmox", "config": { "provider_config": { | } } }');
    await labels(document, at, 'type', 'ostemplate', 'disk_bus', 'efi_storage', 'tpm', 'ha', 'make_template', 'nested');
    const bus = await open('proxmox2.gaia.json', '{ "name": "m", "provider": "proxmox", "config": { "provider_config": { "disk_bus": | } } }');
    await labels(bus.document, bus.at, 'scsi', 'virtio');
  });

  it('completes what is really there: values of the provider, machines to copy, files', async () => {
    const node = await open('live1.gaia.json', '{ "name": "m", "provider": "mock", "config": { "provider_config": { "node": "|" } } }');
    await labels(node.document, node.at, 'node-a');
    const item = (await completions(node.document, node.at)).find(i => labelOf(i) === 'node "b');
    const quoted = item ?? (await completions(node.document, node.at)).find(i => labelOf(i).startsWith('node "b'));
    assert.equal(quoted?.insertText, '"node \\"b\\""');
    const clone = await open('live2.gaia.json', '{ "machines": [{ "name": "first", "provider": "mock" }, { "name": "m", "provider": "mock", "config": { "clone_from": | } }] }');
    await labels(clone.document, clone.at, 'first', 'runs', 'rests');
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder(), 'scripts', 'live.sh'), Buffer.from('true\n'));
    const script = await open('live3.gaia.json', vb('"provisioners": [{ "type": "shell", "path": "./scripts/|" }]'));
    await labels(script.document, script.at, './scripts/live.sh');
  });

  it('hovers with the description once, unit, default, and what the value comes to', async () => {
    const { document, at } = await open('hover.gaia.json', vb('"mem|ory": 4096, "disk_size": 32768'));
    const texts = await until(() => hover(document, at), list => list.some(x => x.includes('Unit: MB')) && list.some(x => x.includes('How much memory')), 'no hover');
    assert.equal(texts.join('\n').split('How much memory').length, 2, texts.join('\n---\n'));
    assert.match(texts.join('\n'), /= 4 GiB/);
    const size = document.positionAt(document.getText().indexOf('32768') + 2);
    await until(() => hover(document, size), list => list.some(x => x.includes('= 32 GiB')), 'no normalised size');
    const name = document.positionAt(document.getText().indexOf('"m"') + 1);
    await until(() => hover(document, name), list => list.some(x => /4 GiB.*a\/b/.test(x)), 'no summary at the name');
  });

  it('underlines what the schema refuses, by the JSON service, and says it once', async () => {
    const { document } = await open('schema.gaia.json', vb('"memory": 100, "cpus": "two"'));
    const list = await until(() => problems(document), found => found.filter(d => d.source !== 'Gaia').length >= 2, 'the schema is silent');
    assert.deepEqual(list.filter(d => d.source === 'Gaia').map(codeOf), []);
  });

  it('lets comments and trailing commas pass', async () => {
    const { document } = await open('comments.gaia.json', '// one\n{ "name": "m", /* two */ "provider": "virtualbox", "config": { "box": "a/b", "tags": ["x",], }, }');
    await completions(document, new vscode.Position(1, 1));
    await new Promise(resolve => setTimeout(resolve, 1500));
    assert.deepEqual(problems(document).map(d => d.message), []);
  });

  it('finds problems beyond the schema, each with a link to its explanation', async () => {
    const { document } = await open('problems.gaia.json', `{ "machines": [
      { "name": "web", "provider": "virtualbox", "config": { "box": "a/b", "memroy": 1024, "iso": "x.iso", "networks": [{ "type": "forwarded_port", "guest_port": 80, "host_port": 18080 }, { "type": "private_network", "ip": "192.168.56.300" }] } },
      { "name": "web", "provider": "virtualbx", "config": { "box": "a/b", "provider_config": { "password": "hunter2" } } },
      { "name": "b", "provider": "virtualbox", "config": { "box": "a/b", "generation": 2, "networks": [{ "type": "forwarded_port", "guest_port": 80, "host_port": 18080 }], "synced_folders": [{ "host_path": "./not-there", "guest_path": "/x" }], "custom_config": "if (" } }
    ] }`);
    for (const code of ['duplicate-name', 'unknown-provider', 'unknown-key', 'several-sources', 'bad-address', 'duplicate-port', 'secret-in-file', 'foreign-key', 'missing-path', 'invalid-ruby']) {
      const found = await problem(document, code);
      assert.equal(found.source, 'Gaia');
      const { target } = found.code as { target: vscode.Uri };
      assert.match(decodeURIComponent(target.toString(true)), new RegExp(`docs/config\\.md.*${code}`));
    }
    assert.equal((await problem(document, 'duplicate-name')).relatedInformation?.length, 1);
    const page = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: 'gaia-docs', path: '/docs/config.md' }));
    assert.match(page.getText(), /### duplicate-name/);
  });

  it('repairs by the light bulb, and the comments stay', async () => {
    const { document } = await open('fix.gaia.json', '{\n  "name": "m",\n  "provider": "virtualbox",\n  "config": {\n    "box": "a/b",\n    "memroy": 1024, // enough\n    "generation": 2\n  }\n}\n');
    const fix = async (code: string, title: RegExp): Promise<void> => {
      const { range } = await problem(document, code);
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range, vscode.CodeActionKind.QuickFix.value);
      const action = actions.find(a => title.test(a.title));
      assert.ok(action?.edit, `no action ${String(title)} in ${actions.map(a => a.title).join(', ')}`);
      assert.ok(await vscode.workspace.applyEdit(action.edit));
      await noProblem(document, code);
    };
    await fix('unknown-key', /Change to "memory"/);
    await fix('foreign-key', /Remove "generation"/);
    assert.equal(document.getText(), '{\n  "name": "m",\n  "provider": "virtualbox",\n  "config": {\n    "box": "a/b",\n    "memory": 1024 // enough\n  }\n}\n');
    await vscode.commands.executeCommand('undo');
    await problem(document, 'foreign-key');
  });

  it('keeps helping in a broken file', async () => {
    const { document, at } = await open('broken.gaia.json', '{ "machines": [ { "name": "a", "provider": "hyperv", "config": { "memory": , | } }, { "name": "a", "provider": "wsl", "config": { "base_distro": "Ubuntu" } } ');
    await problem(document, 'duplicate-name');
    await until(() => problems(document), list => list.some(d => d.source !== 'Gaia'), 'no syntax error');
    assert.ok(!problems(document).some(d => codeOf(d) === 'syntax'), 'the syntax error is said twice');
    await labels(document, at, 'generation');
  });

  it('shows over each machine how it is, and what one can do', async () => {
    const { document } = await open('lens.gaia.json', '{ "machines": [\n  { "name": "runs", "provider": "mock", "config": {} },\n  { "name": "rests", "provider": "mock", "config": {} },\n  { "name": "new", "provider": "mock", "config": {} }\n] }');
    const read = async (): Promise<string[][]> => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100);
      return [1, 2, 3].map(line => lenses.filter(l => l.range.start.line === line).map(l => `${l.command?.title.replace(/\$\([\w-]+\) ?/g, '') ?? ''}=${l.command?.command ?? ''}`));
    };
    const [runs, rests, fresh] = await until(read, lines => lines[0]?.some(x => x.startsWith('running')) === true, 'no lens with the state');
    assert.deepEqual(runs, ['running=gaia.machine.showDetails', 'Adopt=gaia.config.adopt', 'Preview=gaia.config.preview', 'Stop=gaia.machine.stop']);
    assert.deepEqual(rests, ['stopped=gaia.machine.showDetails', 'Adopt=gaia.config.adopt', 'Preview=gaia.config.preview', 'Start=gaia.machine.start']);
    assert.deepEqual(fresh, ['Create=gaia.config.apply', 'Preview=gaia.config.preview']);
  });

  it('has an outline and folds, by the JSON service', async () => {
    const { document } = await open('outline.gaia.json', vb('\n"networks": [\n{ "type": "public_network" }\n]'));
    const symbols = await until(() => vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>('vscode.executeDocumentSymbolProvider', document.uri), s => (s?.length ?? 0) > 0, 'no outline');
    assert.deepEqual(symbols?.map(s => s.name), ['name', 'provider', 'config']);
    assert.ok(symbols?.[2]?.children.some(s => s.name === 'networks'));
    const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
    assert.ok(folds.length >= 2);
  });

  it('goes to files, to folders, to the machine that is copied and to steps', async () => {
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder(), 'scripts', 'live.sh'), Buffer.from('true\n'));
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder(), 'goto', 'README.md'), Buffer.from('# here\n'));
    const text = `{ "machines": [ { "name": "first", "provider": "mock", "config": { "provisioners": [ { "type": "shell", "name": "one", "path": "./scripts/live.sh" }, { "type": "shell", "inline": "x", "after": "one" } ], "synced_folders": [{ "host_path": "./goto", "guest_path": "/x" }] } }, { "name": "copy", "provider": "mock", "config": { "clone_from": "first" } } ] }`;
    const { document } = await open('goto.gaia.json', text);
    const go = async (needle: string): Promise<{ path: string; at: number }> => {
      const position = document.positionAt(text.indexOf(needle) + needle.length - 2);
      const [target] = await until(() => vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>('vscode.executeDefinitionProvider', document.uri, position), list => list.length > 0, `nothing behind ${needle}`);
      assert.ok(target);
      const [uri, range] = 'targetUri' in target ? [target.targetUri, target.targetRange] : [target.uri, target.range];
      return { path: path.basename(uri.path), at: document.offsetAt(range.start) };
    };
    assert.equal((await go('"path": "./scripts/live.sh"')).path, 'live.sh');
    assert.equal((await go('"host_path": "./goto"')).path, 'README.md');
    assert.deepEqual(await go('"clone_from": "first"'), { path: 'goto.gaia.json', at: text.indexOf('"first"') });
    assert.deepEqual(await go('"after": "one"'), { path: 'goto.gaia.json', at: text.indexOf('"one"') });
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', document.uri, 10);
    assert.ok(links.some(l => l.target?.toString().includes('revealInExplorer')), 'no link to the folder');
  });

  it('makes a new file from a few answers, not saved yet', async () => {
    await vscode.commands.executeCommand('gaia.config.new', { provider: 'virtualbox', source: { kind: 'box', value: 'bento/ubuntu-24.04' }, name: 'fresh', cpus: 2, memory: 2048 });
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document?.isUntitled);
    assert.match(document.uri.path, /fresh\.gaia\.json$/);
    assert.equal(document.languageId, 'jsonc');
    assert.match(document.getText(), /"name": "fresh"/);
    await assert.rejects(Promise.resolve(vscode.workspace.fs.stat(document.uri.with({ scheme: 'file' }))));
    // An unsaved file is helped like any other.
    const at = document.positionAt(document.getText().indexOf('"box"'));
    await labels(document, at, 'networks');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  it('speaks the schema itself where validation of JSON is turned off', async () => {
    const { document } = await open('off.gaia.json', vb('"memory": 100,'));
    const json = vscode.workspace.getConfiguration('json');
    await json.update('validate.enable', false, vscode.ConfigurationTarget.Global);
    try {
      await problem(document, 'schema');
      await until(() => problems(document), list => list.every(d => d.source === 'Gaia'), 'the JSON service still speaks');
    } finally {
      await json.update('validate.enable', undefined, vscode.ConfigurationTarget.Global);
    }
    await noProblem(document, 'schema');
  });

  describe('with files nobody would write', () => {
    const machineText = '{"name":"a","provider":"virtualbox","config":{"box":"x/y","networks":[{"type":"forwarded_port","guest_port":80,"host_port":8080}]}}';
    const big = `{"machines":[${Array.from({ length: 45_000 }, () => machineText).join(',\n')}]}`;
    const cases: readonly [string, string | Uint8Array, string][] = [
      ['five-megabytes.gaia.json', big, 'too-large'],
      ['deep.gaia.json', '['.repeat(100_000), 'too-deep'],
      ['empty.gaia.json', '', 'empty'],
    ];
    for (const [name, content, code] of cases) {
      it(`says a clear word about ${name}, and goes on`, async () => {
        const uri = vscode.Uri.joinPath(folder(), name);
        fs.writeFileSync(uri.fsPath, content);
        opened.add(uri);
        const document = await vscode.workspace.openTextDocument(uri);
        assert.match((await problem(document, code)).message, /\w{3,}/);
        const started = Date.now();
        const { document: other } = await open('after.gaia.json', vb('"memroy": 1,'));
        await problem(other, 'unknown-key');
        assert.ok(Date.now() - started < 15_000, 'the editor froze');
      });
    }

    it('leaves a binary file to VS Code, which says so', async () => {
      const uri = vscode.Uri.joinPath(folder(), 'binary.gaia.json');
      fs.writeFileSync(uri.fsPath, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]));
      opened.add(uri);
      await assert.rejects(Promise.resolve(vscode.workspace.openTextDocument(uri)), /binary/);
      // A NUL further down is text to VS Code; the file is then broken, not more.
      const { document } = await open('nul.gaia.json', `${vb('"memroy": 1,')}\n//${' '.repeat(2000)}\0`);
      await problem(document, 'unknown-key');
    });

    it('follows a file that is changed on disk while it is open', async () => {
      const { document } = await open('disk.gaia.json', vb('"memroy": 1024,'));
      await problem(document, 'unknown-key');
      fs.writeFileSync(document.uri.fsPath, vb('"memory": 1024,'));
      await noProblem(document, 'unknown-key');
      assert.ok(!document.isDirty);
    });
  });
});
