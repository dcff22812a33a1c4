// Dropping a machine on a place of its own connection migrates it there (after the question that the command asks).
import * as vscode from 'vscode';
import type { MachineNode, Node } from './nodes.ts';

const mimeType = 'application/vnd.code.tree.gaia.machines';

export class MachineDragAndDrop implements vscode.TreeDragAndDropController<Node> {
  readonly dragMimeTypes = [mimeType];
  readonly dropMimeTypes = [mimeType];
  readonly #migrate: (nodes: readonly MachineNode[], target: string) => Promise<void>;
  #dragged: readonly MachineNode[] = [];

  constructor(migrate: (nodes: readonly MachineNode[], target: string) => Promise<void>) {
    this.#migrate = migrate;
  }

  handleDrag(source: readonly Node[], data: vscode.DataTransfer): void {
    this.#dragged = source.filter((node): node is MachineNode => node.kind === 'machine' && node.provider.migration !== undefined);
    if (this.#dragged.length > 0) data.set(mimeType, new vscode.DataTransferItem(this.#dragged.map(node => node.id)));
  }

  async handleDrop(target: Node | undefined, data: vscode.DataTransfer): Promise<void> {
    const dragged = this.#dragged;
    this.#dragged = [];
    if (data.get(mimeType) === undefined || target?.kind !== 'group' || target.place === undefined) return;
    const { provider, path } = target.place;
    const place = path[0];
    if (place === undefined) return;
    await this.#migrate(dragged.filter(node => node.provider === provider && node.machine.path?.[0] !== place), place);
  }
}
