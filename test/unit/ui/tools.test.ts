// Which tools ask the person first, and what they ask: a tool that changes something never runs without.
import { describe, expect, it, vi } from 'vitest';
import { startMachine } from '../../../src/ui/tools/startMachine.ts';
import { stopMachine } from '../../../src/ui/tools/stopMachine.ts';
import { aMachine, aProvider } from '../machines/builders.ts';

vi.mock('vscode', () => ({}));

describe('the tools that change something', () => {
  const machine = aMachine('web', { id: 'fake:local:7' as never });
  const parts = { fleet: { machine: (id: string) => (id === machine.id ? machine : undefined) }, registry: { of: () => aProvider([machine]) } } as never;

  it.each([['start', startMachine, 'Start the virtual machine “web”?'], ['stop', stopMachine, 'Ask the virtual machine “web” to shut down?']] as const)('%s names the machine in its question, also when it is called by its id', (_verb, tool, question) => {
    expect(tool.prepare?.(parts, { machine: machine.id }).confirmationMessages?.message).toBe(question);
    expect(tool.prepare?.(parts, { machine: 'db' }).confirmationMessages?.message).toContain('“db”');
  });
});
