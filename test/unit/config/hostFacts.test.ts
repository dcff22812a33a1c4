// Facts of this computer, and of Ruby.
import * as net from 'node:net';
import { describe, expect, it } from 'vitest';
import { rubyProblems } from '../../../src/config/ruby.ts';
import { hostResources, listening, networkInterfaces, takenPorts } from '../../../src/system/hostFacts.ts';
import { rubyParser } from '../../../src/system/rubyParser.ts';

const listen = (host: string): Promise<net.Server> => new Promise(resolve => { const server = net.createServer().listen(0, host, () => { resolve(server); }); });

it('knows which ports are in use', async () => {
  const server = await listen('127.0.0.1');
  const { port } = server.address() as net.AddressInfo;
  const question = { protocol: 'tcp', hostIp: '', port };
  expect([...await takenPorts([question])]).toContain(`tcp/127.0.0.1:${String(port)}`);
  await new Promise(resolve => server.close(resolve));
  expect([...await takenPorts([question])]).toEqual([]);
  expect([...await takenPorts([])]).toEqual([]);
});

it('reads the tables of Linux', () => {
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000
   2: 0100007F:9999 0100007F:1538 01 00000000:00000000
`;
  expect(listening('tcp', tcp)).toEqual([{ protocol: 'tcp', address: '127.0.0.1', port: 5432 }, { protocol: 'tcp', address: '', port: 8080 }]);
  const tcp6 = 'x\n 0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A\n 1: 0000000000000000FFFF00000200000A:0051 0:0 0A\n 2: 00000000000000000000000000000000:0052 0:0 0A\n';
  expect(listening('tcp', tcp6).map(l => l.address)).toEqual(['127.0.0.1', '10.0.0.2', '']);
});

it('knows its size', () => {
  const { cpus, memoryMiB } = hostResources();
  expect(cpus).toBeGreaterThan(0);
  expect(memoryMiB).toBeGreaterThan(256);
  for (const { name } of networkInterfaces()) expect(name).not.toBe('lo');
});

describe('Ruby', () => {
  it('says what is wrong, and where', async () => {
    const parse = await rubyParser();
    expect(rubyProblems('config.vm.boot_timeout = 600\nconfig.vm.provider(:virtualbox) { |v| v.gui = true }', parse)).toEqual([]);
    const source = '# ü 😀\nconfig.vm.foo(';
    const [problem] = rubyProblems(source, parse);
    expect(problem?.message).toMatch(/expect|unexpected/);
    expect(problem?.offset).toBeGreaterThan(6);
    expect(rubyProblems('end; system("x"); begin', parse).length).toBeGreaterThan(0);
    expect(rubyProblems('a = 1\n__END__\nrest', parse)).toHaveLength(1);
  });
});
