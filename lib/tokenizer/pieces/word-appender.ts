import type { AppendPart } from '../../bpe/append-text.ts'
import type { PreTokenizer } from '../../bpe/model.ts'
import { wordsOf } from '../../bpe/words.ts'
import type { IdBuffer } from '../../sentencepiece/id-buffer.ts'

/** Appends the ids of a word. */
export type WordEncoder = (word: string, ids: IdBuffer) => void

/** With this many words, all are forgotten; frequent ones soon return. */
const MOST_KNOWN = 100_000

/** The longest word that is remembered, in UTF-16 units. */
const LONGEST_KNOWN = 64

/** A slice of at least this many characters is a reference in V8, which would keep the whole text in memory. */
const SLICE_LENGTH = 13

/** Cuts texts into words, and remembers the ids of short ones, since most words of a text are repeated. */
export function wordAppender (steps: readonly PreTokenizer[], encode: WordEncoder): AppendPart {
  const known = new Map<string, Int32Array>()
  return (text, ids, isStart) => {
    for (const word of wordsOf(text, steps, isStart)) {
      if (word.length > LONGEST_KNOWN) {
        encode(word, ids)
        continue
      }
      const found = known.get(word)
      if (found !== undefined) {
        ids.append(found, 0, found.length)
        continue
      }
      const begin = ids.length
      encode(word, ids)
      if (known.size === MOST_KNOWN) known.clear()
      known.set(word.length < SLICE_LENGTH ? word : copyOf(word), ids.ids.slice(begin, ids.length))
    }
  }
}

function copyOf (text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
