// The proof by the real Vagrant: configs drawn by fast-check → Vagrantfile → what Vagrant's own Ruby API understood = what the config said.
import fc from 'fast-check';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../../src/config/parse.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';
import { drawnFile, type DrawnMachine } from './configs.ts';
import { differences, type Dumped } from './readback.ts';
import { runRuby } from './ruby.ts';

const dump = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../rig/vagrant_dump.rb');

export interface Proof {
  readonly files: number;
  readonly machines: number;
  /** Files that Vagrant could not load. */
  readonly broken: { readonly text: string; readonly error: string; readonly machines: readonly DrawnMachine[] }[];
  readonly different: { readonly machine: DrawnMachine; readonly what: string; readonly expected: unknown; readonly found: unknown; readonly text: string }[];
}

/** The text of a .gaia.json that holds these machines. */
export function fileText(machines: readonly DrawnMachine[]): string {
  return JSON.stringify(machines.length === 1 ? machines[0] : { machines }, null, 2);
}

export interface Answer {
  readonly id: number;
  readonly error?: string;
  readonly machines?: readonly Dumped[];
}

/** What Vagrant reads in each text, in order. One Ruby process for all. */
export function readByVagrant(texts: readonly string[]): Answer[] {
  const input = texts.map((text, id) => JSON.stringify({ id, text })).join('\n');
  const env = { PROXMOX_HOST: 'pve.test', PROXMOX_USER: 'me@pam', PROXMOX_PASSWORD: 'from the environment' };
  return runRuby([dump, '--batch'], `${input}\n`, env).trimEnd().split('\n').map(line => JSON.parse(line) as Answer);
}

export function prove(files: number, seed: number): Proof {
  const drawn = fc.sample(drawnFile, { numRuns: files, seed });
  const texts = drawn.map(machines => generateVagrantfile(parseConfig(fileText(machines))).text);
  const answers = readByVagrant(texts);
  const proof: Proof = { files, machines: drawn.flat().length, broken: [], different: [] };
  drawn.forEach((machines, index) => {
    const answer = answers[index];
    const text = texts[index] ?? '';
    if (!answer?.machines || answer.machines.length !== machines.length) {
      proof.broken.push({ text, error: answer?.error ?? `${String(answer?.machines?.length)} machines instead of ${String(machines.length)}`, machines });
      return;
    }
    machines.forEach((machine, at) => {
      const found = answer.machines?.[at];
      if (found) for (const [what, expected, actual] of differences(machine, found)) proof.different.push({ machine, what, expected, found: actual, text });
    });
  });
  return proof;
}
