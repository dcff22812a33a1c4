// What went wrong, from what Proxmox VE said (reason phrase, body, exit status of a task) to a GaiaError with what to do about it.
// The same text may come at once or from inside a task; both go through the same table. Sources: truth/proxmox-recordings.
import { GaiaError } from '../../machines/errors.ts';
import type { ErrorCode } from '../../machines/errors.ts';

export interface Answer {
  readonly status: number;
  /** The status line's reason: the only place of the message on servers before 8.4, and when the body is empty. */
  readonly reason: string;
  /** `message` and `errors` of the body, where there are any. */
  readonly message?: string;
  readonly errors?: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly match: RegExp;
  readonly code: ErrorCode;
  /** `{0}` … are the groups of `match`. */
  readonly message: string;
  readonly hint?: string;
  /** The server gave up on its own lock before it did anything: the one thing that is tried again. */
  readonly lock?: true;
}

const patterns: readonly Pattern[] = [
  { match: /can't lock file '([^']*)' - got timeout|cfs-lock '([^']*)' error|got lock request timeout/, code: 'locked', message: 'Proxmox VE was busy with another task of this machine or storage.', hint: 'Try again when its running tasks have ended.', lock: true },
  { match: /(?:VM|CT) is locked \(([\w-]+)\)/, code: 'locked', message: 'It is locked by Proxmox VE ({0}).', hint: 'Wait until the task that holds the lock has ended. If no task runs any more, an administrator can remove the lock with “qm unlock” or “pct unlock” on the node.' },
  { match: /Permission check failed \(([^,)]+), ?([^)]+)\)/, code: 'noPermission', message: 'This needs the privilege {1} on {0}.', hint: 'Give it under Datacenter → Permissions. A token with privilege separation needs its own permission beside its user’s.' },
  { match: /Permission check failed/, code: 'noPermission', message: 'The user or token may not do this.', hint: 'Give the missing privilege under Datacenter → Permissions. A token with privilege separation needs its own permission beside its user’s.' },
  { match: /not available with API token, need proper ticket/, code: 'noPermission', message: 'Proxmox VE does not let an API token do this.', hint: 'Connect with user and password for this.' },
  { match: /[Oo]nly root(@pam)? (may|can)/, code: 'noPermission', message: 'Only root@pam may do this, logged in with its password.' },
  { match: /unable to create (?:VM|CT) (\d+)\b.* already exists/, code: 'alreadyExists', message: 'The VMID {0} is taken.' },
  { match: /(?:VM|CT) (\d+) already exists/, code: 'alreadyExists', message: 'The VMID {0} is taken.' },
  { match: /[Cc]onfiguration file '[^']*?(\d+)\.conf' does not exist|unable to find configuration file for (?:VM|CT) (\d+)/, code: 'notFound', message: 'The machine is gone, or was moved to another node.', hint: 'Refresh the list.' },
  { match: /(?:VM|CT) (\d+) already running/, code: 'wrongState', message: 'It runs already.' },
  { match: /(?:VM|CT) (\d+) (?:is )?not running/, code: 'wrongState', message: 'It does not run.' },
  { match: /(?:VM|CT) (\d+) is running - destroy failed/, code: 'wrongState', message: 'It runs, so it cannot be deleted.', hint: 'Shut it down first.' },
  { match: /protection mode enabled/, code: 'protected', message: 'It is protected from deletion.', hint: 'Turn off its option “Protection” first.' },
  { match: /used in HA resources and purge parameter not set/, code: 'protected', message: 'It is managed by high availability.', hint: 'Remove it from high availability, or choose to purge it from jobs and HA while deleting.' },
  { match: /base volume '([^']+)' is still in use by linked clone/, code: 'protected', message: 'Linked clones still need its disk {0}.', hint: 'Delete the linked clones first.' },
  { match: /Cannot do full clones on a running container without snapshots/, code: 'wrongState', message: 'A container can be copied while it runs only from one of its snapshots.', hint: 'Shut it down first, or take a snapshot and clone that.' },
  { match: /you can't start a vm if it's a template/, code: 'wrongState', message: 'A template cannot be started.', hint: 'Clone it, and start the clone.' },
  { match: /[Ll]inked clone feature is not supported for '([^']+)'(?: \((\w+)\))?/, code: 'notSupported', message: 'No linked clone can be made of {0}.', hint: 'Linked clones are made from templates. Make a full clone, or a template first.' },
  { match: /VM quit\/powerdown failed - got timeout|shutdown failed.*timeout|command 'lxc-stop.*failed: exit code/, code: 'didNotAnswer', message: 'The guest did not shut down in time; it still runs.', hint: 'Power it off, if it may lose unsaved work. A guest agent in the machine makes shutting down reliable.' },
  { match: /QEMU guest agent is not running|QEMU guest agent is not (?:configured|enabled)|No QEMU guest agent configured/i, code: 'notReady', message: 'The guest agent does not answer.', hint: 'Install and start qemu-guest-agent in the machine, and turn on its option “QEMU Guest Agent”.' },
  { match: /snapshot name '([^']+)' already used/, code: 'alreadyExists', message: 'It has a snapshot named {0} already.' },
  { match: /snapshot '([^']+)' does not exist/, code: 'notFound', message: 'The snapshot {0} is gone.' },
  { match: /unable to use snapshot name '([^']+)'/, code: 'invalidInput', message: 'A snapshot cannot be named {0}.' },
  { match: /snapshot feature is not available|does not support internal snapshots|does not support snapshot/, code: 'notSupported', message: 'Its disks do not support snapshots.', hint: 'Use a storage with snapshots (LVM-thin, ZFS, Ceph) or qcow2 disks.' },
  { match: /can't rollback, '([^']+)' is not most recent snapshot/, code: 'wrongState', message: 'On this storage only the newest snapshot can be restored, and {0} is not the newest.' },
  { match: /no such cluster node '([^']+)'/, code: 'notFound', message: 'The cluster has no node {0}.' },
  { match: /hostname lookup '([^']+)' failed/, code: 'notFound', message: 'The cluster has no node {0}.' },
  { match: /storage '([^']+)' is not (?:available|online|active)/, code: 'notReady', message: 'The storage {0} is not available on this node.' },
  { match: /storage '([^']+)' does not (?:support|allow|contain) (?:content.?type|content|vm images)/, code: 'notSupported', message: 'The storage {0} does not take this kind of content.', hint: 'Choose another storage, or allow the content under Datacenter → Storage.' },
  { match: /storage '([^']+)' does not exist/, code: 'notFound', message: 'There is no storage {0}.' },
  { match: /volume '([^']+)' does not exist/, code: 'notFound', message: 'There is no {0}.' },
  { match: /bridge '([^']+)' does not exist/, code: 'notFound', message: 'The node has no bridge {0}.', hint: 'Choose another bridge for the network adapter.' },
  { match: /(?:No space left on device|not enough (?:free )?space|insufficient free space|out of space|exceeds available|file system full|disk quota exceeded)/i, code: 'noSpace', message: 'The storage is full.' },
  { match: /shrinking disks is not supported/, code: 'invalidInput', message: 'A disk cannot be made smaller.' },
  { match: /checksum mismatch: got '([0-9a-f]*)' != expect '([0-9a-f]*)'/i, code: 'invalidInput', message: 'The file is not the one that was expected: its checksum is {0}, not {1}.', hint: 'It was not kept. Check the address and the checksum in the file.' },
  { match: /checksum mismatch \(file change by other user\?\)|detected modified configuration/, code: 'conflict', message: 'Somebody else changed its configuration at the same time.', hint: 'Look at the present settings and try again.' },
  { match: /hotplug problem - (.*)/, code: 'wrongState', message: 'This cannot be changed while it runs: {0}', hint: 'The change is kept and takes effect at the next start.' },
  { match: /target is local node/, code: 'invalidInput', message: 'It is on that node already.' },
  { match: /can't migrate running (?:VM|CT)|migrate.*while.*running.*online/i, code: 'wrongState', message: 'It runs: it can only be moved while running (online).' },
  { match: /can't migrate (?:VM|CT|local)|can't live migrate|local (?:disk|device|cdrom|resource)s?.*(?:migrate|local)/i, code: 'wrongState', message: 'Something that only exists on its node keeps it from being moved.' },
  { match: /ha groups have been migrated to rules/, code: 'notSupported', message: 'This Proxmox VE has HA rules in place of groups.' },
  { match: /no such (?:HA )?(?:resource|service) '?([\w:]+)/, code: 'notFound', message: 'High availability does not manage {0}.' },
  { match: /no such task/, code: 'notFound', message: 'The task is not known any more.' },
  { match: /unable to parse worker upid/, code: 'invalidInput', message: 'This is no task id.' },
  { match: /KVM virtualisation configured, but not available/, code: 'notReady', message: 'The node has no hardware virtualisation.', hint: 'Turn it on in the BIOS of the node, or set kvm to 0 for this machine.' },
  { match: /not enough memory|Cannot allocate memory|cannot set up guest memory/i, code: 'noSpace', message: 'The node has not enough free memory.' },
  { match: /value does not look like a valid VM ID/, code: 'invalidInput', message: 'A VMID is a number from 100 up.' },
  { match: /interrupted by signal|received interrupt/, code: 'cancelled', message: 'The task was stopped.' },
  { match: /unexpected status/, code: 'unexpected', message: 'The task ended without telling how.' },
  { match: /(?:clone|storage migration) failed: (.*)/s, code: 'unexpected', message: 'Copying a disk failed: {0}' },
  { match: /Method '(\w+) ([^']+)' not implemented/, code: 'notSupported', message: 'This Proxmox VE does not know the request {0} {1}.' },
  { match: /communication failure|Connection refused|No route to host|Connection timed out|^connection timed out/i, code: 'didNotAnswer', message: 'A node of the cluster did not answer.' },
];

