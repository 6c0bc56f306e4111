import { type Alphabet, type Corpus, UNKNOWN } from './alphabet.ts'
import type { Seeds } from './seeds.ts'
import type { SortedPlaces } from './suffix-sort.ts'

/**
 * The text is worked on in so many parts, whatever the number of threads: sums of the parts are added in their order,
 * so that they are the same to the last bit.
 */
export const PARTS = 8

/** An edge has the length of its piece in its lower bits, and its number above them. */
export const LENGTH_BITS = 10
export const LENGTH_MASK = 2 ** LENGTH_BITS - 1

/** The piece that stands for an unknown character: one that is none of the pieces, or no longer. */
export const UNKNOWN_PIECE = 0

/**
 * The words of a text with all pieces that stand in them, in memory that threads share. There is no trie: the edges of
 * pieces that were given up are taken out where they stand, and the others are numbered anew.
 *
 * An edge begins at a place and is as long as its piece. At each place of a word the first one is of a single
 * character.
 */
export interface Lattice {
  readonly edges: Uint32Array
  /** For each place where its edges begin; those of the next place follow. No edge begins at the end of a word. */
  readonly edgeStarts: Uint32Array
  /** Where each word begins; behind the last one, where the next would: its end stands in between. */
  readonly wordStarts: Uint32Array
  /** How often each word is seen. */
  readonly counts: Float64Array
  /** The first word of each part, and behind the last one how many there are. */
  readonly partStarts: Uint32Array
  /** Symbols of the longest word. */
  readonly longest: number
  /** A place where each piece stands, and how long it is; pieces are numbered from 1. */
  readonly places: Uint32Array
  readonly lengths: Uint16Array
  /** The logarithms of the probabilities of the pieces. */
  readonly scores: Float64Array
  readonly probabilities: Float64Array
  /** The new number of each piece; `UNKNOWN_PIECE` of those that were given up. */
  readonly numbers: Uint32Array
  /** How often each piece is expected, or is in the best segmentations: of each part, one behind the other. */
  readonly sums: Float64Array
  /** How often each piece is in the best segmentations of all parts. */
  readonly frequencies: Float64Array
  /** What is lost with each piece. */
  readonly losses: Float64Array
}

/** A lattice of all that there is to begin with. */
export function buildLattice (corpus: Corpus, alphabet: Alphabet, { places }: SortedPlaces, seeds: Seeds): Lattice {
  const { symbols, starts, counts, longest } = corpus
  const { codePoints, characters } = alphabet
  const room = seeds.length + 1
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
    places: new Uint32Array(new SharedArrayBuffer(4 * room)),
    lengths: new Uint16Array(new SharedArrayBuffer(2 * room)),
    scores: floats(room),
    probabilities: floats(room),
    numbers: new Uint32Array(new SharedArrayBuffer(4 * room)),
    sums: floats(PARTS * room),
    frequencies: floats(room),
    losses: floats(room)
  }
  lattice.places.set(seeds.places, 1)
  lattice.lengths.set(seeds.lengths, 1)
  return lattice
}

function startsOfEdges (symbols: Int32Array, places: Uint32Array, seeds: Seeds): Uint32Array {
  const changes = new Int32Array(places.length + 1) // in how many seeds begin, from one sorted place to the next
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

/** Parts with as many edges each, about. */
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

/** The text of a piece, which is of characters only. */
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
