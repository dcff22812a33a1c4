// The plan as a read-only document: no question about saving when it is closed, and the same tab when it is asked for again.
import * as vscode from 'vscode';

const scheme = 'gaia-plan';
const readPatienceMs = 2000;

export class PlanTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #texts = new Map<string, string>();
  readonly #registration = vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(scheme, this),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => { this.#texts.delete(uri.toString()); }),
  );

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  /** Beside what is open. `of`: the file that was planned. */
  async show(of: vscode.Uri, title: string, text: string): Promise<void> {
    const name = of.path.split('/').at(-1) ?? '';
    // The file's own address, so that two files of one name have a document each.
    const uri = vscode.Uri.from({ scheme, path: `/${name} (${title}).diff`, query: of.toString() });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await this.#isRead(document, text);
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }

  /** A document that was open already is read again only after a moment. */
  async #isRead(document: vscode.TextDocument, text: string): Promise<void> {
    for (const end = Date.now() + readPatienceMs; document.getText() !== text.replaceAll('\r\n', '\n') && Date.now() < end;) await new Promise(resolve => setTimeout(resolve, 20));
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
