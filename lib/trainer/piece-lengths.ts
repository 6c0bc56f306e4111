import { type Alphabet, FIRST_CHARACTER, SPACE_CHARACTER } from './alphabet.ts'
import type { TrainSettings } from './options.ts'
import { scriptNumbers, scriptTable } from './scripts.ts'

// The kind of a character determines which other characters may be in the same piece. It is the number of its script or
// one of these constants: such a character is in no piece, is a piece by itself, is with its neighbours of any script,
// or with any characters.
const NEVER = 252
const ALONE = 253
const AS_AROUND = 254
const ANY = 255

type Rules = Pick<TrainSettings, 'maxSentencepieceLength' | 'splitByUnicodeScript' | 'splitByNumber' | 'splitDigits'>

/**
 * The length of the longest valid piece that begins at each place of a text, by the rules of
 * `TrainerInterface::IsValidSentencePiece` in src/trainer_interface.cc of SentencePiece 0.1.97. Shorter pieces are also
 * valid, except those that end with a space, if pieces may cross spaces.
 */
export function pieceLengths (symbols: Int32Array, alphabet: Alphabet, rules: Rules): Uint16Array {
  const kinds = kindsOf(alphabet, rules)
  const most = rules.maxSentencepieceLength
  const lengths = new Uint16Array(symbols.length)
  let end = symbols.length // end of the longest piece that begins at the next place
  let next = symbols.length // the next place whose kind isn't AS_AROUND
  for (let at = symbols.length - 1; at >= 0; at--) {
    const kind = kinds[symbols[at]!]!
    if (kind === NEVER) end = next = at
    else if (kind === ALONE) {
      end = at + 1
      next = at
    } else if (kind === ANY || kind === AS_AROUND) {
      if (end > at + 1 && kinds[symbols[at + 1]!] === ALONE) end = at + 1
      if (kind === ANY) next = at
    } else {
      const other = kinds[symbols[next]!]! // never undefined, because a symbol ends the last word
      if (other !== ANY && other !== kind) end = next
      next = at
    }
    lengths[at] = Math.min(end - at, most)
  }
  return lengths
}

function kindsOf ({ codePoints }: Alphabet, { splitByUnicodeScript, splitByNumber, splitDigits }: Rules): Uint8Array {
  const scripts = scriptTable()
  const inherited = scriptNumbers.get('Inherited')!
  const han = scriptNumbers.get('Han')!
  // Japanese mixes these three scripts; U+30FC, the sound mark of Katakana, is common to scripts in Unicode.
  const japanese = new Set([scriptNumbers.get('Hiragana')!, scriptNumbers.get('Katakana')!])
  return Uint8Array.from(codePoints, (codePoint, symbol) => {
    if (symbol < FIRST_CHARACTER) return NEVER
    if (codePoint === SPACE_CHARACTER) return AS_AROUND
    const script = scripts[codePoint]!
    if (isDigit(codePoint)) {
      if (splitDigits) return ALONE
      if (!splitByNumber) return ANY
    }
    if (script === inherited) return AS_AROUND
    if (!splitByUnicodeScript) return ANY
    return japanese.has(script) || codePoint === 0x30fc ? han : script
  })
}

function isDigit (codePoint: number): boolean {
  return (codePoint >= 0x30 && codePoint <= 0x39) || (codePoint >= 0xff10 && codePoint <= 0xff19)
}
