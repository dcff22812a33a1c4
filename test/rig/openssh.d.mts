/** The OpenSSH server to start, its environment, and lines for its configuration; undefined where there is none. */
export function openSsh(): { readonly sshd: string; readonly env: Readonly<Record<string, string>>; readonly configuration: readonly string[] } | undefined;
export function ensureOpenSsh(): Promise<ReturnType<typeof openSsh>>;
