// Which server one talks to, and what only some versions have: as data, checked against the official schemas by test/contract/proxmox/.
import { GaiaError } from '../../machines/errors.ts';
import type { ApiRequest } from './requests.ts';

export interface PveVersion {
  readonly major: number;
  readonly minor: number;
  readonly text: string;
}

export const oldestMajor = 7;

/** `GET /version`: `{"release":"9.2","version":"9.2.11"}`, on 7 `{"version":"7.4-16"}`. Strings all. */
export function parseVersion(data: unknown): PveVersion {
  const { version, release } = (data ?? {}) as { version?: unknown; release?: unknown };
  const text = String(version ?? release ?? '');
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (!match) throw new GaiaError('unexpected', { message: 'The server does not say which Proxmox VE it is.', raw: JSON.stringify(data) });
  return { major: Number(match[1]), minor: Number(match[2]), text };
}

interface Range {
  readonly since?: number;
  readonly until?: number;
}

/** Calls that not every version from 7 to 9 has, by `METHOD template`, in major versions. */
const calls: Readonly<Record<string, Range>> = {
  'GET /cluster/ha/rules': { since: 9 },
  'POST /cluster/ha/rules': { since: 9 },
  'PUT /cluster/ha/rules/{rule}': { since: 9 },
  'DELETE /cluster/ha/rules/{rule}': { since: 9 },
  // 9 still lists the path and answers "ha groups have been migrated to rules".
  'GET /cluster/ha/groups': { until: 8 },
  'POST /cluster/ha/groups': { until: 8 },
  'PUT /cluster/ha/groups/{group}': { until: 8 },
  'DELETE /cluster/ha/groups/{group}': { until: 8 },
  'GET /nodes/{node}/lxc/{vmid}/interfaces': { since: 8 },
  'GET /nodes/{node}/lxc/{vmid}/migrate': { since: 9 },
};

type Otherwise = 'drop' | 'refuse';
interface ParameterRange extends Range {
  /** What to do on a server without it: leave it out (a nicety), or say that it cannot be (a wish). */
  readonly otherwise: Otherwise;
}

/** Parameters likewise, by `METHOD template`, then by name without its number (`virtiofs0` → `virtiofs`). */
const qemuConfig: Readonly<Record<string, ParameterRange>> = {
  'amd-sev': { since: 8, otherwise: 'refuse' },
  ciupgrade: { since: 8, otherwise: 'drop' },
  'import-working-storage': { since: 8, otherwise: 'drop' },
  virtiofs: { since: 8, otherwise: 'refuse' },
  'allow-ksm': { since: 9, otherwise: 'refuse' },
  'intel-tdx': { since: 9, otherwise: 'refuse' },
};
const parameters: Readonly<Record<string, Readonly<Record<string, ParameterRange>>>> = {
  'POST /nodes/{node}/qemu': { ...qemuConfig, 'ha-managed': { since: 9, otherwise: 'refuse' } },
  'POST /nodes/{node}/qemu/{vmid}/config': qemuConfig,
  'PUT /nodes/{node}/qemu/{vmid}/config': qemuConfig,
  'POST /nodes/{node}/lxc': { dev: { since: 8, otherwise: 'refuse' }, entrypoint: { since: 9, otherwise: 'refuse' }, env: { since: 9, otherwise: 'refuse' }, 'ha-managed': { since: 9, otherwise: 'refuse' } },
  'PUT /nodes/{node}/lxc/{vmid}/config': { dev: { since: 8, otherwise: 'refuse' }, entrypoint: { since: 9, otherwise: 'refuse' }, env: { since: 9, otherwise: 'refuse' } },
  'POST /nodes/{node}/qemu/{vmid}/status/stop': { 'overrule-shutdown': { since: 8, otherwise: 'drop' } },
  'POST /nodes/{node}/lxc/{vmid}/status/stop': { 'overrule-shutdown': { since: 8, otherwise: 'drop' } },
  'POST /nodes/{node}/qemu/{vmid}/migrate': { 'with-conntrack-state': { since: 9, otherwise: 'drop' } },
  'DELETE /cluster/ha/resources/{sid}': { purge: { since: 9, otherwise: 'drop' } },
  'POST /cluster/ha/resources': { group: { until: 8, otherwise: 'refuse' }, failback: { since: 9, otherwise: 'drop' } },
  'PUT /cluster/ha/resources/{sid}': { group: { until: 8, otherwise: 'refuse' }, failback: { since: 9, otherwise: 'drop' } },
  'POST /nodes/{node}/storage/{storage}/download-url': { compression: { since: 8, otherwise: 'refuse' } },
  'POST /nodes/{node}/network': { bridge_vids: { since: 8, otherwise: 'refuse' } },
};

/** Values likewise: disk images as a kind of storage content. */
const values: Readonly<Record<string, Readonly<Record<string, readonly { readonly value: string; readonly since: number }[]>>>> = {
  'POST /nodes/{node}/storage/{storage}/upload': { content: [{ value: 'import', since: 8 }] },
  'POST /nodes/{node}/storage/{storage}/download-url': { content: [{ value: 'import', since: 8 }] },
};

/** Does it take the version to know whether and how this can be sent? */
export function dependsOnVersion(request: Pick<ApiRequest, 'method' | 'template'>): boolean {
  const call = `${request.method} ${request.template}`;
  return call in calls || call in parameters || call in values;
}

export function supports(call: Pick<ApiRequest, 'method' | 'template'>, version: PveVersion): boolean {
  return inRange(calls[`${call.method} ${call.template}`] ?? {}, version);
}

/** The request as this server understands it. Throws GaiaError `notSupported` for a call or a wish that it does not have. */
export function forVersion(request: ApiRequest, version: PveVersion): ApiRequest {
  const call = `${request.method} ${request.template}`;
  if (!supports(request, version)) throw refused(request.title, version);
  const limits = parameters[call];
  for (const [name, forbidden] of Object.entries(values[call] ?? {})) {
    const hit = forbidden.find(entry => entry.value === request.params[name] && version.major < entry.since);
    if (hit) throw refused(`${name}=${hit.value}`, version);
  }
  if (!limits) return request;
  const kept = Object.entries(request.params).filter(([name]) => {
    const range = limits[name] ?? limits[name.replace(/\d+$/, '')];
    if (!range || inRange(range, version)) return true;
    if (range.otherwise === 'refuse') throw refused(name, version);
    return false;
  });
  return { ...request, params: Object.fromEntries(kept) };
}

function inRange(range: Range, version: PveVersion): boolean {
  return version.major >= (range.since ?? 0) && version.major <= (range.until ?? Number.POSITIVE_INFINITY);
}

function refused(what: string, version: PveVersion): GaiaError {
  return new GaiaError('notSupported', { message: 'Proxmox VE {1} has no “{0}”.', values: [what, version.text] });
}
