import { instantiate } from '../kernels/instantiate.ts'
import { PAGE_BYTES } from './arena.ts'
import { type KernelLayout, PIECE_BYTES, SLACK, layoutOf } from './kernel-layout.ts'
import type { SharedFastText } from './model.ts'
import { LINE_END, type PlainSum } from './plain-sum.ts'
import type { Tree, TreeKernel } from './tree-scores.ts'

/** The end of a line, as it is added after a text. */
const LAST_WORD = Buffer.from(` ${LINE_END.toString()}`)

/** The maximum number of UTF-8 bytes for one UTF-16 code unit. */
const MAX_BYTES = 3

/** The share of the table that is filled in advance with the model's most frequent words. */
const SEEDED = 0.25
const SEED_BYTES = 2 ** 12
/**
 * How many bytes of words each round of filling takes. Several rounds let the engine optimize the kernel, which it does
 * after it has run for a while.
 */
const SEEDINGS = [2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16, Infinity]

/**
 * A sum of more rows than this must be exact if it may consist of few different rows: if it has fewer different words
 * than the number of its words to the power of REPETITIVE, or if more than the share UNKEPT of its rows belongs to
 * words that the table doesn't keep.
 */
const LONG = 2 ** 14
const REPETITIVE = 0.6
/** Sums of more rows per bucket than this must be exact, too, because they add the same rows again and again. */
const CROWDED = 100
const UNKEPT = 0.25

/** The exports of lib/kernels/fasttext. */
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

/** The properties of a model that determine how sums are computed. */
interface Traits {
  readonly hasWordNgrams: boolean
  readonly isTableOff: boolean
  readonly maxRows: number
}

/** Views of the kernel's memory. */
interface Views {
  readonly bytes: Uint8Array
  readonly sum: Float32Array
  /** Only where there is a label tree. */
  readonly rights: Float32Array | undefined
}

/**
 * Computes the vectors of texts with the wasm kernel, which has a table of the words seen so far. They equal those of
 * `PlainSum` except for the last digits, because rows are added in another order.
 */
export class KernelSum {
  readonly #exports: Exports
  readonly #plain: PlainSum
  readonly #hasWordNgrams: boolean
  readonly #isTableOff: boolean
  readonly #maxRows: number // above this, a sum must be exact, as there are few buckets
  readonly #bytes: Uint8Array // a piece of text, and slack after it
  readonly #piece: Uint8Array // the part of it that a text may use
  readonly #sum: Float32Array
  /** Finds the best label for the most recent sum, where there is a label tree. */
  readonly tree: TreeKernel | undefined
  #count = 0

  private constructor (exports: Exports, plain: PlainSum, traits: Traits, { bytes, sum, rights }: Views) {
    this.#exports = exports
    this.#plain = plain
    this.#hasWordNgrams = traits.hasWordNgrams
    this.#isTableOff = traits.isTableOff
    this.#maxRows = traits.maxRows
    this.#bytes = bytes
    this.#piece = bytes.subarray(0, PIECE_BYTES - LAST_WORD.length)
    this.#sum = sum
    this.tree = rights && { vector: sum, rights, bestLabel: exports.bestLabel }
  }

  /**
   * Creates a kernel.
   *
   * @param plain for texts with a word that is too long for the kernel
   * @returns undefined where there is no kernel or not enough memory
   */
  static of (model: SharedFastText, tableBytes: number, plain: PlainSum, tree?: Tree): KernelSum | undefined {
    const { memory, settings: { dim, wordNgrams, maxn, bucket }, output } = model
    if (memory.grow === undefined) return undefined
    try {
      const exports = instantiate('fasttext', memory) as Exports
      const nodes = tree !== undefined && output.kind === 'dense' ? tree.left.length : 0
      const layout = layoutOf(model, tableBytes, nodes)
      // Other threads may grow the memory at the same time, so only the result of `grow` has the right address.
      const begin = memory.grow(Math.ceil(layout.bytes / PAGE_BYTES)) * PAGE_BYTES
      const fields = Object.values(layout.fields).map(field => typeof field === 'number' ? field : begin + field.at)
      new Uint32Array(memory.buffer, begin, fields.length).set(fields)
      const hasWordNgrams = wordNgrams > 1
      const traits: Traits = {
        hasWordNgrams,
        isTableOff: layout.recordBytes === 0,
        maxRows: hasWordNgrams || maxn > 0 ? CROWDED * bucket : Infinity
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

  /** The number of rows in the most recent vector. */
  get count (): number {
    return this.#count
  }

  /**
   * The vector of a text, which counts as one line; undefined if the model knows nothing in it. Valid until the next
   * call.
   */
  of (text: string): Float32Array | undefined {
    if (this.#isTableOff) return this.exactlyOf(text)
    const { wordsMet, freshWords, unkeptRows } = this.#exports
    const vector = this.#sumUp(text, false)
    if (this.#count > this.#maxRows) return this.exactlyOf(text)
    if (this.#count <= LONG) return vector
    // If the same numbers are added again and again, rounding always errs in the same direction, and fastText's own sum
    // drifts.
    const mayRepeat = freshWords() < wordsMet() ** REPETITIVE || unkeptRows() > UNKEPT * this.#count
    return mayRepeat ? this.exactlyOf(text) : vector
  }

  /** Like `of`, but exact to the last bit and slower: it adds row by row, without the table. */
  exactlyOf (text: string): Float32Array | undefined {
    // The kernel adds word n-grams after the words of each piece, but fastText adds them after all words.
    return this.#hasWordNgrams && text.length > PIECE_BYTES / 4 ? this.#plain.of(text) : this.#sumUp(text, true)
  }

  #sumUp (text: string, isExact: boolean): Float32Array | undefined {
    if (text.length * MAX_BYTES <= this.#piece.length) {
      const { written } = utf8.encodeInto(text, this.#piece)
      this.#count = this.#exports.sumLine(written, isExact)
      return this.#count === 0 ? undefined : this.#sum
    }
    return this.#sumUpPieces(text, isExact)
  }

  #sumUpPieces (text: string, isExact: boolean): Float32Array | undefined {
    const { begin, feed, finish, hasEnded } = this.#exports
    begin(isExact)
    let held = 0 // bytes left over from the previous piece
    for (let rest = text; ;) {
      const { read, written } = utf8.encodeInto(rest, held === 0 ? this.#piece : this.#piece.subarray(held))
      const isLast = read === rest.length
      const length = held + written
      if (isLast) this.#bytes.set(LAST_WORD, length)
      const end = isLast ? length + LAST_WORD.length : length
      const taken = feed(end, isLast)
      if (isLast || hasEnded() !== 0) break
      if (taken === 0) { // the word doesn't fit into a piece
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

  /** Fills the table with words of the model. */
  #seed ({ memory, dictionary }: SharedFastText, { recordBytes }: KernelLayout, maxBytes: number): void {
    const { begin, feed, recordBytes: filled } = this.#exports
    const { bytesAt, startsAt, words } = dictionary
    const starts = new Int32Array(memory.buffer, startsAt, words + 1)
    // Each word includes the NUL after it.
    const all = new Uint8Array(memory.buffer, bytesAt, starts[words])
    const end = Math.min(all.length, maxBytes)
    begin(false)
    for (let at = 0, before = -1; at < end && filled() < SEEDED * recordBytes && filled() > before;) {
      before = filled()
      const piece = all.subarray(at, at + SEED_BYTES)
      this.#bytes.set(piece)
      const taken = feed(piece.length, false) // stops at `</s>`, which is among the words
      if (taken === 0) break
      at += taken
    }
  }
}

const utf8 = new TextEncoder()
