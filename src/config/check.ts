// All checks beyond the schema: the table, and running it over a parsed file. A machine that did not change is not checked again.
import type { CheckedMachine, FileCheck, Finding, Fix, FixChange, HostFacts, MachineCheck } from './checks/check.ts';
import { addressWithoutCloudInit, cloudInitOnProxmox } from './checks/cloudInit.ts';
import { foreignKey, misspeltOption, pluginProvisioner, unknownKey } from './checks/keys.ts';
import { customConfig, duplicateForwardId, duplicateGuestPath, duplicateProvisioner, invalidRuby, unwritableText } from './checks/merges.ts';
import { badName, duplicateHostname, duplicateName, unknownProvider } from './checks/names.ts';
import { badAddress, badGateway, defaultSwitchAddress, duplicateAddress, gatewayAddress, hostOnlyRange, ignoredNetwork, missingAddress } from './checks/networks.ts';
import { hostPaths, missingPath } from './checks/paths.ts';
import { duplicatePort, lowPort, portsOf, portTaken } from './checks/ports.ts';
import { boxArchitecture, cpusBeyondHost, graphics, memoryBeyondHost } from './checks/resources.ts';
import { secretInFile } from './checks/secrets.ts';
import { noSource, provisionerSource, severalSources, triggerParts, twoSizes, unusedKey } from './checks/sources.ts';
import { vagrantOnly } from './checks/vagrantOnly.ts';
import { removeValue, renameKey, setValue, withEdits, type TextEdit } from './edit.ts';
import { placeInside } from './inside.ts';
import type { ConfigPath, ParsedConfig, ParsedMachine, ParseProblem, TextRange } from './model.ts';

export type { Finding, Fix, FixChange, HostFacts, RubyProblem } from './checks/check.ts';

export const machineChecks: readonly MachineCheck[] = [
  badName, unknownProvider, severalSources, noSource, unusedKey, twoSizes, unknownKey, foreignKey, misspeltOption,
  memoryBeyondHost, cpusBeyondHost, boxArchitecture, graphics, badAddress, badGateway, gatewayAddress, hostOnlyRange, defaultSwitchAddress, missingAddress, ignoredNetwork,
  lowPort, portTaken, missingPath, provisionerSource, pluginProvisioner, triggerParts, cloudInitOnProxmox, addressWithoutCloudInit, duplicateGuestPath, duplicateProvisioner, duplicateForwardId, secretInFile, unwritableText, invalidRuby, vagrantOnly,
];
export const fileChecks: readonly FileCheck[] = [duplicateName, duplicateHostname, duplicatePort, duplicateAddress];

/** A finding with its place in the text. */
export interface CheckProblem extends ParseProblem {
  /** Index in `parsed.machines`. */
  readonly machine: number;
  readonly fixes: readonly Fix[];
  readonly related: readonly { readonly range: TextRange; readonly message: string; readonly values?: readonly (string | number)[] }[];
}

type Remembered = readonly (Finding & { readonly check: MachineCheck })[];
/** By config object, which stays the same while the machine's text does (see ParsedMachine.config). */
const memory = new WeakMap<object, { readonly facts: HostFacts; readonly name: string; readonly provider: string; readonly found: Remembered }>();

/** One object, since what was found is remembered by it. */
const noFacts: HostFacts = {};

/** Everything that is wrong with the machines of a file, on a computer of which `facts` are known; in the order of the text. Never throws. */
export function checkConfig(parsed: ParsedConfig, facts: HostFacts = noFacts): readonly CheckProblem[] {
  const problems: CheckProblem[] = [];
  parsed.machines.forEach((machine, index) => {
    for (const finding of checkMachine(machine, facts)) problems.push(placed(parsed, index, finding, finding.check));
  });
  for (const check of fileChecks) for (const finding of check.compare(parsed.machines, facts)) problems.push(placed(parsed, finding.machine, finding, check));
  return withoutEchoes(problems).sort((a, b) => a.range.offset - b.range.offset);
}

