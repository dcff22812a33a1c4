// The official API description of one version, and the check of one call against it, with the messages of PVE::JSONSchema.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFormat } from './formats.ts';

export type PveVersion = '7.4' | '8.4' | '9.1';

export interface Property {
  readonly type?: string;
  readonly optional?: 0 | 1 | boolean;
  readonly enum?: readonly (string | number)[] | null;
  readonly pattern?: string;
  readonly format?: string | Readonly<Record<string, Property>>;
  readonly minimum?: number | string;
  readonly maximum?: number | string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly requires?: string;
  readonly default?: unknown;
  readonly default_key?: number;
  readonly alias?: string;
  readonly keyAlias?: string;
  readonly items?: Property;
  readonly properties?: Readonly<Record<string, Property>>;
}

export type PermissionCheck = readonly [string, ...unknown[]];

export interface Endpoint {
  readonly path: string;
  readonly method: string;
  readonly name: string;
  readonly proxyto?: string;
  readonly allowtoken: boolean;
  readonly permissions?: { readonly user?: string; readonly check?: PermissionCheck };
  readonly parameters: { readonly properties: Readonly<Record<string, Property>> };
  readonly returns?: Property;
}

export interface Found {
  readonly endpoint: Endpoint;
  readonly uri: Readonly<Record<string, string>>;
}

interface Raw {
  readonly defs: Readonly<Record<string, Property>>;
  readonly endpoints: readonly (Omit<Endpoint, 'parameters'> & { readonly parameters: { readonly properties?: Readonly<Record<string, Property & { $ref?: string }>> } })[];
}

interface Route {
  readonly endpoint: Endpoint;
  readonly parts: readonly string[];
}

/** `test/truth/proxmox`, found upwards: this file may run from a bundle that lies elsewhere in the tree. */
function truthFolder(): string {
  const own = import.meta.url as string | undefined;
  for (const start of [...(own === undefined ? [] : [dirname(fileURLToPath(own))]), process.cwd()]) {
    for (let at = start; ; at = dirname(at)) {
      const folder = join(at, 'test', 'truth', 'proxmox');
      if (existsSync(folder)) return folder;
      if (dirname(at) === at) break;
    }
  }
  throw new Error('test/truth/proxmox was not found');
}

const load = (file: string): Raw => JSON.parse(readFileSync(join(truthFolder(), file), 'utf8')) as Raw;

/** The endpoints of one version, ready to be looked up. Those of `supplement.json` are real paths that the reduced description left out; they are marked. */
export class ApiSchema {
  readonly version: PveVersion;
  readonly endpoints: readonly Endpoint[];
  /** `METHOD path` of endpoints known from the supplement only. */
  readonly supplementary = new Set<string>();
  private readonly routes = new Map<string, Route[]>();

  constructor(version: PveVersion) {
    this.version = version;
    const official = load(`pve-api-schema-${version}.json`);
    const extra = load('supplement.json');
    const resolve = (raw: Raw): Endpoint[] =>
      raw.endpoints.map(e => ({
        ...e,
        parameters: {
          properties: Object.fromEntries(
            Object.entries(e.parameters.properties ?? {}).map(([key, value]) => [key, value.$ref === undefined ? value : (official.defs[value.$ref.split('/').at(-1) as string] as Property)]),
          ),
        },
      }));
    const known = resolve(official);
    const names = new Set(known.map(e => `${e.method} ${e.path}`));
    const added = resolve(extra).filter(e => !names.has(`${e.method} ${e.path}`));
    for (const e of added) this.supplementary.add(`${e.method} ${e.path}`);
    this.endpoints = [...known, ...added];
    for (const endpoint of this.endpoints) {
      const parts = endpoint.path.split('/').slice(1);
      const key = `${endpoint.method} ${parts[0] ?? ''}`;
      const list = this.routes.get(key) ?? [];
      list.push({ endpoint, parts });
      this.routes.set(key, list);
    }
  }

  /** The endpoint for a decoded path without `/api2/json`; undefined = the real server says 501. Fixed parts win over `{…}`; `{volume}` takes the rest. */
  find(method: string, path: string): Found | undefined {
    const given = path.split('/').filter(part => part !== '');
    let best: { found: Found; fixed: number } | undefined;
    for (const { endpoint, parts } of this.routes.get(`${method} ${given[0] ?? ''}`) ?? []) {
      const rest = parts.at(-1) === '{volume}';
      if (rest ? given.length < parts.length : given.length !== parts.length) continue;
      const uri: Record<string, string> = {};
      let fixed = 0;
      const fits = parts.every((part, index) => {
        const name = /^\{(.+)\}$/.exec(part)?.[1];
        if (name === undefined) {
          fixed += 1;
          return part === given[index];
        }
        uri[name] = rest && index === parts.length - 1 ? given.slice(index).join('/') : (given[index] as string);
        return true;
      });
      if (fits && (best === undefined || fixed > best.fixed)) best = { found: { endpoint, uri }, fixed };
    }
    return best?.found;
  }
}

const schemas = new Map<PveVersion, ApiSchema>();

/** One schema a version, loaded once. */
export function apiSchema(version: PveVersion): ApiSchema {
  const known = schemas.get(version) ?? new ApiSchema(version);
  schemas.set(version, known);
  return known;
}

