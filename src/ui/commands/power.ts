// Starting, stopping and what lies between.
import * as vscode from 'vscode';
import type { Action, Verb } from '../../machines/actions.ts';
import type { StartMode } from '../../machines/provider.ts';
import { act } from '../act.ts';
import type { Ability } from '../abilities.ts';
import { ask, listed, namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import type { Arguments, Target } from './targets.ts';
import { targetsOf } from './targets.ts';

type PlainVerb = Extract<Verb, 'powerOff' | 'reset' | 'reboot' | 'pause' | 'resume' | 'suspend'>;

const titles: { readonly [V in PlainVerb | 'start' | 'shutDown']: () => string } = {
  start: () => t('Start Machines'),
  shutDown: () => t('Stop Machines (Shut Down)'),
  powerOff: () => t('Power Off Machines'),
  reset: () => t('Reset Machines'),
  reboot: () => t('Reboot Machines'),
  pause: () => t('Pause Machines'),
  resume: () => t('Resume Machines'),
  suspend: () => t('Suspend Machines to Disk'),
};

/** `mode` undefined: what the setting says. */
export async function start(parts: Parts, args: Arguments, mode?: StartMode): Promise<void> {
  const ability: Ability = mode === undefined ? 'start' : `startMode:${mode}`;
  const targets = await targetsOf(parts, { ability, title: titles.start(), many: true }, args);
  const preferred = mode ?? parts.settings.defaultStartMode;
  await act(parts, targets.map(({ machine, provider }): Action => {
    const fits = preferred !== 'provider' && provider.power.startModes?.includes(preferred);
    return { verb: 'start', id: machine.id, ...(fits && preferred !== provider.power.startModes?.[0] ? { mode: preferred } : {}) };
  }));
}

/** Asks the guests to shut down; offers to power off those that did not answer in time. */
export async function stop(parts: Parts, args: Arguments): Promise<void> {
  const targets = await targetsOf(parts, { ability: 'shutDown', title: titles.shutDown(), many: true }, args);
  if (targets.length === 0) return;
  if (parts.settings.confirmShutDown && !(await confirmed(targets, n => t('Shut down {0}?', n), '', t('Shut Down')))) return;
  await Promise.all(targets.map(target => stopOne(parts, target)));
}

async function stopOne(parts: Parts, { machine }: Target): Promise<void> {
  for (;;) {
    const timeoutMs = parts.settings.shutDownTimeoutMs;
    const [outcome] = await act(parts, [{ verb: 'shutDown', id: machine.id, timeoutMs }], { handles: error => error.code === 'didNotAnswer' });
    if (outcome?.error?.code !== 'didNotAnswer') return;
    const powerOff = t('Power Off');
    const wait = t('Ask Again');
    const chosen = await vscode.window.showWarningMessage(
      t('“{0}” has not shut down within {1} seconds. Powering it off is like pulling the plug: what its programs have not saved is lost.', machine.name, Math.round(timeoutMs / 1000)), powerOff, wait);
    if (chosen === powerOff) {
      await act(parts, [{ verb: 'powerOff', id: machine.id }]);
      return;
    }
    if (chosen !== wait) return;
  }
}

export async function powerOff(parts: Parts, args: Arguments): Promise<void> {
  const targets = await targetsOf(parts, { ability: 'powerOff', title: titles.powerOff(), many: true }, args);
  if (targets.length === 0) return;
  if (parts.settings.confirmPowerOff && !(await confirmed(targets, n => t('Power off {0}?', n), t('It is like pulling the plug: what its programs have not saved is lost.'), t('Power Off')))) return;
  await act(parts, targets.map(({ machine }) => ({ verb: 'powerOff', id: machine.id })));
}

export async function reset(parts: Parts, args: Arguments): Promise<void> {
  const targets = await targetsOf(parts, { ability: 'reset', title: titles.reset(), many: true }, args);
  if (targets.length === 0) return;
  if (parts.settings.confirmPowerOff && !(await confirmed(targets, n => t('Reset {0}?', n), t('It is like pressing the reset button: what its programs have not saved is lost.'), t('Reset')))) return;
  await act(parts, targets.map(({ machine }) => ({ verb: 'reset', id: machine.id })));
}

/** Verbs after which nothing is lost. */
export function plain(verb: 'reboot' | 'pause' | 'resume' | 'suspend') {
  return async (parts: Parts, args: Arguments): Promise<void> => {
    const targets = await targetsOf(parts, { ability: verb, title: titles[verb](), many: true }, args);
    await act(parts, targets.map(({ machine }) => ({ verb, id: machine.id })));
  };
}

async function confirmed(targets: readonly Target[], question: (names: string) => string, detail: string, button: string): Promise<boolean> {
  const names = targets.map(target => target.machine.name);
  return (await ask(question(namesOf(names)), [detail, listed(names)].filter(part => part !== '').join('\n\n'), [{ title: button, value: true }])) ?? false;
}
