// A stand-in cluster to play with by hand: prints where it is and how to get in, and runs until Ctrl+C.
import { parseArgs } from 'node:util';
import { addGuest } from './seed.ts';
import { startProxmox } from './server.ts';
import type { PveVersion } from './schema.ts';

const { values } = parseArgs({ options: { version: { type: 'string', default: '9.1' }, nodes: { type: 'string', default: 'pve,pve2,pve3' }, speed: { type: 'string', default: '3' }, guests: { type: 'string', default: '12' }, port: { type: 'string', default: '8006' }, host: { type: 'string', default: '127.0.0.1' } } });
const nodes = values.nodes.split(',');
const server = await startProxmox({
  version: values.version as PveVersion,
  nodes,
  speed: Number(values.speed),
  host: values.host,
  ports: nodes.map((_, i) => (values.port === '0' ? 0 : Number(values.port) + i)),
  users: [{ userid: 'ann@pve', password: 'ann' }, { userid: 'tfa@pve', password: 'tfa', totp: 'JBSWY3DPEHPK3PXP' }],
  tokens: [{ id: 'ann@pve!separated', secret: '11111111-2222-4333-8444-555555555555' }],
  acl: [{ path: '/', who: 'ann@pve', role: 'PVEAdmin' }],
  pools: [{ poolid: 'lab', comment: 'Trying things' }],
});
const roles = ['web', 'db', 'build', 'proxy', 'mail', 'git'];
for (let i = 0; i < Number(values.guests); i += 1) {
  const node = nodes[i % nodes.length] as string;
  const name = `${roles[i % roles.length] as string}${String(Math.floor(i / roles.length) + 1)}`;
  addGuest(server.state, { kind: i % 4 === 3 ? 'lxc' : 'qemu', name, node, status: i % 3 === 0 ? 'stopped' : 'running', agent: i % 2 === 0, tags: i % 2 === 0 ? 'prod' : 'test;lab', ...(i % 5 === 0 ? { pool: 'lab' } : {}), ...(i === 1 ? { ha: 'started' } : {}), config: i % 4 === 3 ? {} : { serial0: 'socket' } });
}
addGuest(server.state, { vmid: 9000, name: 'debian-13-template', template: true });
server.cluster.broadcast();

console.log(`Proxmox VE ${server.state.versionText} (stand-in), ${String(nodes.length)} node(s), ${String(server.state.guests.size)} guests`);
for (const name of nodes) console.log(`  ${name.padEnd(8)} ${server.urls[name] as string}   SHA-256 ${server.fingerprint(name)}`);
console.log(`  token    ${server.root.tokenId}=${server.root.tokenSecret}`);
console.log(`  users    root@pam / ${server.root.password}, ann@pve / ann, tfa@pve / tfa (code now: ${server.cluster.auth.totpOf('tfa@pve')})`);
console.log(`  a token that sees nothing: ann@pve!separated=11111111-2222-4333-8444-555555555555`);
console.log('Ctrl+C ends it.');

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (server.violations.length > 0) console.log(`${String(server.violations.length)} badly formed calls:`, server.violations.slice(-10));
    void server.dispose().then(() => process.exit(0));
  });
}
