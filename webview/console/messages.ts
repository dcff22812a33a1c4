// What the host and the console page say to each other. Bytes of the VNC connection go both ways as they are; the host owns the connection.

export interface ConsoleLabels {
  readonly connecting: string;
  readonly closed: string;
  readonly ctrlAltDel: string;
  readonly sendKeys: string;
  readonly paste: string;
  /** Whose keys a typed text is made of. */
  readonly keyboard: string;
  /** `{0}`: the characters, `{1}`: the keyboard that has none of them. */
  readonly unsure: string;
  readonly copy: string;
  readonly scale: string;
  readonly resize: string;
  readonly reconnect: string;
  readonly wide: string;
  readonly screen: string;
  readonly release: string;
  readonly refused: string;
}

export type ToPage =
  | { readonly type: 'setUp'; readonly id: string; readonly name: string; readonly labels: ConsoleLabels }
  /** A new connection: what was there before is over. `session` marks its bytes, so that late ones of an older one are dropped. */
  | { readonly type: 'open'; readonly session: number; readonly password?: string }
  | { readonly type: 'data'; readonly session: number; readonly bytes: Uint8Array }
  | { readonly type: 'closed'; readonly session: number; readonly reason: string }
  /** What is in the clipboard here, to be typed in the machine. */
  | { readonly type: 'clipboard'; readonly text: string };

export type FromPage =
  | { readonly type: 'data'; readonly session: number; readonly bytes: Uint8Array }
  | { readonly type: 'connected'; readonly session: number }
  | { readonly type: 'ended'; readonly session: number }
  | { readonly type: 'reconnect' }
  | { readonly type: 'paste' }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'wide' };
