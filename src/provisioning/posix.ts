// The one encoder for POSIX shells: every value that reaches a command line in a machine goes through it.
import { GaiaError } from '../machines/errors.ts';

/** A word that any POSIX shell reads as exactly this text. A NUL cannot be in an argument: throws GaiaError `invalidInput`. */
export function posixWord(text: string): string {
  if (text.includes('\0')) throw new GaiaError('invalidInput', { message: 'A value for the shell holds a NUL character, which no program can be given.' });
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `A='1' B='two words'`, for `env`. Names are checked: they cannot be quoted. */
export function posixEnvironment(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new GaiaError('invalidInput', { message: '"{0}" cannot be the name of an environment variable.', values: [name] });
    return `${name}=${posixWord(value)}`;
  }).join(' ');
}
