import { AT_BOTH, type Alphabet, type Corpus, SPACE_CHARACTER } from './alphabet.ts'
import type { SortedPlaces } from './suffix-sort.ts'

/**
 * The pieces that training starts with: first the single characters, the most frequent first, then pieces of several
 * characters, in lexicographic order.
 */
export interface Seeds {
  /** Number of pieces. */
  readonly length: number
  /** A place of each piece in the text. */
  readonly places: Uint32Array
  readonly lengths: Uint16Array
  /** How much of the text each piece covers: its number of occurrences times its length. */
  readonly weights: Float64Array
  /** The range of each piece of several characters in the sorted places: its first index, and the index after it. */
  readonly from: Uint32Array
  readonly to: Uint32Array
}

/**
 * The pieces that cover most of a text, as `Trainer::MakeSeedSentencePieces` in src/unigram_model_trainer.cc of
 * SentencePiece 0.1.97 chooses them. A piece must have occurrences that different symbols follow; such pieces are the
 * inner nodes of a suffix tree (Abouelhoda, Kurtz and Ohlebusch, "Replacing suffix trees with enhanced suffix arrays",
 * 2004). A word is followed by a space or by the end.
 *
 * @param pieceLengths length of the longest piece at each place
 */
export function seedPieces (
  corpus: Corpus, alphabet: Alphabet, sorted: SortedPlaces, pieceLengths: Uint16Array, size: number
): Seeds {
  const found = frequentPieces(corpus, alphabet, sorted, pieceLengths)
  const { characters } = alphabet
  const chosen = heaviest(found.weights, Math.max(size - characters.length, 0))
  const length = characters.length + chosen.length
  const seeds = {
    length,
    places: new Uint32Array(length),
    lengths: new Uint16Array(length),
    weights: new Float64Array(length),
    from: new Uint32Array(length),
    to: new Uint32Array(length)
  }
  const firsts = firstPlaces(corpus.symbols, alphabet.codePoints.length)
  characters.forEach(({ symbol, count }, piece) => {
    seeds.places[piece] = firsts[symbol]!
    seeds.lengths[piece] = 1
    seeds.weights[piece] = count
  })
  for (let i = 0, piece = characters.length; i < chosen.length; i++, piece++) {
    const node = chosen[i]!
    seeds.from[piece] = found.from[node]!
    seeds.to[piece] = found.to[node]!
    seeds.places[piece] = sorted.places[found.from[node]!]!
    seeds.lengths[piece] = found.lengths[node]!
    seeds.weights[piece] = found.weights[node]!
  }
  return seeds
}

interface Found {
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly lengths: Uint16Array
  readonly weights: Float64Array
}

/** All pieces of several characters that different symbols follow. */
function frequentPieces (
  corpus: Corpus, { codePoints }: Alphabet, { places, common }: SortedPlaces, pieceLengths: Uint16Array
): Found {
  const { symbols, starts, counts } = corpus
  const found = new FoundPieces()
  const countAt = countsAt(starts, counts)
  const open = new OpenNodes()
  const space = codePoints.indexOf(SPACE_CHARACTER)
  let before = 0 // number of occurrences at the places so far
  const close = (depth: number, end: number): number => {
    let from = end
    while (open.depth > depth) {
      const length = open.depth
      from = open.from
      const place = places[from]!
      const isPiece = length >= 2 && length <= pieceLengths[place]! && symbols[place + length - 1] !== space
      if (isPiece) found.add(from, end, length, (before - open.before) * length)
      open.pop()
    }
    return from
  }
  for (let i = 0; i < places.length; i++) {
    const depth = common[i]!
    if (open.depth > depth) {
      const beforeFrom = open.beforeAbove(depth)
      const from = close(depth, i)
      if (depth > open.depth) open.push(depth, from, beforeFrom)
    } else if (depth > open.depth) open.push(depth, i - 1, before - countAt[places[i - 1]!]!)
    const place = places[i]!
    // A word that occurs before spaces and before ends: this one place is followed by different symbols.
    const length = lengthToEnd(symbols, place, pieceLengths[place]!)
    if (length > open.depth) open.push(length, i, before)
    before += countAt[place]!
  }
  close(0, places.length)
  return found.arrays()
}

