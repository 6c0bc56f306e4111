/**
 * Characters that make a terminal do something: C0 without tab and line break, DEL, C1, and those that turn the
 * direction of the text around them. Between the brackets of a regular expression.
 */
const CONTROLS = '\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069'

const CONTROL = new RegExp(`[${CONTROLS}]`, 'g')
const CONTROL_OR_BREAK = new RegExp(`[\\t\\n\\u2028\\u2029${CONTROLS}]`, 'g')

/** Whether a text can be a name: without control characters, line breaks and half characters. */
export function isName (text: string): boolean {
  return text.isWellFormed() && text.search(CONTROL_OR_BREAK) === -1
}

/**
 * A text for people: control characters as JSON escapes them, such as `\u001b`; tabs and line breaks stay. JSON stays
 * the same JSON.
 */
export function shown (text: string): string {
  return text.replace(CONTROL, escaped)
}

/** So is a text on one line: tabs and line breaks are escaped as well. */
export function shownInLine (text: string): string {
  return text.replace(CONTROL_OR_BREAK, escaped)
}

function escaped (character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  if (character === '\r') return '\\r'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Names in a message are no more than these: a dataset may have tens of thousands of files. */
const MOST_NAMES = 10

/** The names of files, for a message. */
export function shownNames (names: readonly string[]): string {
  return names.slice(0, MOST_NAMES).join(', ') + (names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '')
}
