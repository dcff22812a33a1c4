// Secrets do not belong into a file that is shared.
import type { ConfigPath } from '../model.ts';
import type { Finding, MachineCheck } from './check.ts';
import { texts } from './values.ts';

/** Keys whose text is a secret; keys that name a file or a variable are not meant. */
const secretKey = /(?:^|[-_.])(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|pwd)(?:$|[-_.]?(?:value|text|base64)$)|^(?:cipassword|apikey)$/i;
const harmlessKey = /(?:_|-|^)(?:env|file|path|name|id|url|public|dir)$/i;

/** Texts that are secrets whatever the key. */
const secretText: readonly { readonly message: string; readonly pattern: RegExp }[] = [
  { message: 'This is a private key: it does not belong into a file.', pattern: /-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY-----/ },
  { message: 'This is a Proxmox API token: it does not belong into a file.', pattern: /PVEAPIToken=\S+/ },
  { message: 'This is an AWS access key: it does not belong into a file.', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { message: 'This is a GitHub token: it does not belong into a file.', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{30,})\b/ },
  { message: 'This address holds a password: it does not belong into a file.', pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]+:(?!\$|\{|%)[^\s/@'"]+@/i },
];

export const secretInFile: MachineCheck = {
  code: 'secret-in-file',
  severity: 'warning',
  about: 'A password, token or key stands in the file, where everyone with the file can read it. Gaia never writes it into a Vagrantfile (a look-up of an environment variable stands there instead) nor into logs. Name an environment variable (`password_env`), or use the connection, whose secrets are kept by VS Code.',
  find({ config }) {
    const found: Finding[] = [];
    for (const { text, path } of texts(config, ['config'])) {
      const key = [...path].reverse().find(step => typeof step === 'string') ?? '';
      const known = secretText.find(({ pattern }) => pattern.test(text));
      const named = text !== '' && secretKey.test(key) && !harmlessKey.test(key) && !isReference(text);
      if (!known && !named) continue;
      found.push({ path, message: known?.message ?? 'A secret in a file: everyone who has the file can read it.', fixes: named ? [{ title: 'Remove "{0}"', values: [key], changes: [{ kind: 'remove', path: withoutIndex(path) }] }] : [] });
    }
    return found;
  },
};

/** `$NAME`, `${NAME}`, `%NAME%`, `ENV['NAME']`, `<…>`: not the secret itself. */
function isReference(text: string): boolean {
  return /^(?:\$\{?\w+\}?|%\w+%|ENV(?:\[.*\]|\.fetch\(.*\))|<.*>|\{\{.*\}\}|#\{.*\})$/s.test(text.trim());
}

/** The property that a text stands in. */
function withoutIndex(path: ConfigPath): ConfigPath {
  let end = path.length;
  while (typeof path[end - 1] === 'number') end--;
  return path.slice(0, end);
}
