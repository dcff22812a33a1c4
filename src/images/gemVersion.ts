// Versions and constraints as RubyGems orders them: what `box_version` means to Vagrant (test/contract/images compares with Ruby itself).

type Segment = bigint | string;

const versionPattern = String.raw`[0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?`;
const versionOnly = new RegExp(String.raw`^[ \t\r\n\f\v]*(${versionPattern})?[ \t\r\n\f\v]*$`);
const constraintOnly = new RegExp(String.raw`^[ \t\r\n\f\v]*(=|!=|>|<|>=|<=|~>)?[ \t\r\n\f\v]*(${versionPattern})[ \t\r\n\f\v]*$`);

/** May this be a version? An empty one may: it is 0. */
export function isGemVersion(text: string): boolean {
  return versionOnly.test(text);
}

/** Negative: `a` is older than `b`. Both must be versions (`isGemVersion`). `1.0` and `1` are equal; `1.0.a` is older than `1.0`. */
export function compareGemVersions(a: string, b: string): number {
  return compareSegments(canonical(segmentsOf(a)), canonical(segmentsOf(b)));
}

export type ConstraintOperator = '=' | '!=' | '>' | '<' | '>=' | '<=' | '~>';

export interface Constraint {
  readonly operator: ConstraintOperator;
  readonly version: string;
}

/** `box_version`: constraints separated by commas; empty = any. Undefined = not readable, as Vagrant's BoxVersionInvalid. */
export function parseConstraints(text: string): readonly Constraint[] | undefined {
  // Ruby's split gives no empty parts at the end.
  const parts = text.split(',');
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  const constraints: Constraint[] = [];
  for (const part of parts) {
    const match = constraintOnly.exec(part);
    if (!match?.[2]) return undefined;
    constraints.push({ operator: (match[1] ?? '=') as ConstraintOperator, version: match[2] });
  }
  return constraints;
}

/** Does `version` keep all the constraints? Pre-releases are versions like any other here, as for Vagrant. */
export function satisfies(version: string, constraints: readonly Constraint[]): boolean {
  return constraints.every(constraint => operators[constraint.operator](version, constraint.version));
}

const operators: Readonly<Record<ConstraintOperator, (version: string, wanted: string) => boolean>> = {
  '=': (version, wanted) => compareGemVersions(version, wanted) === 0,
  '!=': (version, wanted) => compareGemVersions(version, wanted) !== 0,
  '>': (version, wanted) => compareGemVersions(version, wanted) > 0,
  '<': (version, wanted) => compareGemVersions(version, wanted) < 0,
  '>=': (version, wanted) => compareGemVersions(version, wanted) >= 0,
  '<=': (version, wanted) => compareGemVersions(version, wanted) <= 0,
  // `~> 1.2.3`: at least 1.2.3, and its release below 1.3.
  '~>': (version, wanted) => compareGemVersions(version, wanted) >= 0 && compareSegments(canonical(released(segmentsOf(version))), canonical(bumped(segmentsOf(wanted)))) < 0,
};

function segmentsOf(text: string): Segment[] {
  const version = text.trim() === '' ? '0' : text.trim().replaceAll('-', '.pre.');
  return (version.match(/[0-9]+|[a-z]+/gi) ?? []).map(part => (/^[0-9]/.test(part) ? BigInt(part) : part));
}

/** Without the zeros at the end of the numbers before the first word, and at the very end. */
function canonical(segments: readonly Segment[]): Segment[] {
  const word = segments.findIndex(segment => typeof segment === 'string');
  const cut = word === -1 ? segments.length : word;
  return [...withoutLastZeros(segments.slice(0, cut)), ...withoutLastZeros(segments.slice(cut))];
}

function withoutLastZeros(segments: readonly Segment[]): readonly Segment[] {
  let length = segments.length;
  while (length > 0 && segments[length - 1] === 0n) length--;
  return segments.slice(0, length);
}

function compareSegments(a: readonly Segment[], b: readonly Segment[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const left = a[at] ?? 0n;
    const right = b[at] ?? 0n;
    if (left === right) continue;
    if (typeof left === 'string' && typeof right === 'bigint') return -1;
    if (typeof left === 'bigint' && typeof right === 'string') return 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

/** The numbers before the first word. */
function released(segments: readonly Segment[]): Segment[] {
  const kept = [...segments];
  while (kept.some(segment => typeof segment === 'string')) kept.pop();
  return kept;
}

/** The next version one place before the last. */
function bumped(segments: readonly Segment[]): Segment[] {
  const kept = released(segments);
  if (kept.length > 1) kept.pop();
  const last = kept.pop();
  return [...kept, (typeof last === 'bigint' ? last : 0n) + 1n];
}