/** For one text: a reason, a body's message, an exit status. */
export function problemOf(text: string, about: { readonly machine?: string; readonly title?: string } = {}): GaiaError {
  const raw = text.trim();
  for (const pattern of patterns) {
    const match = pattern.match.exec(raw);
    if (!match) continue;
    // A cancelled task is reported by who cancelled it; from outside it is a failure.
    const values = match.slice(1).map(group => group ?? '').map(oneLine);
    return new GaiaError(pattern.code, { message: pattern.message, values, raw, ...(pattern.hint === undefined ? {} : { hint: pattern.hint }), ...(about.machine === undefined ? {} : { machine: about.machine }) });
  }
  return new GaiaError('unexpected', { message: 'Proxmox VE says: {0}', values: [oneLine(raw) || 'nothing'], raw, ...(about.machine === undefined ? {} : { machine: about.machine }) });
}

/** Did the server only fail to get its own lock? Then nothing was done, and it may be asked again. */
export function isLockTimeout(error: unknown): boolean {
  return GaiaError.is(error, 'locked') && patterns.some(pattern => pattern.lock && pattern.match.test(error.detail.raw ?? ''));
}

const unauthenticated: readonly { readonly match: RegExp; readonly message: string; readonly hint: string }[] = [
  { match: /csrf/i, message: 'The login is no longer valid.', hint: 'Connect again.' },
  { match: /no such user|user name.*too short|no such realm|value.*realm/i, message: 'Proxmox VE does not know this user or realm.', hint: 'A user is written name@realm: root@pam, anna@pve.' },
  { match: /authentication failure/i, message: 'User, realm or password is wrong.', hint: 'Linux users of the node log in to the realm pam, users made in Proxmox VE to the realm pve.' },
  { match: /Authentication failed!|no such (?:user )?token|invalid token|token .*(?:expired|disabled)|value '.*' does not look like a valid token/i, message: 'The API token is wrong, expired or was removed.', hint: 'The token is named user@realm!name; its secret is shown only once, when it is made. Make a new one under Datacenter → Permissions → API Tokens.' },
];

