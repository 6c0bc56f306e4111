import { MOST_CHARACTERS, checkCount } from './limits.ts'
import { MOST_IDS } from './pair-ranks.ts'
import { Vocabulary } from './vocabulary.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const [LINE_FEED, CARRIAGE_RETURN, SPACE, ZERO, EQUALS] = [10, 13, 32, 48, 61]
const NOT_BASE64 = 255

/** The tokens of a file are split in all ways, each of which takes as long as the token. o200k has 15 million. */
const MOST_SPLITS = 2 ** 28

/** The six bits of each character of base64. */
const SIX_BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const at = ALPHABET.indexOf(String.fromCharCode(byte))
  return at === -1 ? NOT_BASE64 : at
})

/**
 * Reads the lines of a rank file: the base64 of a token, a space, and its rank. Some files have 200,000 of them, hence
 * no regular expression.
 *
 * @throws Error for a line that is damaged, or whose token or rank another line has
 */
export function readRanks (lines: Uint8Array): Vocabulary {
  const bytes = Buffer.alloc(lines.length)
  const ids: number[] = []
  const starts: number[] = []
  const lineOf: number[] = []
  let [length, splits] = [0, 0]
  for (let at = 0, line = 1; at < lines.length; at++, line++) {
    if (lines[at] === LINE_FEED) continue // as in tiktoken, a line may be empty
    const lineStart = at
    starts.push(length)
    let [bits, count] = [0, 0]
    for (let six = SIX_BITS[lines[at]!]!; six !== NOT_BASE64; six = SIX_BITS[lines[++at] ?? EQUALS]!) {
      bits = (bits << 6) | six
      count += 6
      if (count < 8) continue
      count -= 8
      bytes[length++] = bits >> count
    }
    while (lines[at] === EQUALS) at++
    const isToken = (at - lineStart) % 4 === 0 && at > lineStart && lines[at] === SPACE
    const digitsStart = ++at
    let id = 0
    for (; lines[at]! >= ZERO && lines[at]! < ZERO + 10; at++) id = 10 * id + lines[at]! - ZERO
    const isRank = at > digitsStart && id < MOST_IDS
    if (lines[at] === CARRIAGE_RETURN) at++
    if (!isToken || !isRank || (at < lines.length && lines[at] !== LINE_FEED)) {
      throw new Error(`line ${line} is not the base64 of a token and its rank, which is below ${MOST_IDS}`)
    }
    const size = length - starts.at(-1)!
    checkCount(size, MOST_CHARACTERS, 'bytes in a token')
    checkCount(splits += size ** 2, MOST_SPLITS, 'bytes to compare in the splits of its tokens')
    ids.push(id)
    lineOf.push(line)
  }
  return vocabularyOf(bytes.toString('latin1', 0, length), [...starts, length], ids, lineOf)
}

/**
 * @param text the bytes of all tokens, a character each
 * @param starts where each begins, and where the last one ends
 * @param lineOf the line of each
 */
function vocabularyOf (
  text: string, starts: readonly number[], ids: readonly number[], lineOf: readonly number[]
): Vocabulary {
  const tokens: Array<string | undefined> = []
  const seen = new Set<string>()
  for (const [i, id] of ids.entries()) {
    const token = text.slice(starts[i], starts[i + 1])
    if (tokens[id] !== undefined) throw new Error(`line ${lineOf[i]} has the rank ${id}, which another token has`)
    if (seen.size === seen.add(token).size) throw new Error(`line ${lineOf[i]} has a token that is there twice`)
    tokens[id] = token
  }
  return Vocabulary.of(tokens)
}