function checkMachine({ name, provider, config }: ParsedMachine, facts: HostFacts): Remembered {
  const known = memory.get(config);
  if (known?.facts === facts && known.name === name && known.provider === provider) return known.found;
  const machine: CheckedMachine = { name, provider, config };
  const found = machineChecks.flatMap(check => check.find(machine, facts).map(finding => ({ ...finding, check })));
  memory.set(config, { facts, name, provider, found });
  return found;
}

function placed(parsed: ParsedConfig, index: number, finding: Finding, check: MachineCheck | FileCheck): CheckProblem {
  const machine = parsed.machines[index] as ParsedMachine;
  return {
    machine: index, code: check.code, severity: finding.severity ?? check.severity, message: finding.message, path: [...machine.path, ...finding.path], range: insideOf(parsed.text, machine, finding) ?? rangeOf(machine, finding.path, finding.atKey),
    fixes: finding.fixes ?? [],
    related: (finding.related ?? []).flatMap(({ machine: other, path, ...rest }) => { const there = parsed.machines[other]; return there ? [{ ...rest, range: rangeOf(there, path) }] : []; }),
    ...(finding.values && { values: finding.values }),
  };
}

function insideOf(text: string, machine: ParsedMachine, { path, inside }: Finding): TextRange | undefined {
  return inside && placeInside(text, machine, path, valueAt({ name: machine.name, config: machine.config }, path), inside);
}

const valueAt = (root: unknown, path: ConfigPath): unknown => path.reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? (value as { readonly [key: string | number]: unknown })[step] : undefined), root);

/** The value's place, or that of the nearest thing around it that is in the text. */
function rangeOf(machine: ParsedMachine, path: ConfigPath, atKey = false): TextRange {
  const own = atKey ? machine.locateKey(path) : machine.locate(path);
  if (own) return own;
  for (let length = path.length - 1; length > 0; length--) {
    const around = machine.locateKey(path.slice(0, length));
    if (around) return around;
  }
  return { offset: machine.range.offset, length: 1 };
}

/** A value of `defaults` is wrong once, not once for every machine that inherits it. */
function withoutEchoes(problems: readonly CheckProblem[]): CheckProblem[] {
  const seen = new Set<string>();
  return problems.filter(p => {
    const key = `${String(p.range.offset)} ${p.code} ${p.message} ${(p.values ?? []).join(' ')}`;
    return seen.has(key) ? false : (seen.add(key), true);
  });
}

/** What has to be looked up on this computer before all checks can speak. */
export interface WantedFacts {
  readonly ports: readonly { readonly protocol: string; readonly hostIp: string; readonly port: number }[];
  readonly paths: readonly string[];
  readonly ruby: readonly string[];
}

export function wantedFacts(parsed: ParsedConfig): WantedFacts {
  return {
    ports: portsOf(parsed.machines),
    paths: [...new Set(parsed.machines.flatMap(machine => hostPaths(machine).map(p => p.value)))],
    ruby: [...new Set(parsed.machines.flatMap(({ config }) => customConfig(config) ?? []))],
  };
}

/** The paths of this computer that a machine names, for "Go to definition". */
export { hostPaths } from './checks/paths.ts';

/** The text edits of a fix for `machine`. Several changes are made one after the other and given as one replacement of what they touch. */
export function fixEdits(text: string, machine: ParsedMachine, fix: Fix): readonly TextEdit[] {
  const [only, ...more] = fix.changes;
  if (!only) return [];
  if (more.length === 0) return changeEdits(text, machine, only);
  let result = text;
  for (const change of fix.changes) result = withEdits(result, changeEdits(result, machine, change));
  return difference(text, result);
}

function changeEdits(text: string, machine: ParsedMachine, change: FixChange): TextEdit[] {
  const path = machine.source(change.path);
  switch (change.kind) {
    case 'set': return setValue(text, path, change.value);
    case 'remove': return removeValue(text, path);
    case 'renameKey': return renameKey(text, path, change.key);
  }
}

/** One edit that turns `before` into `after`: what is the same at both ends stays. */
function difference(before: string, after: string): TextEdit[] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return before === after ? [] : [{ offset: start, length: before.length - start - end, content: after.slice(start, after.length - end) }];
}
