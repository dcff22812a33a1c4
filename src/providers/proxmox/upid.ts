// UPID: the name of a task. `UPID:node:pid:pstart:starttime:type:id:user[!token]:`, numbers in hex (PVE/UPID.pm by way of docs/providers/proxmox.md).
export interface Upid {
  readonly text: string;
  readonly node: string;
  readonly pid: number;
  readonly pstart: number;
  /** Seconds since 1970, by the server's clock. */
  readonly startTime: number;
  readonly type: string;
  /** Often a VMID; may be empty. */
  readonly id: string;
  /** `root@pam` or, for a token, `root@pam!name`. */
  readonly user: string;
}

const pattern = /^UPID:([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/;

/** undefined for anything that is no UPID: `null` of a call that is done at once, for one. */
export function parseUpid(value: unknown): Upid | undefined {
  if (typeof value !== 'string') return undefined;
  const match = pattern.exec(value);
  if (!match) return undefined;
  const hex = (index: number): number => Number.parseInt(match[index] as string, 16);
  return { text: value, node: match[1] as string, pid: hex(3), pstart: hex(4), startTime: hex(5), type: match[6] as string, id: decodeId(match[7] as string), user: match[8] as string };
}

export function formatUpid(task: Omit<Upid, 'text'>): string {
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  return `UPID:${task.node}:${hex(task.pid)}:${hex(task.pstart)}:${hex(task.startTime)}:${task.type}:${encodeId(task.id)}:${task.user}:`;
}

/** A colon inside an id is written `\x3a`. */
function decodeId(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/gi, (_whole, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
function encodeId(text: string): string {
  return text.replace(/[:\\\s]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
