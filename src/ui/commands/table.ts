// Every command → the module that does it, loaded at its first use. A new command is a row here, an entry in package.json, and its family's file.
import * as vscode from 'vscode';
import { asGaiaError } from '../../machines/errors.ts';
import type { Parts } from '../parts.ts';

type Handler = (parts: Parts, args: readonly unknown[]) => Promise<void> | void;
type Load = () => Promise<Handler>;

const power = () => import('./power.ts');
const lifecycle = () => import('./lifecycle.ts');
const snapshots = () => import('./snapshots.ts');
const access = () => import('./access.ts');
const appliances = () => import('./appliances.ts');
const extras = () => import('./extras.ts');
const view = () => import('./viewCommands.ts');
const help = () => import('./help.ts');
const preview = () => import('../preview/register.ts');
const templates = () => import('../templates/commands.ts');
const plans = () => import('../plan/commands.ts');
const belonging = () => import('../plan/belonging.ts');
const connections = () => import('../connections/commands.ts');
const cluster = () => import('../cluster/commands.ts');
const generated = () => import('../preview/files.ts');

export const commandTable: Readonly<Record<string, Load>> = {
  'gaia.refresh': async () => (await view()).refresh,
  'gaia.filter': async () => (await view()).filter,
  'gaia.clearFilter': async () => (await view()).clearFilter,
  'gaia.groupBy': async () => (await view()).group,
  'gaia.groupByProvider': async () => (await view()).groupBy('provider'),
  'gaia.groupByState': async () => (await view()).groupBy('state'),
  'gaia.groupByGroup': async () => (await view()).groupBy('group'),
  'gaia.groupByTag': async () => (await view()).groupBy('tag'),
  'gaia.hideProvider': async () => (await view()).hideProvider,

  'gaia.machine.start': async () => (await power()).start,
  'gaia.machine.startHeadless': async () => startAs((await power()).start, 'headless'),
  'gaia.machine.startGui': async () => startAs((await power()).start, 'gui'),
  'gaia.machine.startDetachable': async () => startAs((await power()).start, 'detachable'),
  'gaia.machine.stop': async () => (await power()).stop,
  'gaia.machine.powerOff': async () => (await power()).powerOff,
  'gaia.machine.reset': async () => (await power()).reset,
  'gaia.machine.reboot': async () => (await power()).plain('reboot'),
  'gaia.machine.pause': async () => (await power()).plain('pause'),
  'gaia.machine.resume': async () => (await power()).plain('resume'),
  'gaia.machine.suspend': async () => (await power()).plain('suspend'),

  'gaia.machine.delete': async () => (await lifecycle()).remove,
  'gaia.machine.rename': async () => (await lifecycle()).rename,
  'gaia.machine.clone': async () => (await lifecycle()).clone,
  'gaia.machine.resize': async () => (await lifecycle()).resize,
  'gaia.machine.migrate': async () => (await import('./migrate.ts')).migrate,
  'gaia.machine.availability': async () => (await import('../cluster/availability.ts')).changeAvailability,
  'gaia.machine.showCommands': async () => (await import('./showCommands.ts')).showCommands,

  // Verbs of one provider alone. Those that have no row here are under "More Actions…".
  'gaia.machine.more': async () => (await extras()).more,
  'gaia.machine.discardSavedState': async () => (await extras()).extra('discardSavedState', 'Discard Saved State'),
  'gaia.machine.moveToGroup': async () => (await extras()).extra('moveToGroup', 'Move to Group…'),
  'gaia.machine.sendCtrlAltDelete': async () => (await extras()).extra('sendCtrlAltDelete', 'Send Ctrl+Alt+Delete'),
  'gaia.machine.ejectMedia': async () => (await extras()).extra('ejectMedia', 'Eject Optical Disc'),
  'gaia.machine.showMachineLog': async () => (await extras()).extra('showMachineLog', 'Show Log of the Machine'),
  'gaia.machine.backup': async () => (await extras()).extra('backup', 'Back Up Now'),
  'gaia.machine.convertToTemplate': async () => (await extras()).extra('convertToTemplate', 'Convert to Template'),
  'gaia.machine.setPool': async () => (await extras()).extra('setPool', 'Move to Pool…'),
  'gaia.machine.revertPending': async () => (await extras()).extra('revertPending', 'Drop Pending Changes'),
  'gaia.machine.regenerateCloudInit': async () => (await extras()).extra('regenerateCloudInit', 'Regenerate Cloud-Init Image'),
  'gaia.machine.deleteWithAllVolumes': async () => (await extras()).extra('deleteWithAllVolumes', 'Delete, Purge and Destroy Unreferenced Disks'),

  'gaia.machine.snapshot': async () => (await snapshots()).take,
  'gaia.snapshot.restore': async () => (await snapshots()).restore,
  'gaia.snapshot.delete': async () => (await snapshots()).remove,
  'gaia.snapshot.rename': async () => (await snapshots()).rename,

  'gaia.machine.showDetails': async () => (await access()).details,
  'gaia.machine.openConsole': async () => (await access()).openConsole,
  'gaia.machine.openTerminal': async () => (await access()).openTerminal,
  'gaia.machine.openInWindow': async () => (await access()).openInWindow,
  'gaia.machine.copyAddress': async () => (await access()).copyAddress,
  'gaia.machine.waitForReady': async () => (await access()).waitForReady,
  'gaia.machine.copySshConfig': async () => (await access()).copySshConfig,
  'gaia.machine.screenshot': async () => (await access()).screenshot,
  'gaia.machine.insertAdditions': async () => (await access()).insertAdditions,
  'gaia.machine.exportAppliance': async () => (await appliances()).exportAppliance,
  'gaia.importAppliance': async () => (await appliances()).importAppliance,

  'gaia.config.new': async () => (await import('./newConfig.ts')).newConfig,
  'gaia.config.preview': async () => (await preview()).preview,
  'gaia.config.saveVagrantfile': async () => (await generated()).saveVagrantfile,
  'gaia.config.openVagrantfile': async () => (await generated()).openVagrantfile,
  'gaia.config.validateVagrantfile': async () => (await import('../preview/validate.ts')).validateVagrantfile,

  'gaia.config.openForm': async () => (await import('../editors/formEditor.ts')).openAsForm,

  'gaia.template.use': async () => (await templates()).useTemplate,
  'gaia.template.save': async () => (await templates()).saveTemplate,
  'gaia.template.import': async () => (await templates()).importTemplate,
  'gaia.template.export': async () => (await templates()).exportTemplate,

  'gaia.config.plan': async () => (await plans()).plan,
  'gaia.config.apply': async () => (await plans()).apply,
  'gaia.config.showPlanText': async () => (await plans()).showPlanText,
  'gaia.config.destroy': async () => (await belonging()).destroy,
  'gaia.config.destroyMachine': async () => (await belonging()).destroyMachine,
  'gaia.config.adopt': async () => (await belonging()).adopt,
  'gaia.config.release': async () => (await belonging()).release,
  'gaia.config.runWithVagrant': async () => (await import('../plan/vagrantTask.ts')).runWithVagrant,
  'gaia.plan.apply': async () => (await plans()).applyShown,
  'gaia.plan.refresh': async () => (await plans()).planAgain,
  'gaia.plan.showText': async () => (await plans()).showShownText,
  'gaia.plan.destroy': async () => (await belonging()).destroyShown,
  'gaia.plan.showStepCommands': async () => (await plans()).showStepCommands,
  'gaia.plan.copyCommand': async () => (await plans()).copyCommand,
  'gaia.machine.exportConfig': async () => (await plans()).exportMachine,
  'gaia.machine.openConfig': async () => (await plans()).openOwner,

  'gaia.images.show': async () => (await import('../plan/imagesView.ts')).showImages,
  'gaia.images.prune': async () => (await import('../plan/imagesView.ts')).pruneImages,
  'gaia.cleanUp': async () => (await import('../plan/leftovers.ts')).cleanUp,

  'gaia.vagrantfile.import': async () => (await import('./importVagrantfile.ts')).importFile,

  'gaia.connection.add': async () => (await connections()).add,
  'gaia.connection.edit': async () => (await connections()).edit,
  'gaia.connection.remove': async () => (await connections()).remove,
  'gaia.connection.test': async () => (await connections()).test,
  'gaia.connection.reconnect': async () => (await connections()).reconnect,
  'gaia.cluster.show': async () => (await cluster()).showCluster,
  'gaia.node.openShell': async () => (await cluster()).openShell,
  'gaia.backup.restore': async () => (await cluster()).restoreBackup,

  'gaia.doctor': async () => (await help()).doctor,
  'gaia.showLog': async () => (await help()).showLog,
  'gaia.runInTerminal': async () => (await help()).runInTerminal,
  'gaia.openLink': async () => (await help()).openLink,
  'gaia.showProblem': async () => (await help()).showProblem,
};

function startAs(start: (parts: Parts, args: readonly unknown[], mode: 'headless' | 'gui' | 'detachable') => Promise<void>, mode: 'headless' | 'gui' | 'detachable'): Handler {
  return (parts, args) => start(parts, args, mode);
}

/** Registers all of them. Throws when a command of the same name is registered already (a second copy of Gaia). */
export function registerCommands(parts: Parts): void {
  for (const [command, load] of Object.entries(commandTable)) {
    parts.context.subscriptions.push(vscode.commands.registerCommand(command, async (...args: unknown[]) => {
      try {
        await (await load())(parts, args);
      } catch (error) {
        const { showFailure } = await import('../notify.ts');
        // Not awaited: a caller of the command should not wait until the toast is dismissed.
        void showFailure(parts, asGaiaError(error));
      }
    }));
  }
}
