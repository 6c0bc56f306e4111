import { instantiate } from '../kernels/instantiate.ts'
import { PAGE_BYTES } from '../kernels/arena.ts'
import { type KernelLayout, PIECE_BYTES, SLACK, layoutOf } from './kernel-layout.ts'
import type { SharedFastText } from './model.ts'
import { LINE_END, type PlainSum } from './plain-sum.ts'
import type { Tree, TreeKernel } from './tree-scores.ts'

/** The end of a line, as it's put behind a text. */
const LAST_WORD = Buffer.from(` ${LINE_END.toString()}`)

/** Of UTF-8, for a code unit of UTF-16. */
const MOST_BYTES = 3

/** Share of the table that is filled with words of the model, the most frequent, before any text is met. */
const SEEDED = 0.25
const SEED_BYTES = 2 ** 12
/**
 * Of how many bytes of words: again and again, since the engine compiles the kernel better when it has run for a while.
 */
const SEEDINGS = [2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16, Infinity]

/**
 * A sum of so many rows has to be exact where it may be made of few: where different words are fewer than this power of
 * their number, or as large a share of the rows is of long words, which nobody has looked at.
 */
const LONG = 2 ** 14
const REPETITIVE = 0.6
/** So are sums of so many n-grams for each bucket that there is for them: the same rows are added again and again. */
const CROWDED = 100
const UNKEPT = 0.25

/** What lib/kernels/fasttext exports. */
interface Exports {
  readonly setup: (settings: number) => void
  readonly begin: (isExact: boolean) => void
  readonly feed: (length: number, isLast: boolean) => number
  readonly finish: () => number
  readonly sumLine: (length: number, isExact: boolean) => number
  readonly bestLabel: () => number
  readonly hasEnded: () => number
  readonly wordsMet: () => number
  readonly freshWords: () => number
  readonly unkeptRows: () => number
  readonly recordBytes: () => number
}

/** What of a model decides how sums are made. */
interface Traits {
  readonly hasWordNgrams: boolean
  readonly isTableOff: boolean
  readonly mostRows: number
}

/** What of the kernel's memory is looked at from here. */
interface Views {
  readonly bytes: Uint8Array
  readonly sum: Float32Array
  /** Where there's a tree of labels. */
  readonly rights: Float32Array | undefined
}

/**
 * The vectors of texts by the wasm kernel, with a table of the words that were met. They are those of `PlainSum` but
 * for the order in which numbers are added, and so for their last digits.
 */
export class KernelSum {
  readonly #exports: Exports
  readonly #plain: PlainSum
  readonly #hasWordNgrams: boolean
  readonly #isTableOff: boolean
  readonly #mostRows: number // of a sum that need not be exact, for want of buckets
  readonly #bytes: Uint8Array // a piece of text, and its slack
  readonly #piece: Uint8Array // what a text may take of it
  readonly #sum: Float32Array
  /** For the best label of the sum that was made last, where there's a tree of labels. */
  readonly tree: TreeKernel | undefined
  #count = 0

  private constructor (exports: Exports, plain: PlainSum, traits: Traits, { bytes, sum, rights }: Views) {
    this.#exports = exports
    this.#plain = plain
    this.#hasWordNgrams = traits.hasWordNgrams
    this.#isTableOff = traits.isTableOff
    this.#mostRows = traits.mostRows
    this.#bytes = bytes
    this.#piece = bytes.subarray(0, PIECE_BYTES - LAST_WORD.length)
    this.#sum = sum
    this.tree = rights && { vector: sum, rights, bestLabel: exports.bestLabel }
  }