/** The length, if the longest piece ends a word that occurs before spaces and before ends; otherwise 0. */
function lengthToEnd (symbols: Int32Array, place: number, length: number): number {
  return symbols[place + length] === AT_BOTH ? length : 0
}

/** A stack of the nodes that contain the current place, the innermost on top. */
class OpenNodes {
  #depths = new Uint16Array(1024)
  #from = new Uint32Array(1024)
  #before = new Float64Array(1024)
  #length = 0

  get depth (): number {
    return this.#length === 0 ? 0 : this.#depths[this.#length - 1]!
  }

  get from (): number {
    return this.#from[this.#length - 1]!
  }

  get before (): number {
    return this.#before[this.#length - 1]!
  }

  /** `before` of the outermost node that is deeper than `depth`. */
  beforeAbove (depth: number): number {
    let at = this.#length - 1
    while (at > 0 && this.#depths[at - 1]! > depth) at--
    return this.#before[at]!
  }

  push (depth: number, from: number, before: number): void {
    this.#depths[this.#length] = depth
    this.#from[this.#length] = from
    this.#before[this.#length++] = before
  }

  pop (): void {
    this.#length--
  }
}

class FoundPieces {
  #from = new Uint32Array(1024)
  #to = new Uint32Array(1024)
  #lengths = new Uint16Array(1024)
  #weights = new Float64Array(1024)
  #length = 0

  add (from: number, to: number, length: number, weight: number): void {
    const at = this.#length++
    if (at === this.#from.length) {
      this.#from = grown(this.#from, new Uint32Array(2 * at))
      this.#to = grown(this.#to, new Uint32Array(2 * at))
      this.#lengths = grown(this.#lengths, new Uint16Array(2 * at))
      this.#weights = grown(this.#weights, new Float64Array(2 * at))
    }
    this.#from[at] = from
    this.#to[at] = to
    this.#lengths[at] = length
    this.#weights[at] = weight
  }

  arrays (): Found {
    const length = this.#length
    return {
      from: this.#from.subarray(0, length),
      to: this.#to.subarray(0, length),
      lengths: this.#lengths.subarray(0, length),
      weights: this.#weights.subarray(0, length)
    }
  }
}

function grown<T extends Uint32Array | Uint16Array | Float64Array> (from: T, to: T): T {
  to.set(from)
  return to
}

/** How often the word of each place occurs. */
function countsAt (starts: Uint32Array, counts: Float64Array): Float64Array {
  const at = new Float64Array(starts.at(-1)!)
  for (let word = 0; word < counts.length; word++) at.fill(counts[word]!, starts[word], starts[word + 1])
  return at
}

/** The indexes of the greatest weights, in ascending order; of equal weights the first ones are chosen. */
export function heaviest (weights: Float64Array, count: number): Uint32Array {
  if (count >= weights.length) return Uint32Array.from({ length: weights.length }, (_, i) => i)
  const chosen = new Uint32Array(count)
  if (count === 0) return chosen
  const least = weights.slice().sort()[weights.length - count]!
  let greater = 0
  for (const weight of weights) if (weight > least) greater++
  let equal = count - greater
  let length = 0
  for (let i = 0; i < weights.length; i++) {
    if (weights[i]! > least || (weights[i] === least && equal-- > 0)) chosen[length++] = i
  }
  return chosen
}

/** The first place of each symbol. */
function firstPlaces (symbols: Int32Array, alphabetSize: number): Uint32Array {
  const places = new Uint32Array(alphabetSize)
  for (let at = symbols.length - 1; at >= 0; at--) places[symbols[at]!] = at
  return places
}
