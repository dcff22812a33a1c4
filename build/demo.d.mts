import type { PrivateVirtualBox } from '../test/rig/virtualbox.d.mts';

export function openDemo(folder: string): Promise<{
  readonly variables: PrivateVirtualBox['variables'];
  /** Makes the demo's machines the first time, and has one running. */
  prepare(): Promise<void>;
  /** Suspends what runs, and ends VirtualBox. */
  close(): Promise<void>;
}>;
