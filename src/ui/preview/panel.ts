// The preview beside the editor: follows the active .gaia.json, renders as one types, and maps between the two both ways.
import * as vscode from 'vscode';
import { blockingProblem, parseConfig } from '../../config/parse.ts';
import type { ParsedConfig } from '../../config/model.ts';
import { generateInSteps, generateVagrantfile } from '../../vagrant/generate.ts';
import type { GeneratedVagrantfile } from '../../vagrant/generate.ts';
import type { BlockView, FromPage, ToPage } from '../../../webview/preview/messages.ts';
import { isGaiaDocument } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { Page } from '../webviews/page.ts';
import { commandsOf } from './commandsOf.ts';
import { blockDelta, commandBlocks, commandsTab, notesOf, tabsOf, textBlocks, vagrantfileBlocks, vagrantfileTab } from './content.ts';

/** The commands ask providers, so they wait until the typing pauses. */
const commandsAfterMs = 400;

const mostNotes = 200;

/** Beyond so many machines the Vagrantfile is made in steps, so that nothing else has to wait for it. */
const atOnce = 300;

interface Shown {
  readonly document: vscode.TextDocument;
  parsed: ParsedConfig;
  generated: GeneratedVagrantfile;
  blocks: readonly BlockView[];
}

export class PreviewPanel implements vscode.Disposable {
  readonly #parts: Parts;
  readonly #panel: vscode.WebviewPanel;
  readonly #page: Page<ToPage, FromPage>;
  readonly #subscriptions: vscode.Disposable[] = [];
  #shown: Shown | undefined;
  #tab = vagrantfileTab;
  #commands: AbortController | undefined;
  #making: AbortController | undefined;
  /** A click in the preview moves the cursor; the mark that follows must not scroll the preview. */
  #clicked = false;

