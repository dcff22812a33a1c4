// A refresh of a Proxmox VE cluster of any size: one request, beside a bare HTTPS request of the same bytes, and beside one status request a guest.
import https from 'node:https';
import { createProxmoxProvider } from '../../src/providers/proxmox/provider.ts';
import { createAuthority, createNodeCertificate } from '../proxmox/certificates.ts';

interface Row { readonly what: string; readonly value: number; readonly unit: string; readonly budget?: number; readonly note?: string }

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
async function timed(rounds: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

const guest = (n: number): unknown => ({
  id: `qemu/${String(100 + n)}`, type: 'qemu', vmid: 100 + n, node: `pve${String(n % 8)}`, name: `machine-${String(n)}`, status: n % 3 ? 'running' : 'stopped', template: 0, tags: 'lab;bench', pool: 'lab',
  cpu: 0.0249060195469461, maxcpu: 4, mem: 842551296, maxmem: 4294967296, disk: 0, maxdisk: 34359738368, diskread: 4510777856, diskwrite: 6059209728, netin: 2456116121, netout: 545248946, uptime: 874350,
});

export async function benchProxmoxList(): Promise<readonly Row[]> {
  const authority = createAuthority();
  const certificate = createNodeCertificate(authority, 'pve1', ['127.0.0.1']);
  let list = '';
  let requests = 0;
  const status = JSON.stringify({ data: { vmid: 100, name: 'machine', status: 'running', qmpstatus: 'running', cpu: 0.1, cpus: 4, mem: 842551296, maxmem: 4294967296, maxdisk: 34359738368, uptime: 5, ha: { managed: 0 } } });
  const server = https.createServer({ cert: certificate.chain, key: certificate.key }, (request, response) => {
    requests++;
    const body = request.url?.includes('/cluster/resources') ? list : request.url?.includes('/version') ? '{"data":{"version":"9.1.3"}}' : status;
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const bare = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      https.get({ host: '127.0.0.1', port, path, ca: authority.certificate }, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => { resolve(Buffer.concat(chunks).toString()); });
      }).on('error', reject);
    });
  const provider = createProxmoxProvider({
    connection: { id: 'bench', label: 'Bench', hosts: ['127.0.0.1'], port, auth: { kind: 'token', user: 'root@pam', token: 'gaia' }, certificates: { [`127.0.0.1:${String(port)}`]: { pem: certificate.certificate, fingerprint: certificate.fingerprint } } },
    secrets: () => Promise.resolve({ tokenSecret: 'not-a-secret' }),
  });
  const signal = new AbortController().signal;
  const rows: Row[] = [];
  for (const [count, rounds] of [[10, 60], [1000, 40], [5000, 20]] as const) {
    list = JSON.stringify({ data: [...Array.from({ length: 8 }, (_, n) => ({ type: 'node', id: `node/pve${String(n)}`, node: `pve${String(n)}`, status: 'online', maxmem: 1, mem: 1 })), ...Array.from({ length: count }, (_, n) => guest(n))] });
    await provider.list(signal);
    await bare('/api2/json/cluster/resources');
    requests = 0;
    const ours = await timed(rounds, () => provider.list(signal));
    const perRefresh = requests / rounds;
    const raw = await timed(rounds, () => bare('/api2/json/cluster/resources'));
    const parsed = await timed(rounds, async () => { JSON.parse(await bare('/api2/json/cluster/resources')); });
    const one = await timed(30, () => bare('/api2/json/nodes/pve1/qemu/100/status/current'));
    const note = `${String(Math.round(list.length / 1024))} KB`;
    rows.push({ what: `${String(count)} guests: one refresh`, value: ours, unit: 'ms', note });
    rows.push({ what: '  requests of it', value: perRefresh, unit: '', budget: 1 });
    rows.push({ what: '  beside it: a bare HTTPS request of the same bytes', value: raw, unit: 'ms' });
    rows.push({ what: '  beside it: the same and JSON.parse', value: parsed, unit: 'ms', note: `× ${(ours / parsed).toFixed(2)}` });
    rows.push({ what: '  beside it: one status request a guest, one after the other', value: one * count, unit: 'ms', note: `× ${((one * count) / ours).toFixed(0)} slower` });
  }
  server.close();
  server.closeAllConnections();
  return rows;
}
