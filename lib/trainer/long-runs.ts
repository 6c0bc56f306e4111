import { scriptNumbers, scriptTable } from './scripts.ts'

/**
 * Scripts whose words have no spaces between them: those in whose lines breaks are looked up in dictionaries, between
 * syllables or between ideographs (UAX #14, classes SA, AK and ID). Where it isn't sure, a script is here.
 */
const WITHOUT_SPACES = [
  'Ahom', 'Anatolian_Hieroglyphs', 'Balinese', 'Batak', 'Bopomofo', 'Brahmi', 'Buginese', 'Cham', 'Cuneiform',
  'Egyptian_Hieroglyphs', 'Grantha', 'Han', 'Hiragana', 'Javanese', 'Katakana', 'Kharoshthi', 'Khmer', 'Lao',
  'Linear_A', 'Linear_B', 'Myanmar', 'New_Tai_Lue', 'Phags_Pa', 'Rejang', 'Sundanese', 'Tai_Le', 'Tai_Tham',
  'Tai_Viet', 'Tangut', 'Thai', 'Tibetan', 'Vai', 'Yi'
]

/** Where a part of a text begins, and where it ends. */
export type Span = readonly [from: number, to: number]

let table: Uint8Array | undefined

/** 1 for code points of scripts that are written with spaces, and for ASCII but for white space. */
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
 * Finds runs of more than so many characters that are ASCII without white space, or of scripts that are written with
 * spaces: keys, hashes, base64, minified code. Of almost all lines few characters have to be looked at.
 */
export function longRuns (text: string, from: number, to: number, most: number): Span[] {
  return mayHaveLongRun(text, from, to, most) ? findLongRuns(text, from, to, most) : []
}

function mayHaveLongRun (text: string, from: number, to: number, most: number): boolean {
  for (let at = from; to - at > most;) {
    const space = text.lastIndexOf(' ', at + most)
    if (space < at) return true
    at = space + 1
  }
  return false
}

function findLongRuns (text: string, from: number, to: number, most: number): Span[] {
  const isInRun = runTable()
  const found: Span[] = []
  let [start, length] = [from, 0]
  for (let at = from; at < to;) {
    const codePoint = text.codePointAt(at)!
    const next = at + (codePoint > 0xffff ? 2 : 1)
    if (isInRun[codePoint] === 1) length++
    else {
      if (length > most) found.push([start, at])
      start = next
      length = 0
    }
    at = next
  }
  if (length > most) found.push([start, to])
  return found
}
