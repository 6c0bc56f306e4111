/**
 * Characters that control a terminal: C0 except tab and line break, DEL, C1, and those that change the direction of
 * text. The inside of a character class of a regular expression.
 */
const CONTROLS = '\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069'

const CONTROL = new RegExp(`[${CONTROLS}]`, 'g')
const CONTROL_OR_BREAK = new RegExp(`[\\t\\n\\u2028\\u2029${CONTROLS}]`, 'g')

/** Whether a text can be a name: it has no control characters, line breaks or lone surrogates. */
export function isName (text: string): boolean {
  return text.isWellFormed() && text.search(CONTROL_OR_BREAK) === -1
}

/**
 * Escapes control characters for display, such as `\u001b`, except tabs and line breaks. In JSON, the value stays the
 * same.
 */
export function shown (text: string): string {
  return text.replace(CONTROL, escaped)
}

/** Like `shown`, for one line: tabs and line breaks are escaped too. */
export function shownInLine (text: string): string {
  return text.replace(CONTROL_OR_BREAK, escaped)
}

function escaped (character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  if (character === '\r') return '\\r'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A message lists at most this many names: a dataset may have tens of thousands of files. */
const MAX_NAMES = 10

/** Lists names of files for a message. */
export function shownNames (names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  return names.slice(0, MAX_NAMES).join(', ') + more
}
