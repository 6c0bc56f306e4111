import type { AddedToken } from './model.ts'

/** A token in a text. */
export interface FoundToken {
  readonly token: AddedToken
  readonly start: number
  readonly end: number
}

/**
 * Finds tokens in texts, from the left, and of those that begin at the same place the longest. Some models have a
 * hundred thousand of them, for which a regular expression takes seconds.
 */
export class TokenFinder {
  /** In the order of their contents: those that begin alike are next to each other, the shortest first. */
  readonly #tokens: readonly AddedToken[]
  readonly #beginning: RegExp

  /** @param tokens whose contents are all different, and not empty */
  constructor (tokens: readonly AddedToken[]) {
    this.#tokens = [...tokens].sort((a, b) => a.content < b.content ? -1 : 1)
    const units = new Set(tokens.map(({ content }) => content.charCodeAt(0)))
    this.#beginning = new RegExp(`[${Array.from(units, escaped).join('')}]`, 'g')
  }

  /** The first one at or after a place of a text; undefined if there is none. */
  find (text: string, from: number): FoundToken | undefined {
    this.#beginning.lastIndex = from
    while (this.#beginning.test(text)) {
      const start = this.#beginning.lastIndex - 1
      const token = this.#longestAt(text, start)
      if (token !== undefined) return { token, start, end: start + token.content.length }
    }
    return undefined
  }

  #longestAt (text: string, start: number): AddedToken | undefined {
    let [low, high] = [0, this.#tokens.length] // of those that begin as the text does
    let longest: AddedToken | undefined
    for (let length = 0; low < high; length++) {
      if (this.#tokens[low]!.content.length === length) longest = this.#tokens[low++]
      if (start + length >= text.length) break
      const unit = text.charCodeAt(start + length)
      low = this.#firstFrom(low, high, length, unit)
      high = this.#firstFrom(low, high, length, unit + 1)
    }
    return longest
  }

  /** The first of some tokens that has this code unit, or a greater one, at a place. */
  #firstFrom (low: number, high: number, place: number, unit: number): number {
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#tokens[middle]!.content.charCodeAt(place) < unit) low = middle + 1
      else high = middle
    }
    return low
  }
}

function escaped (unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
