// Consoles: VNC and terminals of guests and of nodes. The WebSocket itself is in server.ts.
import { die } from './apiError.ts';
import { flag, text, type Call, type Handler, type Routes } from './call.ts';

const vnc = (taskType: string): Handler => call => {
  const { cluster } = call;
  const guest = call.p['vmid'] === undefined ? undefined : cluster.guest(call);
  if (guest && String(guest.config['vga'] ?? '').startsWith('serial') && !flag(call, 'websocket')) die('Unable to use a serial console without websocket');
  // 9.x makes a password always, and the ticket starts with it (seen on 9.2.11).
  const withPassword = flag(call, 'generate-password') || cluster.atLeast(9);
  const { record, user } = cluster.consoles.open(call, 'vnc', guest, { password: withPassword, taskType });
  return { user, port: String(record.port), ticket: record.ticket, ...(record.password === undefined ? {} : { password: record.password }), upid: record.upid, cert: cluster.state.authority.certificate };
};

/** A terminal needs a serial port on a VM; a container always has one. */
const terminal = (taskType: string): Handler => call => {
  const { cluster } = call;
  const guest = call.p['vmid'] === undefined ? undefined : cluster.guest(call);
  if (guest?.kind === 'qemu') {
    const serial = text(call, 'serial') ?? [0, 1, 2, 3].map(i => `serial${String(i)}`).find(key => guest.config[key] !== undefined);
    if (serial === undefined || guest.config[serial] === undefined) die(serial === undefined ? "unable to find a serial interface" : `unable to use interface ${serial}`);
  }
  const { record, user } = cluster.consoles.open(call, 'term', guest, { taskType });
  return { user, port: String(record.port), ticket: record.ticket, upid: record.upid };
};

const socket = (call: Call): unknown => ({ port: String(call.p['port']) });

export const consoleRoutes: Routes = {
  'POST /nodes/{node}/qemu/{vmid}/vncproxy': vnc('vncproxy'),
  'POST /nodes/{node}/lxc/{vmid}/vncproxy': vnc('vncproxy'),
  'POST /nodes/{node}/vncshell': vnc('vncshell'),
  'POST /nodes/{node}/qemu/{vmid}/termproxy': terminal('vncproxy'),
  'POST /nodes/{node}/lxc/{vmid}/termproxy': terminal('vncproxy'),
  'POST /nodes/{node}/termproxy': terminal('vncshell'),
  'GET /nodes/{node}/vncwebsocket': socket,
  'GET /nodes/{node}/qemu/{vmid}/vncwebsocket': socket,
  'GET /nodes/{node}/lxc/{vmid}/vncwebsocket': socket,
  'PUT /nodes/{node}/qemu/{vmid}/sendkey': call => {
    const guest = call.cluster.guest(call);
    if (guest.status !== 'running') die(`VM ${String(guest.vmid)} not running`);
    return null;
  },
};
