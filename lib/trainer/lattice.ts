import { type Alphabet, type Corpus, UNKNOWN } from './alphabet.ts'
import type { Seeds } from './seeds.ts'
import type { SortedPlaces } from './suffix-sort.ts'

/**
 * The text is always processed in this many parts, whatever the number of threads. The sums of the parts are added in
 * order, so that the result is the same to the last bit.
 */
export const PARTS = 8

/** An edge has the length of its piece in its lower bits, and the number of the piece above them. */
export const LENGTH_BITS = 10
export const LENGTH_MASK = 2 ** LENGTH_BITS - 1

/** Stands for an unknown character: one that isn't a piece, or no longer is one. */
export const UNKNOWN_PIECE = 0

/**
 * The words of a text and the edges of all pieces in them, in memory that threads share. There is no trie: when pieces
 * are removed, their edges are dropped in place, and the other pieces are renumbered.
 *
 * An edge begins at a place, the index of a symbol, and is as long as its piece. The first edge at each place of a word
 * is that of a single character.
 */
export interface Lattice {
  readonly edges: Uint32Array
  /**
   * Index of the first edge of each place. Its last edge is before the next place's first. A word's end has no edges.
   */
  readonly edgeStarts: Uint32Array
  /** Start of each word, and at the end the number of symbols. The symbol before the next word ends the word. */
  readonly wordStarts: Uint32Array
  /** How often each word occurs. */
  readonly counts: Float64Array
  /** First word of each part, and at the end the number of words. */
  readonly partStarts: Uint32Array
  /** Length of the longest word in symbols. */
  readonly longest: number
  /** A place of each piece; pieces are numbered from 1. */
  readonly places: Uint32Array
  /** Length of each piece. */
  readonly lengths: Uint16Array
  /** Log probability of each piece. */
  readonly scores: Float64Array
  readonly probabilities: Float64Array
  /** The new number of each piece; `UNKNOWN_PIECE` for removed pieces. */
  readonly numbers: Uint32Array
  /** How often each piece is expected, or is in the best segmentations: in the first part, then in the second, … */
  readonly sums: Float64Array
  /** How often each piece is in the best segmentations of all parts. */
  readonly frequencies: Float64Array
  /** How much likelihood is lost without each piece. */
  readonly losses: Float64Array
}

/** The lattice of the seed pieces. */
export function buildLattice (corpus: Corpus, alphabet: Alphabet, { places }: SortedPlaces, seeds: Seeds): Lattice {
  const { symbols, starts, counts, longest } = corpus
  const { codePoints, characters } = alphabet
  const size = seeds.length + 1
  const edgeStarts = startsOfEdges(symbols, places, seeds)
  const edges = new Uint32Array(new SharedArrayBuffer(4 * edgeStarts.at(-1)!))
  const next = edgeStarts.slice()
  const pieceOf = new Uint32Array(codePoints.length)
  characters.forEach(({ symbol }, i) => { pieceOf[symbol] = i + 1 })
  for (let place = 0; place < symbols.length; place++) {
    if (symbols[place]! >= UNKNOWN) edges[next[place]!++] = pieceOf[symbols[place]!]! << LENGTH_BITS | 1
  }
  for (let seed = characters.length; seed < seeds.length; seed++) {
    const edge = (seed + 1) << LENGTH_BITS | seeds.lengths[seed]!
    for (let i = seeds.from[seed]!; i < seeds.to[seed]!; i++) edges[next[places[i]!]!++] = edge
  }
  const lattice = {
    edges,
    edgeStarts,
    wordStarts: shared(starts),
    counts,
    partStarts: partsOf(starts, edgeStarts),
    longest,
    places: new Uint32Array(new SharedArrayBuffer(4 * size)),
    lengths: new Uint16Array(new SharedArrayBuffer(2 * size)),
    scores: floats(size),
    probabilities: floats(size),
    numbers: new Uint32Array(new SharedArrayBuffer(4 * size)),
    sums: floats(PARTS * size),
    frequencies: floats(size),
    losses: floats(size)
  }
  lattice.places.set(seeds.places, 1)
  lattice.lengths.set(seeds.lengths, 1)
  return lattice
}

function startsOfEdges (symbols: Int32Array, places: Uint32Array, seeds: Seeds): Uint32Array {
  const changes = new Int32Array(places.length + 1) // changes in the number of seeds between consecutive sorted places
  for (let seed = 0; seed < seeds.length; seed++) {
    changes[seeds.from[seed]!]!++
    changes[seeds.to[seed]!]!--
  }
  const starts = new Uint32Array(new SharedArrayBuffer(4 * (symbols.length + 1)))
  let count = 0
  for (let i = 0; i < places.length; i++) {
    count += changes[i]!
    starts[places[i]!] = count
  }
  let start = 0
  for (let place = 0; place < symbols.length; place++) {
    const here = starts[place]! + (symbols[place]! >= UNKNOWN ? 1 : 0)
    starts[place] = start
    start += here
  }
  starts[symbols.length] = start
  return starts
}

/** Divides the words into parts with about the same number of edges. */
function partsOf (wordStarts: Uint32Array, edgeStarts: Uint32Array): Uint32Array {
  const parts = new Uint32Array(new SharedArrayBuffer(4 * (PARTS + 1)))
  const words = wordStarts.length - 1
  for (let word = 0, part = 1; part < PARTS; part++) {
    const until = part / PARTS * edgeStarts.at(-1)!
    while (word < words && edgeStarts[wordStarts[word]!]! < until) word++
    parts[part] = word
  }
  parts[PARTS] = words
  return parts
}

/** The text of a piece, given a place of it. */
export function pieceText (symbols: Int32Array, codePoints: Int32Array, place: number, length: number): string {
  let text = ''
  for (let at = place; at < place + length; at++) text += String.fromCodePoint(codePoints[symbols[at]!]!)
  return text
}

function floats (length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * length))
}

function shared (array: Uint32Array): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy
}
