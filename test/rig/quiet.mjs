/** What code-server says, without the stack traces of the optional native logger, which is not built. */
export function quiet(text) {
  return text.replace(/^Error: Could not locate the bindings file[^]*?\n}\n/gm, '');
}
