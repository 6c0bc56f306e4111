import { drawing } from './draw.ts'
import { WORD } from './word-counter.ts'

/** The number of most frequent words, such as function words and punctuation, which aren't replaced. */
const KEPT = 1000
/** How often to draw again if a new word already exists. */
const TRIES = 8

const LETTERS = /\p{L}+/gu
const DIGIT = /\d/g

/**
 * Generates more text with new words, so that a larger corpus doesn't repeat its text.
 *
 * All but the most frequent words are replaced, each by the same new word throughout one copy. So the share of new
 * words is the original's, and each new word is as frequent as the original one. A new word has the start and the end
 * of two original ones of the same length and case, so it has about as many pieces.
 */
export class Renamer {
  readonly #kept: Set<string>
  readonly #words = new Set<string>()
  /** Runs of letters, grouped by length and case. */
  readonly #runs = new Map<string, string[]>()
  readonly #draw: (below: number) => number

  /** @param texts the original texts */
  constructor (texts: readonly string[], seed?: number) {
    this.#draw = drawing(seed)
    const counts = new Map<string, number>()
    for (const text of texts) {
      for (const word of text.match(WORD) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
    const byFrequency = [...counts].sort(([, a], [, b]) => b - a)
    this.#kept = new Set(byFrequency.slice(0, KEPT).map(([word]) => word))
    const runs = new Set<string>()
    for (const word of counts.keys()) {
      this.#words.add(word)
      for (const [run] of word.matchAll(LETTERS)) runs.add(run)
    }
    for (const run of runs) {
      const kind = kindOf(run)
      const alike = this.#runs.get(kind)
      if (alike === undefined) this.#runs.set(kind, [run])
      else alike.push(run)
    }
  }

  /** One copy of the texts with other words. */
  * copy (texts: readonly string[]): Generator<string> {
    const names = new Map<string, string>()
    const renamed = (word: string): string => {
      if (this.#kept.has(word)) return word
      let name = names.get(word)
      if (name === undefined) names.set(word, name = this.#newWord(word))
      return name
    }
    for (const text of texts) yield text.replace(WORD, renamed)
  }

  #newWord (word: string): string {
    let made = word
    for (let i = 0; i < TRIES && this.#words.has(made); i++) {
      made = word.replace(LETTERS, run => this.#newRun(run)).replace(DIGIT, () => String(this.#draw(10)))
    }
    return made
  }

  #newRun (run: string): string {
    const alike = this.#runs.get(kindOf(run))!
    const [first, second] = [alike[this.#draw(alike.length)]!, alike[this.#draw(alike.length)]!]
    const middle = run.length >> 1
    return (first.slice(0, middle) + second.slice(middle)).toWellFormed()
  }
}

function kindOf (run: string): string {
  const isCapital = run[0] !== run[0]!.toLowerCase()
  const isUpper = isCapital && run === run.toUpperCase()
  return `${run.length} ${isUpper ? 'A' : isCapital ? 'Aa' : 'a'} ${run.charCodeAt(0) >> 8}`
}

/** The original texts, then copies with other words, until there are `bytes` of UTF-8. */
export function * enlarged (texts: readonly string[], bytes: number, seed?: number): Generator<string> {
  let written = 0
  for (const text of endless(texts, seed)) {
    yield text
    written += Buffer.byteLength(text)
    if (written >= bytes) return
  }
}

function * endless (texts: readonly string[], seed?: number): Generator<string, never> {
  yield * texts
  const renamer = new Renamer(texts, seed)
  for (;;) yield * renamer.copy(texts)
}
