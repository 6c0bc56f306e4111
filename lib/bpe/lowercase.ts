/**
 * Capitals of Unicode 16 and 17, which some versions of Node don't know: the first and last of a range, the step
 * between them, and what is added to each.
 */
const LATER = [
  [0x1c89, 0x1c89, 1, 1], [0xa7cb, 0xa7cb, 1, 0x264 - 0xa7cb], [0xa7cc, 0xa7ce, 2, 1], [0xa7d2, 0xa7d4, 2, 1],
  [0xa7da, 0xa7da, 1, 1], [0xa7dc, 0xa7dc, 1, 0x19b - 0xa7dc], [0x10d50, 0x10d65, 1, 0x20], [0x16ea0, 0x16eb8, 1, 0x1b]
] as const

const HAS_LATER = /[\u1c89\ua7cb-\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u
const EACH_LATER = new RegExp(HAS_LATER.source, 'gu')

/** A text in lower case as Rust's `char::to_lowercase` has it: each character by itself, also a sigma at the end. */
export function lowercase (text: string): string {
  const rest = HAS_LATER.test(text) ? text.replace(EACH_LATER, lowercaseLater) : text
  return rest.includes('Σ') ? rest.split('Σ').map(part => part.toLowerCase()).join('σ') : rest.toLowerCase()
}

function lowercaseLater (character: string): string {
  const point = character.codePointAt(0)!
  const range = LATER.find(([first, last, step]) => point >= first && point <= last && (point - first) % step === 0)
  return range === undefined ? character : String.fromCodePoint(point + range[3])
}
