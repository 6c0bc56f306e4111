/**
 * White space in Python's `str.split()` and `\s`, as the inside of a character class of a regular expression:
 * JavaScript's `\s` plus U+001C to U+001F and U+0085, minus U+FEFF. (CPython, Objects/unicodetype_db.h: bidirectional
 * class WS, B or S, or category Zs.)
 */
export const WHITE_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** The number of Unicode code points in a text, as counted by Python's `len`; a lone surrogate counts as one. */
export function codePoints (text: string): number {
  let pairs = 0
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) {
      pairs++
      i++
    }
  }
  return text.length - pairs
}
