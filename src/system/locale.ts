// The locale a tool is run with: UTF-8, and English where there is a choice, so that names survive and texts stay what they are.
// Forcing plain C makes VBoxManage drop names that are not ASCII, and print nothing for some lists (facts: V9).

const wanted = ['C.UTF-8', 'C.utf8', 'en_US.UTF-8', 'en_US.utf8'];

/** The best of what `locale -a` printed; `C.UTF-8` when it printed nothing (musl knows no other, glibc has had it built in since 2.35). */
export function chooseLocale(available: readonly string[]): string {
  const has = new Set(available.map(name => name.trim()).filter(name => name !== ''));
  if (has.size === 0) return 'C.UTF-8';
  const english = [...has].filter(name => /^en_.*\.utf-?8$/i.test(name));
  const unicode = [...has].filter(name => /\.utf-?8$/i.test(name));
  return wanted.find(name => has.has(name)) ?? english[0] ?? unicode[0] ?? (has.has('C') ? 'C' : 'POSIX');
}