/** For an HTTP answer of 400 and more. */
export function problemOfAnswer(answer: Answer, about: { readonly machine?: string; readonly title?: string; readonly token?: boolean } = {}): GaiaError {
  const said = (answer.message ?? '').trim() || answer.reason.trim();
  const machine = about.machine === undefined ? {} : { machine: about.machine };
  if (answer.status === 401) {
    const known = unauthenticated.find(entry => entry.match.test(said)) ?? (about.token ? unauthenticated.at(-1) : undefined);
    return new GaiaError('unauthenticated', { message: known?.message ?? 'Proxmox VE asks for a login.', ...(known ? { hint: known.hint } : {}), raw: `401 ${said}` });
  }
  if (answer.errors && Object.keys(answer.errors).length > 0) return parameterProblem(answer.errors, said, machine);
  if (answer.status >= 595 && answer.status <= 599) {
    return new GaiaError('didNotAnswer', { message: 'The node that holds this did not answer ({0}).', values: [said || String(answer.status)], hint: 'The rest of the cluster still works. Look whether the node is up.', raw: `${answer.status} ${said}`, ...machine });
  }
  if (answer.status === 502 || answer.status === 503 || answer.status === 504) {
    return new GaiaError('didNotAnswer', { message: 'Proxmox VE is not ready ({0}).', values: [`${answer.status} ${said}`.trim()], raw: `${answer.status} ${said}`, ...machine });
  }
  const problem = problemOf(said, about);
  if (problem.code === 'unexpected' && answer.status === 403) return new GaiaError('noPermission', { message: 'The user or token may not do this ({0}).', values: [said], raw: `403 ${said}`, ...machine });
  return problem;
}

function parameterProblem(errors: Readonly<Record<string, string>>, said: string, machine: { machine?: string }): GaiaError {
  const entries = Object.entries(errors).map(([name, text]) => [name, oneLine(text)] as const);
  const raw = `400 ${said}\n${entries.map(([name, text]) => `${name}: ${text}`).join('\n')}`;
  for (const [, text] of entries) {
    const known = problemOf(text);
    if (known.code !== 'unexpected') return new GaiaError(known.code, { ...known.detail, raw, ...machine });
  }
  return new GaiaError('invalidInput', { message: 'Proxmox VE refuses {0}', values: [entries.map(([name, text]) => `${name}: ${text}`).join('; ')], raw, ...machine });
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, '; ');
}
