/** A text as one word of a command in a POSIX shell: in quotes unless none of its characters needs them. */
export function shellWord (text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
