/** White space of Unicode, as `\s` in the regular expressions of Rust: for the brackets of an expression. */
const WHITE_SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const SPACE = new RegExp(`[${WHITE_SPACE}]`)
const WORDS = new RegExp(`[^${WHITE_SPACE}]+`, 'g')

/** Where the white space ends that begins at a place of a text. */
export function endOfSpaces (text: string, from: number): number {
  while (from < text.length && SPACE.test(text[from]!)) from++
  return from
}

/** Where the white space begins that ends at a place of a text, at or after `least`. */
export function startOfSpaces (text: string, to: number, least = 0): number {
  while (to > least && SPACE.test(text[to - 1]!)) to--
  return to
}

/** The parts of a text between white space. */
export function splitAtSpaces (text: string): string[] {
  return text.match(WORDS) ?? []
}
