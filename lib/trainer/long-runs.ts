import { scriptNumbers, scriptTable } from './scripts.ts'

/**
 * Scripts without spaces between words: those whose lines are broken by dictionaries, between syllables or between
 * ideographs (UAX #14, classes SA, AK and ID). Doubtful scripts are included.
 */
const WITHOUT_SPACES = [
  'Ahom', 'Anatolian_Hieroglyphs', 'Balinese', 'Batak', 'Bopomofo', 'Brahmi', 'Buginese', 'Cham', 'Cuneiform',
  'Egyptian_Hieroglyphs', 'Grantha', 'Han', 'Hiragana', 'Javanese', 'Katakana', 'Kharoshthi', 'Khmer', 'Lao',
  'Linear_A', 'Linear_B', 'Myanmar', 'New_Tai_Lue', 'Phags_Pa', 'Rejang', 'Sundanese', 'Tai_Le', 'Tai_Tham',
  'Tai_Viet', 'Tangut', 'Thai', 'Tibetan', 'Vai', 'Yi'
]

/** The start and end of a part of a text. */
export type Span = readonly [from: number, to: number]

let table: Uint8Array | undefined

/** 1 for code points of scripts that are written with spaces, and for ASCII except white space. */
function runTable (): Uint8Array {
  if (table !== undefined) return table
  const without = new Set(WITHOUT_SPACES.map(name => scriptNumbers.get(name)))
  table = scriptTable().map(script => script === 0 || without.has(script) ? 0 : 1)
  table.fill(1, 0, 0x80)
  table.fill(0, 0x09, 0x0e)
  table[0x20] = 0
  return table
}

/**
 * Finds runs of more than `max` characters without white space, in ASCII or in scripts that are written with spaces:
 * keys, hashes, base64, minified code. For almost all lines, only a few characters are read.
 */
export function longRuns (text: string, from: number, to: number, max: number): Span[] {
  return mayHaveLongRun(text, from, to, max) ? findLongRuns(text, from, to, max) : []
}

function mayHaveLongRun (text: string, from: number, to: number, max: number): boolean {
  for (let at = from; to - at > max;) {
    const space = text.lastIndexOf(' ', at + max)
    if (space < at) return true
    at = space + 1
  }
  return false
}

function findLongRuns (text: string, from: number, to: number, max: number): Span[] {
  const isInRun = runTable()
  const found: Span[] = []
  let [start, length] = [from, 0]
  for (let at = from; at < to;) {
    const codePoint = text.codePointAt(at)!
    const next = at + (codePoint > 0xffff ? 2 : 1)
    if (isInRun[codePoint] === 1) length++
    else {
      if (length > max) found.push([start, at])
      start = next
      length = 0
    }
    at = next
  }
  if (length > max) found.push([start, to])
  return found
}
