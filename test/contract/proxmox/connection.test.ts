// Logging in, rights, nodes that die, answers that get lost, certificates that change: on the stand-in.
import { afterEach, describe, expect, it } from 'vitest';
import { pinOf, readCertificate } from '../../../src/system/tls.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import type { ProxmoxOptions } from '../../proxmox/seed.ts';
import { connect, context, failure, named, signal, stateOf } from './standIn.ts';

let server: ProxmoxServer;
async function start(options: ProxmoxOptions = {}): Promise<ProxmoxServer> {
  server = await startProxmox({ nodes: ['pve1', 'pve2'], speed: 500, authDelayMs: 5, guests: [{ vmid: 100, name: 'web' }], ...options });
  return server;
}
afterEach(() => server.dispose());

function pins() {
  return Object.fromEntries([...server.state.nodes.values()].map(node => [`${server.host}:${node.port}`, pinOf(node.certificate.certificate)]));
}
const hosts = (): string[] => Object.values(server.ports).map(port => `${server.host}:${port}`);
const byPassword = (user: string, realm: string, secret: string, more = {}) =>
  connect(server, { connection: { id: 'lab', label: 'Lab', hosts: hosts(), port: server.port, auth: { kind: 'password', user, realm }, certificates: pins() }, secrets: () => Promise.resolve({ password: secret }), ...more });

describe('logging in', () => {
  it('asks for one ticket for many requests at once, and renews it early with the old one', async () => {
    await start();
    let at = Date.now();
    const { provider } = byPassword('root', 'pam', server.root.password, { clock: { now: () => at, sleep: (ms: number) => new Promise(resolve => setTimeout(resolve, ms)) } });
    await Promise.all(Array.from({ length: 5 }, () => provider.list(signal())));
    const logins = () => server.requests.filter(request => request.path === '/access/ticket').length;
    expect(logins()).toBe(1);
    at += 61 * 60_000;
    await provider.list(signal());
    expect(logins()).toBe(2);
    expect(server.requests.filter(request => request.path === '/access/ticket').at(-1)?.status).toBe(200);
  });

  it('logs in again when a ticket is refused, and repeats the request once', async () => {
    await start();
    const { provider } = byPassword('root', 'pam', server.root.password);
    const { id } = await named(provider, 'web');
    server.faults.expireTickets();
    await provider.power.start(id, {}, context());
    expect(await stateOf(provider, id)).toBe('running');
    server.faults.unauthorized('badCsrf', { method: 'POST', path: /stop$/ });
    await provider.power.powerOff(id, context());
    expect(await stateOf(provider, id)).toBe('stopped');
  });

  it('tells a wrong password from a wrong token, and does not try either again by itself', async () => {
    await start();
    const wrong = byPassword('root', 'pam', 'nope').provider;
    const first = await failure(wrong.list(signal()));
    expect(first).toMatchObject({ code: 'unauthenticated', message: 'User, realm or password is wrong.' });
    const before = server.requests.length;
    expect((await failure(wrong.list(signal()))).code).toBe('unauthenticated');
    expect(server.requests.length).toBe(before);
    const token = connect(server, { secrets: () => Promise.resolve({ tokenSecret: '00000000-0000-0000-0000-000000000000' }) }).provider;
    expect(await token.diagnose(signal())).toMatchObject({ usable: false, problems: [{ code: 'proxmox.unauthenticated', message: expect.stringContaining('API token') as string }] });
  });

  it('asks for a second factor', async () => {
    await start({ users: [{ userid: 'ann@pve', password: 'secret', totp: 'JBSWY3DPEHPK3PXP', recovery: ['0123-4567-89ab-cdef'] }], acl: [{ path: '/', who: 'ann@pve', role: 'Administrator' }] });
    const asked: unknown[] = [];
    const { provider } = byPassword('ann', 'pve', 'secret', { secondFactor: (challenge: unknown) => { asked.push(challenge); return Promise.resolve({ kind: 'totp' as const, value: server.cluster.auth.totpOf('ann@pve') }); } });
    expect((await provider.reconnect(signal())).usable).toBe(true);
    expect((await provider.list(signal())).length).toBe(1);
    expect(asked).toEqual([{ totp: true, recovery: true, others: [] }]);
    const recovery = byPassword('ann', 'pve', 'secret', { secondFactor: () => Promise.resolve({ kind: 'recovery' as const, value: '0123-4567-89ab-cdef' }) }).provider;
    expect((await recovery.reconnect(signal())).usable).toBe(true);
    expect((await recovery.list(signal())).length).toBe(1);
    const gaveUp = byPassword('ann', 'pve', 'secret', { secondFactor: () => Promise.resolve(undefined) }).provider;
    expect((await failure(gaveUp.list(signal()))).code).toBe('unauthenticated');
  });
});

