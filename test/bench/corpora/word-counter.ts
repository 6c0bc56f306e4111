/** The number of words in a text, and of new words: those without an earlier occurrence in the text. */
export interface WordCounts {
  readonly bytes: number
  readonly words: number
  readonly newWords: number
}

/** Words as in a tokenizer's word table: the parts between white space. */
export const WORD = /\S+/g

/** Counts words over several texts. A word of one part isn't new in the next part. */
export class WordCounter {
  readonly #met = new Set<string>()
  #counts = { bytes: 0, words: 0, newWords: 0 }

  add (text: string): void {
    const words = text.match(WORD) ?? []
    const before = this.#met.size
    for (const word of words) this.#met.add(word)
    this.#counts.bytes += Buffer.byteLength(text)
    this.#counts.words += words.length
    this.#counts.newWords += this.#met.size - before
  }

  /** @returns the counts since the last call */
  endPart (): WordCounts {
    const counts = this.#counts
    this.#counts = { bytes: 0, words: 0, newWords: 0 }
    return counts
  }
}

/** The share of a text's words that are new. */
export function newShare ({ words, newWords }: WordCounts): number {
  return words === 0 ? 0 : newWords / words
}

export function newWordsPerMegabyte ({ bytes, newWords }: WordCounts): number {
  return bytes === 0 ? 0 : newWords / (bytes / 1e6)
}