  /**
   * @param plain for texts with a word that's too long for the kernel
   * @returns undefined where there's no kernel, or no room for it
   */
  static of (model: SharedFastText, tableBytes: number, plain: PlainSum, tree?: Tree): KernelSum | undefined {
    const { memory, settings: { dim, wordNgrams, maxn, bucket }, output } = model
    if (memory.grow === undefined) return undefined
    try {
      const exports = instantiate('fasttext', memory) as Exports
      const nodes = tree !== undefined && output.kind === 'dense' ? tree.left.length : 0
      const layout = layoutOf(model, tableBytes, nodes)
      // Other threads may take memory at the same time: what counts is where it was grown.
      const begin = memory.grow(Math.ceil(layout.bytes / PAGE_BYTES)) * PAGE_BYTES
      const fields = Object.values(layout.fields).map(field => typeof field === 'number' ? field : begin + field.at)
      new Uint32Array(memory.buffer, begin, fields.length).set(fields)
      const hasWordNgrams = wordNgrams > 1
      const traits: Traits = {
        hasWordNgrams,
        isTableOff: layout.recordBytes === 0,
        mostRows: hasWordNgrams || maxn > 0 ? CROWDED * bucket : Infinity
      }
      const sum = new KernelSum(exports, plain, traits, {
        bytes: new Uint8Array(memory.buffer, begin + layout.pieceAt, PIECE_BYTES + SLACK),
        sum: new Float32Array(memory.buffer, begin + layout.sumAt, dim),
        rights: nodes === 0 ? undefined : new Float32Array(memory.buffer, begin + layout.rightsAt, nodes)
      })
      if (nodes > 0) {
        const { left, right, places } = tree!
        const children = new Int32Array(memory.buffer, begin + layout.childrenAt, 2 * nodes)
        for (let node = 0; node < nodes; node++) {
          children[2 * node] = left[node]!
          children[2 * node + 1] = right[node]!
        }
        new Int32Array(memory.buffer, begin + layout.placesAt, places.length).set(places)
      }
      for (const bytes of SEEDINGS) {
        exports.setup(begin)
        sum.#seed(model, layout, bytes)
      }
      return sum
    } catch {
      return undefined
    }
  }

  /** Rows in the vector that was made last. */
  get count (): number {
    return this.#count
  }

  /** The vector of a text as that of one line; undefined where nothing is to go by. Valid until the next call. */
  of (text: string): Float32Array | undefined {
    if (this.#isTableOff) return this.exactlyOf(text)
    const { wordsMet, freshWords, unkeptRows } = this.#exports
    const vector = this.#sumUp(text, false)
    if (this.#count > this.#mostRows) return this.exactlyOf(text)
    if (this.#count <= LONG) return vector
    // The same numbers again and again: rounding always errs to the same side, and fastText's own sum goes astray.
    const mayRepeat = freshWords() < wordsMet() ** REPETITIVE || unkeptRows() > UNKEPT * this.#count
    return mayRepeat ? this.exactlyOf(text) : vector
  }

  /** As `of`, to the last bit, and slower: row by row without the table. */
  exactlyOf (text: string): Float32Array | undefined {
    // It adds n-grams of words behind the words of a piece, fastText behind all words.
    return this.#hasWordNgrams && text.length > PIECE_BYTES / 4 ? this.#plain.of(text) : this.#sumUp(text, true)
  }

  #sumUp (text: string, isExact: boolean): Float32Array | undefined {
    if (text.length * MOST_BYTES <= this.#piece.length) {
      const { written } = utf8.encodeInto(text, this.#piece)
      this.#count = this.#exports.sumLine(written, isExact)
      return this.#count === 0 ? undefined : this.#sum
    }
    return this.#sumUpPieces(text, isExact)
  }

  #sumUpPieces (text: string, isExact: boolean): Float32Array | undefined {
    const { begin, feed, finish, hasEnded } = this.#exports
    begin(isExact)
    let held = 0 // bytes that the piece before has left
    for (let rest = text; ;) {
      const { read, written } = utf8.encodeInto(rest, held === 0 ? this.#piece : this.#piece.subarray(held))
      const isLast = read === rest.length
      const length = held + written
      if (isLast) this.#bytes.set(LAST_WORD, length)
      const end = isLast ? length + LAST_WORD.length : length
      const taken = feed(end, isLast)
      if (isLast || hasEnded() !== 0) break
      if (taken === 0) { // there's no room for the word
        this.#count = 0
        return this.#plain.of(text)
      }
      this.#bytes.copyWithin(0, taken, end)
      held = end - taken
      rest = rest.slice(read)
    }
    this.#count = finish()
    return this.#count === 0 ? undefined : this.#sum
  }

  /** Puts words of the model into the table. */
  #seed ({ memory, dictionary }: SharedFastText, { recordBytes }: KernelLayout, mostBytes: number): void {
    const { begin, feed, recordBytes: filled } = this.#exports
    const { bytesAt, startsAt, words } = dictionary
    const starts = new Int32Array(memory.buffer, startsAt, words + 1)
    // Each with the NUL behind it.
    const all = new Uint8Array(memory.buffer, bytesAt, starts[words])
    const end = Math.min(all.length, mostBytes)
    begin(false)
    for (let at = 0, before = -1; at < end && filled() < SEEDED * recordBytes && filled() > before;) {
      before = filled()
      const piece = all.subarray(at, at + SEED_BYTES)
      this.#bytes.set(piece)
      const taken = feed(piece.length, false) // up to the end of a line, which is among the words
      if (taken === 0) break
      at += taken
    }
  }
}

const utf8 = new TextEncoder()