describe('while a person looks for the second factor', () => {
  const enterCode = { title: 'Enter Code…', command: 'gaia.connection.reconnect', args: ['lab'] };
  const logins = () => server.requests.filter(request => request.path === '/access/ticket').length;
  /** A provider whose person answers when told to. */
  async function asked() {
    await start({ users: [{ userid: 'ann@pve', password: 'secret', totp: 'JBSWY3DPEHPK3PXP' }], acl: [{ path: '/', who: 'ann@pve', role: 'Administrator' }] });
    const answers: ((value: string | undefined) => void)[] = [];
    const events: string[] = [];
    const { provider } = byPassword('ann', 'pve', 'secret', {
      secondFactor: () => new Promise(resolve => { answers.push(value => { resolve(value === undefined ? undefined : { kind: 'totp' as const, value }); }); }),
      answered: () => events.push('answered'),
    });
    return { provider, answers, events, code: () => server.cluster.auth.totpOf('ann@pve') };
  }

  it('refuses lists at once with the button for the code, asks once, and tells when it was given', async () => {
    const { provider, answers, events, code } = await asked();
    const began = performance.now();
    expect(await failure(provider.list(signal()))).toMatchObject({ code: 'unauthenticated', message: 'The login needs a second factor.', detail: { actions: [enterCode] } });
    expect(await failure(provider.list(signal()))).toMatchObject({ code: 'unauthenticated', detail: { actions: [enterCode] } });
    expect(await provider.diagnose(signal())).toMatchObject({ usable: false, problems: [{ code: 'proxmox.unauthenticated', message: 'The login needs a second factor.', actions: [enterCode] }] });
    expect((await failure(provider.suggestions!.values('config.provider_config.node', signal()))).code).toBe('unauthenticated');
    expect(performance.now() - began).toBeLessThan(2000);
    // What a person has clicked waits for it, as does a login that somebody sits before.
    const clicked = provider.snapshots!.list((await machineOf()).id, signal());
    const attended = provider.reconnect(signal());
    expect(answers.length).toBe(1);
    expect(logins()).toBe(1);
    expect(events).toEqual([]);
    answers[0]!(code());
    expect(await clicked).toEqual([]);
    expect((await attended).usable).toBe(true);
    await expect.poll(() => events).toEqual(['answered']);
    expect((await provider.list(signal())).length).toBe(1);
    expect([answers.length, logins()]).toEqual([1, 2]);
  });

  it('does not ask again by itself once it was declined or wrong, until somebody connects again', async () => {
    const { provider, answers, events, code } = await asked();
    for (const [given, message] of [[undefined, 'The login needs a second factor.'], ['000000', 'The second factor was not accepted.']] as const) {
      const before = answers.length;
      const attended = provider.reconnect(signal());
      await expect.poll(() => answers.length).toBe(before + 1);
      answers[before]!(given);
      expect(await attended).toMatchObject({ usable: false, problems: [{ message, actions: [enterCode] }] });
      const sent = server.requests.length;
      expect(await failure(provider.list(signal()))).toMatchObject({ code: 'unauthenticated', message, detail: { actions: [enterCode] } });
      expect(await provider.diagnose(signal())).toMatchObject({ problems: [{ message, actions: [enterCode] }] });
      expect([answers.length, server.requests.length]).toEqual([before + 1, sent]);
    }
    expect(events).toEqual([]);
    const attended = provider.reconnect(signal());
    await expect.poll(() => answers.length).toBe(3);
    answers[2]!(code());
    expect((await attended).usable).toBe(true);
    expect((await provider.list(signal())).length).toBe(1);
  });

  it('a list that is cut short does not end what others wait for', async () => {
    const { provider, answers, code } = await asked();
    const commands = provider.commands({ verb: 'delete', id: (await machineOf()).id, disks: 'delete' }, signal());
    await failure(provider.list(signal()));
    const abort = new AbortController();
    const given = failure(provider.snapshots!.list((await machineOf()).id, abort.signal));
    abort.abort();
    expect((await given).code).toBe('cancelled');
    await expect.poll(() => answers.length).toBe(1);
    answers[0]!(code());
    expect((await commands)[0]?.text).toContain('DELETE /nodes/');
  });

  const machineOf = () => named(connect(server).provider, 'web');
});

describe('rights', () => {
  it('explains a token that sees nothing', async () => {
    await start({ users: [{ userid: 'ann@pve', password: 'x' }], tokens: [{ id: 'ann@pve!gaia', secret: '11111111-2222-3333-4444-555555555555' }], acl: [{ path: '/', who: 'ann@pve', role: 'Administrator' }] });
    const { provider } = connect(server, { connection: { id: 'lab', label: 'Lab', hosts: hosts(), port: server.port, auth: { kind: 'token', user: 'ann@pve', token: 'gaia' }, certificates: pins() }, secrets: () => Promise.resolve({ tokenSecret: '11111111-2222-3333-4444-555555555555' }) });
    expect(await provider.list(signal())).toEqual([]);
    const diagnosis = await provider.diagnose(signal());
    expect(diagnosis).toMatchObject({ usable: true, problems: [{ code: 'proxmox.seesNothing', hint: expect.stringContaining('privilege separation') as string }] });
  });

  it('names the privilege and the path that are missing', async () => {
    await start({ users: [{ userid: 'bob@pve', password: 'secret' }], acl: [{ path: '/vms/100', who: 'bob@pve', role: 'PVEAuditor' }] });
    const { provider } = byPassword('bob', 'pve', 'secret');
    const error = await failure(provider.power.start((await named(provider, 'web')).id, {}, context()));
    expect(error).toMatchObject({ code: 'noPermission', detail: { values: ['/vms/100', 'VM.PowerMgmt'], machine: 'web' } });
    expect((await provider.diagnose(signal())).problems[0]?.values?.join(' ')).toContain('VM.PowerMgmt');
  });
});

