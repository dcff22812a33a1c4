// Values of an answer, read safely: types wander between versions and calls ("100", 100, true, 1), so each passes one of these.
export type Row = Readonly<Record<string, unknown>>;

export function rows(data: unknown): readonly Row[] {
  return Array.isArray(data) ? data.filter((row): row is Row => typeof row === 'object' && row !== null) : [];
}
export function record(data: unknown): Row {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Row) : {};
}
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
export function number(value: unknown): number | undefined {
  const parsed = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isFinite(parsed) ? parsed : undefined;
}
/** 0/1, "0"/"1", true/false, "on"/"off". */
export function flag(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'on' || value === 'yes' || value === 'true';
}
/** Leaves out what is undefined: exactOptionalPropertyTypes tells absent from undefined. */
export function present<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
