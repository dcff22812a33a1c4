export interface Qemu {
  /** The socket of its VNC server. */
  readonly screen: string;
  /** What the keyboard controller gave so far, byte by byte (scan code set 1). */
  scanCodes(): number[];
  /** Of VNC: without one nobody gets in. */
  setPassword(password: string): Promise<void>;
  stop(): Promise<void>;
}
export function ensureQemu(): Promise<void>;
export function qemuMissing(): string | undefined;
export function startQemu(): Promise<Qemu>;
