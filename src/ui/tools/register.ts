// The tools that language models may use: reading, and starting or stopping with the person's confirmation. None runs anything inside a machine.
import * as vscode from 'vscode';
import type { Parts } from '../parts.ts';

interface Tool<T> {
  prepare?(parts: Parts, input: T): vscode.PreparedToolInvocation;
  invoke(parts: Parts, input: T, token: vscode.CancellationToken): Promise<string>;
}

const tools: Readonly<Record<string, () => Promise<Tool<never>>>> = {
  gaia_listMachines: async () => (await import('./listMachines.ts')).listMachines,
  gaia_getMachine: async () => (await import('./getMachine.ts')).getMachine,
  gaia_planChanges: async () => (await import('./planChanges.ts')).planChanges,
  gaia_startMachine: async () => (await import('./startMachine.ts')).startMachine,
  gaia_stopMachine: async () => (await import('./stopMachine.ts')).stopMachine,
};

/** Their names and inputs stand in package.json. */
export function registerTools(parts: Parts): void {
  for (const [name, load] of Object.entries(tools)) {
    parts.context.subscriptions.push(vscode.lm.registerTool(name, {
      prepareInvocation: async ({ input }) => (await load()).prepare?.(parts, input as never),
      invoke: async ({ input }, token) => {
        await parts.ensureProviders();
        const text = await (await load()).invoke(parts, input as never, token);
        return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
      },
    }));
  }
}

export type { Tool };
