import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { byteString } from '../sentencepiece/utf8.ts'
import { bytesOfCharacters } from './byte-characters.ts'
import { mergeWord } from './merge.ts'
import type { BpeModel } from './model.ts'
import { pairRanks } from './pair-ranks.ts'
import { wordsOf } from './words.ts'

/**
 * A function that appends the ids of a well-formed text without added tokens: the slow equivalent of `KernelEncoder` in
 * plain JavaScript. It is for pre-tokenizers that the kernel has no scanner for, and the kernel is tested against it.
 */
export function plainEncoder (model: BpeModel): (text: string, ids: IdBuffer) => void {
  const { vocabulary, preTokenizers, wholeWords } = model
  const hasBytes = preTokenizers.some(({ type }) => type === 'bytes')
  const ranks = pairRanks(model)
  const byteIds = vocabulary.byteIds()
  const known = new Map<string, readonly number[]>()
  return (text, ids) => {
    for (const word of wordsOf(text, preTokenizers)) {
      let encoded = known.get(word)
      if (encoded === undefined) {
        const bytes = hasBytes ? bytesOfCharacters(word)! : byteString(word)
        const whole = wholeWords ? vocabulary.idOf(bytes) : undefined
        encoded = whole !== undefined
          ? [whole]
          : mergeWord(Array.from(bytes, byte => byteIds[byte.charCodeAt(0)]!), ranks)
        if (known.size === MOST_KNOWN) known.clear()
        if (word.length <= LONGEST_KNOWN) known.set(word, encoded)
      }
      for (const id of encoded) ids.push(id)
    }
  }
}

const MOST_KNOWN = 100_000
const LONGEST_KNOWN = 64
