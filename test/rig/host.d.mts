/** Installs code-server and its Node into the cache; instant when they are there. Rejects with Unavailable where this machine cannot have it. */
export function ensureHost(): Promise<{ entry: string; node: string; version: string }>;
/** Why the logs of that VS Code stay empty, or undefined when they do not: `it.skipIf(hostLogsMissing())`. */
export function hostLogsMissing(): string | undefined;
