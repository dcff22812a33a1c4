// Debian's Ansible: the provisioner of that name is run by the host's own ansible-playbook.
import { debianPackages, onPath } from './cache.mjs';

/** Installs ansible-core where there is no ansible-playbook. Throws Unavailable. */
export async function ensureAnsible() {
  if (!onPath('ansible-playbook')) await debianPackages(['ansible-core']);
  return { playbook: onPath('ansible-playbook') };
}