export interface CheckedParameters {
  /** Coerced: integers and numbers are numbers, booleans 0 or 1. */
  readonly values: Record<string, unknown>;
  /** Empty = fine. Else the `errors` of a 400. */
  readonly errors: Record<string, string>;
}

/** Property of `key`, where the description may say `net[n]` for `net0`. */
export function propertyFor(properties: Readonly<Record<string, Property>>, key: string): Property | undefined {
  if (Object.hasOwn(properties, key)) return properties[key];
  const indexed = /^(.*?)(\d{1,3})$/.exec(key);
  if (!indexed) return undefined;
  const property = properties[`${indexed[1] as string}[n]`];
  return property !== undefined && Number(indexed[2]) <= (limits[indexed[1] as string] ?? 255) ? property : undefined;
}

/** Highest index of the indexed options [qemu-server, PVE::QemuServer]; the description does not say. */
const limits: Readonly<Record<string, number>> = { ide: 3, sata: 5, scsi: 30, virtio: 15, net: 31, hostpci: 15, serial: 3, parallel: 2, usb: 13, numa: 7, ipconfig: 31, virtiofs: 9 };

/** Checks `given` (form: every value a string) against an endpoint. */
export function checkParameters(endpoint: Endpoint, given: Readonly<Record<string, unknown>>): CheckedParameters {
  const { properties } = endpoint.parameters;
  const values: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    const property = propertyFor(properties, key);
    if (property === undefined) {
      errors[key] = 'property is not defined in schema and the schema does not allow additional properties';
      continue;
    }
    checkValue(key, property, value, values, errors);
    if (property.requires !== undefined && given[property.requires] === undefined) errors[property.requires] = `missing property - '${key}' requires this property`;
  }
  for (const [key, property] of Object.entries(properties)) {
    if (!property.optional && !key.endsWith('[n]') && given[key] === undefined) errors[key] = 'property is missing and it is not optional';
  }
  return { values, errors };
}

/** Checks one value; puts the coerced one into `values` or what is wrong into `errors`. */
export function checkValue(path: string, property: Property, value: unknown, values: Record<string, unknown>, errors: Record<string, string>): void {
  const key = path.includes('.') ? path.slice(path.lastIndexOf('.') + 1) : path;
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  if (property.type === 'array') {
    const list = Array.isArray(value) ? value : [value];
    const items: unknown[] = [];
    list.forEach((item, index) => {
      const one: Record<string, unknown> = {};
      checkValue(`${path}[${String(index)}]`, property.items ?? { type: 'string' }, item, one, errors);
      items.push(Object.values(one)[0]);
    });
    values[key] = items;
    return;
  }
  if (property.type === 'object' || property.type === undefined) {
    values[key] = value;
    return;
  }
  if (typeof value === 'object' && value !== null) {
    errors[path] = `type check ('${property.type}') failed`;
    return;
  }
  const wrongType = (): void => {
    errors[path] = `type check ('${property.type ?? ''}') failed - got '${text}'`;
  };
  if (property.type === 'boolean') {
    if (!/^[01]$/.test(text)) return wrongType();
    values[key] = Number(text);
    return;
  }
  if (property.type === 'integer' || property.type === 'number') {
    const pattern = property.type === 'integer' ? /^[+-]?\d+$/ : /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
    if (!pattern.test(text)) return wrongType();
  }
  const wrong = problemOf(property, text, path);
  if (wrong !== undefined) {
    errors[path] = wrong;
    return;
  }
  values[key] = property.type === 'integer' || property.type === 'number' ? Number(text) : text;
}

function problemOf(property: Property, text: string, path: string): string | undefined {
  if (property.format !== undefined && property.format !== null) {
    const wrong = checkFormat(property.format, text, path);
    if (wrong !== undefined) return `invalid format - ${wrong}`;
  }
  if (property.pattern !== undefined && !perlPattern(property.pattern).test(text)) return 'value does not match the regex pattern';
  if (Array.isArray(property.enum) && !property.enum.map(String).includes(text)) return `value '${text}' does not have a value in the enumeration '${property.enum.join(', ')}'`;
  if (property.maxLength !== undefined && text.length > property.maxLength) return `value may only be ${String(property.maxLength)} characters long`;
  if (property.minLength !== undefined && text.length < property.minLength) return `value must be at least ${String(property.minLength)} characters long`;
  if (property.minimum !== undefined && Number(text) < Number(property.minimum)) return `value must have a minimum value of ${String(property.minimum)}`;
  if (property.maximum !== undefined && Number(text) > Number(property.maximum)) return `value must have a maximum value of ${String(property.maximum)}`;
  return undefined;
}

const patterns = new Map<string, RegExp>();

/** A Perl pattern as JavaScript: `(?^i:…)` becomes a plain group (and the whole thing caseless), `{,8}` counts from 0. */
function perlPattern(source: string): RegExp {
  const known = patterns.get(source);
  if (known) return known;
  const flags = source.includes('(?^i:') ? 'i' : '';
  const translated = source.replaceAll('(?^:', '(?:').replaceAll('(?^i:', '(?:').replaceAll('(?>', '(?:').replaceAll('{,', '{0,').replaceAll('\\0', '\\x00');
  const made = new RegExp(`^(?:${translated})$`, flags);
  patterns.set(source, made);
  return made;
}
