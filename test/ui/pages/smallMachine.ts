// A config of machines that are made within a second: no box, a small empty disk, not started.

interface Written {
  readonly name: string;
  readonly provider: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export const machine = (name: string, config: Record<string, unknown> = {}): Written => ({ name, provider: 'virtualbox', config: { cpus: 1, memory: 512, disk_size: '8M', start: false, ...config } });

/** The text of a file of these. */
export const file = (...machines: Written[]): string => `${JSON.stringify({ machines }, null, 2)}\n`;
