export interface Server {
  /** `http://127.0.0.1:PORT` */
  readonly base: string;
  readonly authority: string;
  readonly port: number;
  readonly home: string;
  readonly logFile: string;
  /** Settles when the server has ended by itself. */
  readonly ended: Promise<unknown>;
  /** The address that opens this folder. */
  folderUrl(folder: string): string;
  /** Ends the server and all its children, and waits for it. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** From ensureHost(). */
  host: { entry: string; node: string };
  /** Profile, extensions and log go here. */
  home: string;
  /** 0 or left out: any free one. */
  port?: number;
  /** Merged into the user's settings.json before the start. */
  settings?: Readonly<Record<string, unknown>>;
  /** Added to the environment; the extension host inherits it. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Installed first. */
  vsix?: string;
  /** Leaves Workspace Trust on: the window opens in restricted mode. */
  trust?: boolean;
  /** HOME is `home` (default), so that nothing of the user's is read or written. */
  isolateHome?: boolean;
}

export const quietSettings: Readonly<Record<string, unknown>>;
export function startServer(options: ServerOptions): Promise<Server>;
export function answers(base: string): Promise<boolean>;
