/** Formats a text as one word of a command in a POSIX shell, in quotes if any of its characters needs them. */
export function shellWord (text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
