import { mergeWord } from '../../bpe/merge.ts'
import { mergeRanks } from '../../bpe/pair-ranks.ts'
import type { Bpe, Pieces } from './model.ts'
import type { WordEncoder } from './word-appender.ts'

const utf8 = new TextEncoder()

/**
 * A function for the ids of a word by a BPE model of characters, as tokenizers 0.23 finds them (`merge_word` in its
 * bpe/model.rs).
 */
export function bpeWords (pieces: Pieces, { merges, fusesUnknown, wholeWords }: Bpe): WordEncoder {
  const { ids } = pieces
  const ranks = mergeRanks(merges)
  return (word, out) => {
    const whole = wholeWords ? ids.get(word) : undefined
    if (whole !== undefined) out.push(whole)
    else for (const id of mergeWord(symbolsOf(word, pieces, fusesUnknown), ranks)) out.push(id)
  }
}

/** The ids of the characters of a word. An unknown one comes just before the next token, even if bytes are between. */
function symbolsOf (word: string, { ids, byteIds, unkId }: Pieces, fusesUnknown: boolean): number[] {
  const symbols: number[] = []
  let isUnknown = false // a character before was
  for (const character of word) {
    const id = ids.get(character)
    if (id !== undefined) {
      if (isUnknown) symbols.push(unkId)
      isUnknown = false
      symbols.push(id)
      continue
    }
    const bytes = byteIds === undefined ? undefined : Array.from(utf8.encode(character), byte => byteIds[byte]!)
    if (bytes?.every(byte => byte !== -1) === true) symbols.push(...bytes)
    else if (unkId !== -1) {
      if (isUnknown && !fusesUnknown) symbols.push(unkId)
      isUnknown = true
    }
  }
  if (isUnknown) symbols.push(unkId)
  return symbols
}