  constructor(parts: Parts, panel: vscode.WebviewPanel, document: vscode.TextDocument) {
    this.#parts = parts;
    this.#panel = panel;
    this.#page = new Page(parts.context, panel.webview, { view: 'preview', title: panel.title }, {
      onReady: () => { this.#showAll(); },
      onMessage: message => { void this.#onMessage(message); },
    });
    this.#subscriptions.push(
      this.#page,
      vscode.workspace.onDidChangeTextDocument(event => { if (event.document === this.#shown?.document) this.#render(); }),
      vscode.window.onDidChangeActiveTextEditor(editor => { if (editor && isGaiaDocument(editor.document)) this.follow(editor.document); }),
      vscode.window.onDidChangeTextEditorSelection(event => { if (event.textEditor.document === this.#shown?.document) this.#mark(event.selections[0]?.active); }),
      panel.onDidDispose(() => { this.dispose(); }),
    );
    this.follow(document);
  }

  get document(): vscode.TextDocument | undefined {
    return this.#shown?.document;
  }

  /** Shows this document from now on. */
  follow(document: vscode.TextDocument): void {
    if (this.#shown?.document === document) return;
    const parsed = parseConfig(document.getText());
    const many = parsed.machines.length > atOnce;
    this.#shown = { document, parsed, generated: generateVagrantfile(many ? { ...parsed, machines: [] } : parsed), blocks: [] };
    this.#tab = vagrantfileTab;
    this.#panel.title = t('Preview {0}', fileName(document.uri));
    this.#making?.abort();
    this.#making = undefined;
    this.#showAll();
    if (many) void this.#makeInSteps(this.#shown);
  }

  dispose(): void {
    this.#commands?.abort();
    this.#making?.abort();
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose();
  }

  /** Everything, from the start: another document, or a page that was made anew. */
  #showAll(): void {
    const shown = this.#shown;
    if (!shown) return;
    shown.blocks = [];
    this.#postFrame(shown);
    this.#postBlocks(shown, true);
    this.#postStatus(shown);
    this.#mark(vscode.window.visibleTextEditors.find(editor => editor.document === shown.document)?.selection.active);
  }

  /** After a keystroke: only what changed goes to the page. A broken file keeps the last good rendering. */
  #render(): void {
    const shown = this.#shown;
    if (!shown) return;
    shown.parsed = parseConfig(shown.document.getText());
    this.#making?.abort();
    this.#making = undefined;
    if (!blockingProblem(shown.parsed)) {
      if (shown.parsed.machines.length > atOnce) {
        void this.#makeInSteps(shown);
        return;
      }
      this.#take(shown, generateVagrantfile(shown.parsed));
    }
    this.#postStatus(shown);
  }

  #take(shown: Shown, generated: GeneratedVagrantfile): void {
    const before = JSON.stringify(tabsOf(shown.generated));
    shown.generated = generated;
    const tabs = tabsOf(shown.generated);
    if (JSON.stringify(tabs) !== before) {
      if (!tabs.some(tab => tab.id === this.#tab)) this.#tab = vagrantfileTab;
      this.#postFrame(shown);
    }
    this.#postBlocks(shown, false);
  }

  async #makeInSteps(shown: Shown): Promise<void> {
    const abort = new AbortController();
    this.#making = abort;
    let told = false;
    const generated = await generateInSteps(shown.parsed, abort.signal, async () => {
      if (!told) this.#postStatus(shown);
      told = true;
      await new Promise(resolve => setImmediate(resolve));
    });
    if (!generated || abort.signal.aborted || this.#shown !== shown) return;
    this.#making = undefined;
    this.#take(shown, generated);
    this.#postStatus(shown);
    this.#mark(vscode.window.visibleTextEditors.find(editor => editor.document === shown.document)?.selection.active);
  }

  #postFrame(shown: Shown): void {
    this.#page.post({
      type: 'frame', uri: shown.document.uri.toString(), file: fileName(shown.document.uri), tabs: tabsOf(shown.generated), active: this.#tab, canSave: this.#tab !== commandsTab,
      labels: {
        code: t('Preview of {0}', fileName(shown.document.uri)), tabs: t('What to preview'), copy: t('Copy'), save: t('Save'), open: t('Open in Editor'), validate: t('Validate with Vagrant'),
        hint: t('Arrow keys move, Enter goes to the place in the configuration.'),
      },
    });
  }

  #postBlocks(shown: Shown, whole: boolean): void {
    if (this.#tab === commandsTab) {
      void this.#postCommands(shown, whole);
      return;
    }
    const script = shown.generated.setupScripts.find(one => `script:${one.name}` === this.#tab);
    this.#postDelta(shown, script ? textBlocks(script.text) : vagrantfileBlocks(shown.generated), whole);
  }

  async #postCommands(shown: Shown, whole: boolean): Promise<void> {
    this.#commands?.abort();
    const abort = new AbortController();
    this.#commands = abort;
    if (!whole) await new Promise(resolve => setTimeout(resolve, commandsAfterMs));
    if (abort.signal.aborted) return;
    const machines = await commandsOf(this.#parts, shown.parsed, abort.signal);
    if (!abort.signal.aborted && this.#tab === commandsTab && this.#shown === shown) this.#postDelta(shown, commandBlocks(machines), whole);
  }

  #postDelta(shown: Shown, blocks: readonly BlockView[], whole: boolean): void {
    const delta = whole ? { start: 0, remove: shown.blocks.length, blocks } : blockDelta(shown.blocks, blocks);
    shown.blocks = blocks;
    if (delta) this.#page.post({ type: 'blocks', ...delta, remove: whole ? Number.MAX_SAFE_INTEGER : delta.remove, whole });
  }

  #postStatus(shown: Shown): void {
    const problem = blockingProblem(shown.parsed);
    const line = problem === undefined ? 0 : shown.document.positionAt(problem.range.offset).line + 1;
    const notes = notesOf(shown.generated);
    const summary = notes.length === 1 ? t('1 remark on the Vagrantfile') : t('{0} remarks on the Vagrantfile', notes.length);
    const making = this.#making && t('Making the Vagrantfile of {0} machines…', shown.parsed.machines.length);
    this.#page.post({ type: 'status', ...making === undefined ? {} : { making }, notes: { summary, list: notes.slice(0, mostNotes).map(({ severity, text }) => ({ severity, text })) }, ...problem === undefined ? {} : { problem: { text: t('Line {0}: {1}', line, t(problem.message, ...problem.values ?? [])), goTo: t('Go to the problem') } } });
  }

  #mark(cursor: vscode.Position | undefined): void {
    const shown = this.#shown;
    if (!shown || this.#tab !== vagrantfileTab) return;
    const ranges = cursor === undefined ? [] : shown.generated.sourceMap.linesAt(shown.document.offsetAt(cursor));
    this.#page.post({ type: 'mark', ranges, reveal: !this.#clicked });
    this.#clicked = false;
  }

  async #onMessage(message: FromPage): Promise<void> {
    const shown = this.#shown;
    if (!shown) return;
    const { uri } = shown.document;
    switch (message.type) {
      case 'tab':
        this.#tab = message.id;
        this.#showAll();
        break;
      case 'line': {
        const range = this.#tab === vagrantfileTab ? shown.generated.sourceMap.placeAt(message.line)?.range : undefined;
        if (range) await this.#reveal(shown, range.offset);
        break;
      }
      case 'problem': {
        const problem = blockingProblem(shown.parsed);
        if (problem) await this.#reveal(shown, problem.range.offset);
        break;
      }
      case 'note': {
        const note = notesOf(shown.generated)[message.index];
        if (note) await this.#reveal(shown, note.offset);
        break;
      }
      case 'copy':
        await vscode.env.clipboard.writeText(this.#text(shown));
        vscode.window.setStatusBarMessage(t('Copied.'), 2000);
        break;
      case 'save':
        await vscode.commands.executeCommand('gaia.config.saveVagrantfile', uri, this.#tab);
        break;
      case 'open':
        await vscode.commands.executeCommand('gaia.config.openVagrantfile', uri, this.#tab);
        break;
      case 'validate':
        await vscode.commands.executeCommand('gaia.config.validateVagrantfile', uri);
        break;
    }
  }

  #text(shown: Shown): string {
    if (this.#tab === vagrantfileTab) return shown.generated.text;
    const script = shown.generated.setupScripts.find(one => `script:${one.name}` === this.#tab);
    return script?.text ?? `${shown.blocks.map(block => block.text).join('\n')}\n`;
  }

  async #reveal(shown: Shown, offset: number): Promise<void> {
    this.#clicked = true;
    const column = vscode.window.visibleTextEditors.find(editor => editor.document === shown.document)?.viewColumn ?? vscode.ViewColumn.One;
    const position = shown.document.positionAt(offset);
    await vscode.window.showTextDocument(shown.document, { viewColumn: column, selection: new vscode.Range(position, position) });
  }
}

function fileName(uri: vscode.Uri): string {
  return uri.path.split('/').at(-1) ?? uri.path;
}
