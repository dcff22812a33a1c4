// Quick picks of machines: only those that the action can be done to now.
import * as vscode from 'vscode';
import type { Target } from './commands/targets.ts';
import { t } from './l10n.ts';
import { machineItems } from './pickItems.ts';
import type { MachineItem } from './pickItems.ts';

/** undefined = dismissed. With `many`, Enter takes the ticked ones, or the one under the cursor when none is ticked. */
export async function pickMachines(targets: readonly Target[], options: { readonly title: string; readonly many: boolean }): Promise<readonly Target[] | undefined> {
  const picker = vscode.window.createQuickPick<MachineItem>();
  picker.title = options.title;
  picker.placeholder = options.many ? t('Choose machines') : t('Choose a machine');
  // Ticking the only one there is would be a needless step.
  picker.canSelectMany = options.many && targets.length > 1;
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.items = machineItems(targets);
  picker.activeItems = picker.items.slice(0, 1);
  try {
    return await new Promise(resolve => {
      picker.onDidAccept(() => {
        const chosen = picker.selectedItems.length > 0 ? picker.selectedItems : picker.activeItems;
        if (chosen.length === 0) return;
        resolve(chosen.map(item => item.target));
        picker.hide();
      });
      picker.onDidHide(() => { resolve(undefined); });
      picker.show();
    });
  } finally {
    picker.dispose();
  }
}
