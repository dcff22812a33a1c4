// Every request that Gaia can make, against the official description of the API of 7.4, 8.4 and 9.1. The table of builders is gone through
// whole, so none can be forgotten; what a version does not have must be refused before it is sent.
import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { httpRequest, pathOf } from '../../../src/providers/proxmox/client.ts';
import { requests } from '../../../src/providers/proxmox/requests.ts';
import type { ApiRequest } from '../../../src/providers/proxmox/requests.ts';
import { forVersion, parseVersion } from '../../../src/providers/proxmox/version.ts';
import { apiSchema, checkParameters } from '../../proxmox/schema.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { samples } from './samples.ts';

const versions: readonly PveVersion[] = ['7.4', '8.4', '9.1'];
const names = Object.keys(requests) as (keyof typeof requests)[];

/** What a version's description still lists but its server refuses to do: 9 has migrated groups to rules. */
const listedButGone: Readonly<Record<string, readonly string[]>> = { '9.1': ['GET /cluster/ha/groups', 'POST /cluster/ha/groups', 'PUT /cluster/ha/groups/{group}', 'DELETE /cluster/ha/groups/{group}', 'POST /cluster/ha/resources group', 'PUT /cluster/ha/resources/{sid} group'] };

function built(name: keyof typeof requests): ApiRequest[] {
  const builder = requests[name] as (...args: readonly unknown[]) => ApiRequest;
  return samples[name].map(args => builder(...(args as readonly unknown[])));
}

/** As it goes over the wire: what the server would decode. */
function onTheWire(request: ApiRequest): { path: string; parameters: Record<string, string> } {
  const http = httpRequest(request, { host: 'pve1', port: 8006, trust: { kind: 'system' } }, {}, []);
  const [path, query] = pathOf(request).replace('/api2/json', '').split('?');
  const form = typeof http.body === 'object' ? new URLSearchParams([...http.body.fields.map(([key, value]) => [key, value]), [http.body.field, http.body.fileName ?? '']] as [string, string][]) : new URLSearchParams(query ?? http.body ?? '');
  return { path: path as string, parameters: Object.fromEntries(form) };
}

describe.each(versions)('Proxmox VE %s', version => {
  const schema = apiSchema(version);
  const server = parseVersion({ version: `${version}-1` });

  it.each(names)('%s', name => {
    expect(built(name).length, 'a builder without a sample').toBeGreaterThan(0);
    for (const request of built(name)) {
      const call = `${request.method} ${request.template}`;
      const endpoint = schema.endpoints.find(candidate => `${candidate.method} ${candidate.path}` === call);
      let asked: ApiRequest;
      try {
        asked = forVersion(request, server);
      } catch (error) {
        expect(GaiaError.is(error, 'notSupported'), String(error)).toBe(true);
        const gone = listedButGone[version] ?? [];
        if (endpoint && !gone.includes(call) && !Object.keys(request.params).some(key => gone.includes(`${call} ${key}`))) {
          // Refused for a parameter or value: then this version must really not have it.
          const { errors } = checkParameters(endpoint, { ...request.path, ...onTheWire(request).parameters });
          expect(Object.keys(errors).length, `${call} was refused though ${version} has it all`).toBeGreaterThan(0);
        }
        continue;
      }
      expect(endpoint, `${version} has no ${call}, and nothing said so`).toBeDefined();
      if (!endpoint) continue;
      const { path, parameters } = onTheWire(asked);
      const found = schema.find(asked.method, decodeURI(path));
      expect(found?.endpoint.path ?? `nothing for ${path}`).toBe(asked.template);
      const { errors } = checkParameters(endpoint, { ...asked.path, ...parameters });
      expect(errors, `${call} ${JSON.stringify(parameters)}`).toEqual({});
    }
  });
});

it('has samples for every builder, and no builder outside the table', () => {
  expect(Object.keys(samples).sort()).toEqual([...names].sort());
});

it('covers every optional wish: a parameter that only some versions have is seen to be dropped or refused', () => {
  const old = parseVersion({ version: '7.4-16' });
  const stop = built('stop').find(request => 'overrule-shutdown' in request.params) as ApiRequest;
  expect('overrule-shutdown' in forVersion(stop, old).params).toBe(false);
  expect('overrule-shutdown' in forVersion(stop, parseVersion({ version: '8.4.0' })).params).toBe(true);
  expect(() => forVersion(built('downloadUrl').find(request => request.params['content'] === 'import') as ApiRequest, old)).toThrow(/7\.4/);
});
