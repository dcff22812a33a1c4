// What was done to a machine, as the machine's object in a .gaia.json: the generator's tables read backwards.
import { takeCloudInit, takeDisk, takeFolder, takeNetwork } from './importNetworks.ts';
import { takeCustomize, takeOption } from './importProvider.ts';
import { takeProvisioner, takeTrigger } from './importSteps.ts';
import { gaiaProviders, MachineBuilder, Secret, type ImportedMachine, type Json } from './machineBuilder.ts';
import type { Done, Target } from './recorder.ts';
import { asString, NotKnown, RubyHash } from './rubyValues.ts';
import { withSymbols } from './symbols.ts';

/** Says that something done is not in the machine. */
export type Lose = (line: number, message: string) => void;
/** Keeps a statement in `custom_config` instead. */
export type KeepStatement = (done: Done) => string | undefined;

/** The provider of Gaia's that Vagrant would take first: the machine's own blocks before those of the file. */
export function providerOf(own: readonly Done[], all: readonly Done[], preferred: string | undefined): string {
  const named = [...own, ...all].flatMap(one => (one.kind === 'named' ? [one.name] : []));
  if (preferred !== undefined && gaiaProviders[preferred] && (named.length === 0 || named.includes(preferred))) return preferred;
  return named.find(name => gaiaProviders[name]) ?? (named[0] ?? 'virtualbox');
}

export function toMachine(name: string, target: Target | undefined, all: Target, preferred: string | undefined, lose: Lose, keep: KeepStatement): ImportedMachine {
  const vagrantName = providerOf(target?.done ?? [], all.done, preferred);
  const machine = new MachineBuilder(name, gaiaProviders[vagrantName] ?? vagrantName);
  if (target) machine.from(target.line);
  const define = target ? target.options : new RubyHash();
  for (const [key, value] of define.entries()) machine.extra('define', asString(key), value, target?.line ?? 1);
  for (const done of [...all.done, ...(target?.done ?? [])]) {
    if (done.kind === 'option' && done.name !== vagrantName && done.provider === undefined && machine.other(done.name, done.key, done.value, done.line)) continue;
    if (done.kind === 'keyed' && done.name !== vagrantName && done.provider === undefined && machine.other(done.name, done.option, done.value, done.line, done.key)) continue;
    const foreign = 'name' in done && (done.kind === 'named' || done.kind === 'option' || done.kind === 'keyed' || done.kind === 'customize') ? done.name !== vagrantName : done.provider !== undefined && done.provider !== vagrantName;
    if (foreign) {
      if (done.kind === 'named') continue;
      const text = keep(done);
      if (text === undefined) lose(done.line, `a setting for the provider ${done.kind === 'option' || done.kind === 'keyed' || done.kind === 'customize' ? done.name : (done.provider ?? '')}`);
      else machine.custom(text, done.line);
      continue;
    }
    try {
      take(machine, done);
    } catch (thrown) {
      if (!(thrown instanceof NotKnown)) throw thrown;
      const text = thrown instanceof Secret ? undefined : keep(done);
      if (text === undefined) lose(done.line, thrown.message);
      else {
        machine.custom(text, done.line);
      }
    }
  }
  return machine.made();
}

function take(to: MachineBuilder, done: Done): void {
  switch (done.kind) {
    case 'set':
      if (done.plugin === undefined) to.setting(done.space, done.key, done.value, done.line);
      else to.ifPlugin(done.plugin, done.space, done.key, done.value, done.line);
      break;
    case 'network': takeNetwork(to, done.type, done.options, done.line); break;
    case 'folder': takeFolder(to, asString(done.host), asString(done.guest), done.options, done.line); break;
    case 'disk': takeDisk(to, done.type, done.options, done.line); break;
    case 'cloudInit': takeCloudInit(to, done.options, done.line); break;
    case 'named': to.lines.set('provider', done.line); break;
    case 'option': takeOption(to, done.key, done.value, done.line); break;
    case 'keyed':
      if (Object.values(gaiaProviders).includes(to.provider)) throw new NotKnown(`the option ${done.option}`);
      to.put(done.option, { ...(to.options[done.option] as Json | undefined), [done.key]: withSymbols(done.value) }, done.line);
      break;
    case 'customize': takeCustomize(to, done.args, done.line, done.unlessExists); break;
    case 'provision': takeProvisioner(to, done); break;
    case 'trigger': takeTrigger(to, done); break;
    case 'custom': to.custom(done.text, done.line); break;
  }
}
