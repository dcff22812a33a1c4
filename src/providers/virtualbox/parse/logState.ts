// The state of a machine whose process lives, from its VBox.log: the process writes and flushes a line at every change, untranslated, before
// anyone else is told. Reading it costs no spawn and cannot hang, even when the process does.

const line = /^[0-9]+(?::[0-9]{2}){2}\.[0-9]+ Console: Machine state changed to '(\w+)'\r?$/gm;

/** The last state this part of a log names (`Running`, `Paused`, `Saving` …), or undefined. Only whole lines count. */
export function lastLoggedState(text: string): string | undefined {
  let found: string | undefined;
  for (const match of text.matchAll(line)) found = match[1];
  return found;
}