describe('nodes and networks', () => {
  it('goes on through another node when the first is down', async () => {
    await start();
    const { provider } = connect(server);
    await provider.list(signal());
    await server.faults.nodeDown('pve1');
    const machines = await provider.list(signal());
    expect(machines.map(machine => machine.state)).toEqual(['unknown']);
    expect(provider.cluster.latest()?.nodes.map(node => [node.name, node.online])).toEqual([['pve1', false], ['pve2', true]]);
    expect((await failure(provider.describe(machines[0]!.id, signal()))).code).toBe('didNotAnswer');
    expect((await provider.list(signal())).length).toBe(1);
  });

  it('says that none of the nodes answers', async () => {
    await start();
    const { provider } = connect(server);
    await server.faults.nodeDown('pve1');
    await server.faults.nodeDown('pve2');
    expect(await provider.diagnose(signal())).toMatchObject({ usable: false, problems: [{ code: 'proxmox.unreachable' }] });
  });

  it('refuses a changed certificate with both fingerprints, and sends nothing', async () => {
    await start();
    const { provider } = connect(server, { hosts: hosts().slice(0, 1) });
    await provider.list(signal());
    const old = server.fingerprint('pve1');
    const changed = server.faults.newCertificate('pve1', { otherAuthority: true });
    const before = server.requests.length;
    const error = await failure(provider.list(signal()));
    expect(error).toMatchObject({ code: 'untrusted', detail: { values: [expect.anything(), old, changed] } });
    expect(await provider.diagnose(signal())).toMatchObject({ usable: false, problems: [{ code: 'proxmox.untrusted', actions: [{ command: 'gaia.connection.edit', args: ['lab'] }] }] });
    expect(server.requests.length).toBe(before);
  });

  it('shows the certificate to trust as Proxmox VE shows it', async () => {
    await start();
    const seen = await readCertificate(server.host, server.port, signal());
    expect(seen.fingerprint).toBe(server.fingerprint('pve1'));
    expect(seen.trustedBySystem).toBe(false);
    expect(server.requests.length).toBe(0);
  });

  it('learns the other nodes and their certificates from the trusted one', async () => {
    await start();
    const learned: unknown[] = [];
    const { provider } = connect(server, { hosts: hosts().slice(0, 1), learnedPeers: peers => learned.push(...peers) });
    await provider.diagnose(signal());
    expect(learned).toEqual([
      { node: 'pve1', host: server.state.nodes.get('pve1')?.ip, fingerprint: server.fingerprint('pve1') },
      { node: 'pve2', host: server.state.nodes.get('pve2')?.ip, fingerprint: server.fingerprint('pve2') },
    ]);
  });

  it.each(['reset', 'halfBody', 'lostAnswer'] as const)('a list survives %s', async kind => {
    await start();
    const { provider } = connect(server);
    server.faults[kind]({ path: '/cluster/resources' });
    expect((await provider.list(signal())).length).toBe(1);
  });

  it('starts once, whichever way the answer gets lost', async () => {
    await start();
    const { provider } = connect(server);
    const { id } = await named(provider, 'web');
    for (const lose of [() => server.faults.lostAnswer({ method: 'POST', path: /start$/ }), () => server.faults.proxyError(596, { method: 'POST', path: /start$/ }, true), () => server.faults.halfBody({ method: 'POST', path: /start$/ })]) {
      const before = server.requests.filter(request => request.method === 'POST' && request.path.endsWith('/start')).length;
      lose();
      await provider.power.start(id, {}, context());
      expect(await stateOf(provider, id)).toBe('running');
      expect(server.requests.filter(request => request.method === 'POST' && request.path.endsWith('/start')).length).toBe(before + 1);
      await provider.power.powerOff(id, context());
    }
  });

  it('takes WARNINGS for success and says them, and an unknown end for no success', async () => {
    await start();
    const { provider } = connect(server);
    const { id } = await named(provider, 'web');
    server.faults.taskFails('qmstart', 'WARNINGS: 2', { done: true });
    const seen = context();
    await provider.power.start(id, {}, seen);
    expect(seen.lines.some(line => line.includes('2 warning'))).toBe(true);
    server.faults.taskFails('qmstop', 'unexpected status');
    expect((await failure(provider.power.powerOff(id, context()))).code).toBe('unexpected');
  });

  it('gets over a lock that cannot be had at once', async () => {
    await start();
    const { provider } = connect(server);
    server.faults.lockTimeout({ method: 'POST', path: /start$/, times: 2 });
    const { id } = await named(provider, 'web');
    await provider.power.start(id, {}, context());
    expect(await stateOf(provider, id)).toBe('running');
  });
});
