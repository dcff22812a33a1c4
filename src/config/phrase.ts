// Texts of config/ that ui/ translates.

/** Marks a text for build/l10n.mjs where it does not stand as `message:` or as a fix's `title:`. Gives it back as it is. */
export function phrase(message: string): string {
  return message;
}
