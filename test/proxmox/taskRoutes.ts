// Tasks of a node and of the cluster: lists, status, log, stop.
import { badParameters } from './apiError.ts';
import { Answer, flag, list, needed, number, text, type Call, type Handler, type Routes } from './call.ts';
import { nodeOfUpid, type TaskRecord } from './tasks.ts';

function parts(task: TaskRecord): Record<string, unknown> {
  const [user = '', tokenid] = task.user.split('!');
  return { upid: task.upid, node: task.node, pid: task.pid, pstart: task.pstart, starttime: task.starttime, type: task.type, id: task.id, user, ...(tokenid === undefined ? {} : { tokenid }) };
}

const row = (task: TaskRecord): Record<string, unknown> => ({ ...parts(task), ...(task.exitstatus === undefined ? {} : { endtime: task.endtime, status: task.exitstatus }) });

const isMine = (call: Call, task: TaskRecord): boolean => {
  const who = call.who.tokenid ?? call.who.userid;
  return task.user === who || task.user.split('!')[0] === who;
};

function taskOf(call: Call, rightTo: string): TaskRecord {
  const upid = needed(call, 'upid');
  const node = nodeOfUpid(upid);
  if (node === undefined) return badParameters({ upid: 'unable to parse worker upid' });
  if (node !== call.node.name) badParameters({ upid: 'no such task' });
  const task = call.cluster.tasks.get(upid) ?? badParameters({ upid: 'no such task' });
  if (!isMine(call, task)) call.cluster.rights.need(call.who, `/nodes/${call.node.name}`, rightTo);
  return task;
}

const status: Handler = call => {
  const task = taskOf(call, 'Sys.Audit');
  return { ...parts(task), ...(task.exitstatus === undefined ? { status: 'running' } : { status: 'stopped', exitstatus: task.exitstatus }) };
};

const log: Handler = call => {
  const task = taskOf(call, 'Sys.Audit');
  const start = number(call, 'start') ?? 0;
  const limit = number(call, 'limit') ?? 50;
  const lines = task.log.map((t, i) => ({ n: i + 1, t }));
  const shown = lines.slice(start, limit === 0 ? undefined : start + limit);
  return new Answer(shown.length > 0 ? shown : [{ n: start + 1, t: 'no content' }], { total: lines.length });
};

const kindOf = (task: TaskRecord): string => (task.exitstatus === 'OK' ? 'ok' : task.exitstatus?.startsWith('WARNINGS') ? 'warning' : task.exitstatus === 'unexpected status' ? 'unknown' : 'error');

const ofNode: Handler = call => {
  const source = text(call, 'source') ?? 'archive';
  const all = call.cluster.rights.has(call.who, `/nodes/${call.node.name}`, 'Sys.Audit');
  const kinds = list(call.p['statusfilter']).map(k => k.toLowerCase());
  const tasks = call.cluster.tasks.all
    .filter(t => t.node === call.node.name && (all || isMine(call, t)))
    .filter(t => (source === 'all' ? true : source === 'active' ? t.exitstatus === undefined : t.exitstatus !== undefined))
    .filter(t => call.p['vmid'] === undefined || t.id === String(call.p['vmid']))
    .filter(t => call.p['typefilter'] === undefined || t.type.includes(String(call.p['typefilter'])))
    .filter(t => call.p['userfilter'] === undefined || t.user.includes(String(call.p['userfilter'])))
    .filter(t => t.starttime >= (number(call, 'since') ?? 0) && t.starttime <= (number(call, 'until') ?? Infinity))
    .filter(t => !flag(call, 'errors') || (t.exitstatus !== undefined && kindOf(t) !== 'ok'))
    .filter(t => kinds.length === 0 || (t.exitstatus !== undefined && kinds.includes(kindOf(t))))
    .reverse();
  const start = number(call, 'start') ?? 0;
  return new Answer(tasks.slice(start, start + (number(call, 'limit') ?? 50)).map(row), { total: tasks.length });
};

const ofCluster: Handler = call => {
  const tasks = call.cluster.tasks.all.filter(t => isMine(call, t) || call.cluster.rights.has(call.who, `/nodes/${t.node}`, 'Sys.Audit'));
  return tasks.slice(-25 * call.cluster.state.nodes.size).reverse().map((task, index) => {
    const { pid: _pid, pstart: _pstart, ...rest } = row(task);
    // The real one mixes numbers and strings here.
    return { ...rest, ...(task.exitstatus === undefined ? {} : { saved: index === 0 ? 1 : '1' }) };
  });
};

export const taskRoutes: Routes = {
  'GET /nodes/{node}/tasks': ofNode,
  'GET /nodes/{node}/tasks/{upid}': call => {
    taskOf(call, 'Sys.Audit');
    return [{ name: 'log' }, { name: 'status' }];
  },
  'GET /nodes/{node}/tasks/{upid}/status': status,
  'GET /nodes/{node}/tasks/{upid}/log': log,
  'DELETE /nodes/{node}/tasks/{upid}': call => {
    const task = taskOf(call, 'Sys.Modify');
    call.cluster.tasks.stop(task.upid);
    return null;
  },
  'GET /cluster/tasks': ofCluster,
};
