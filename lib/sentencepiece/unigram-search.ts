import { BASE_SHIFT, HAS_VALUE, IN_USE, LABEL_BITS, ROOT } from './double-array.ts'
import type { IdBuffer } from './id-buffer.ts'
import type { Lexicon } from './lexicon.ts'
import { lengthOfChar } from './utf8.ts'

/** Longest text, in bytes, whose margin can be told. */
export const MAX_MEASURED_BYTES = 512

/** How far from 0 a total is from which on SentencePiece 0.2.2 begins at 0 again. */
export const FARTHEST_TOTAL = 100_000

/** Places that there is memory for at the beginning, and that memory is kept for from one text to the next. */
const FIRST_PLACES = 1024
const KEPT_PLACES = 2 ** 17

/** No piece ends here. */
const NONE = -1

/**
 * Finds the best segmentation of normalized text into the pieces of a unigram model: Viterbi's algorithm, with the
 * arithmetic of SentencePiece (`Model::EncodeOptimized` in src/unigram_model.cc), which adds scores from the beginning
 * of the text on and keeps totals in 32 bits. Up to 0.2.1 the sum of a score and a total is compared with the best so
 * far in 64 bits; from 0.2.2 on it is rounded before, and totals begin at 0 again when they are far from it.
 *
 * A place that no piece reaches over is on every way through the text. The text up to there is settled then and there,
 * so that memory grows with the longest stretch without such a place.
 */
export class UnigramSearch {
  readonly #lexicon: Lexicon
  // Of each place, counted from the last one that was settled: the best total there, and the piece that ends there.
  #totals = new Float32Array(FIRST_PLACES)
  #ids = new Int32Array(FIRST_PLACES)
  #reached = 0 // the farthest place where a piece ends
  readonly #seconds = new Float64Array(MAX_MEASURED_BYTES + 1) // the second best total

  /** After a search: the total at the end of the text. */
  total = 0
  /** After a search: whether a character was unknown. */
  hasUnknown = false
  /** After a measured search: by how much the segmentation is better than any other, up to rounding. */
  margin = 0
  /**
   * After a measured search: the farthest from 0 that a total was which a piece was added to; infinite if it began
   * again.
   */
  farthest = 0

  constructor (lexicon: Lexicon) {
    this.#lexicon = lexicon
  }

  /**
   * Appends the ids of the best segmentation; one unknown id for each unknown character.
   *
   * @param total what the scores are added to: the total of the text before this
   * @param measured whether `margin` is wanted, of a text of at most `MAX_MEASURED_BYTES`
   */
  search (bytes: Uint8Array, from: number, to: number, total: number, out: IdBuffer, measured: boolean): void {
    const { trie: { units, values }, scores, longest, version } = this.#lexicon
    const isRecent = version === '0.2.2'
    const seconds = this.#seconds
    const rootBase = units[ROOT]! >>> BASE_SHIFT
    this.hasUnknown = false
    this.margin = Infinity
    this.farthest = 0
    this.#totals[0] = total
    // Fields are read once, here and where they change: this loop is where a text that is new takes its time.
    let totals = this.#totals
    let ids = this.#ids
    let reached = 0
    let settled = from
    let start = from
    while (start < to) {
      if (start - settled === reached && start !== settled) {
        this.#settle(bytes, settled, start, out, measured)
        settled = start
        reached = 0
      }
      if (start - settled + longest >= ids.length) {
        this.#reserve(start - settled + longest)
        totals = this.#totals
        ids = this.#ids
      }
      this.#reached = reached
      let before = totals[start - settled]!
      if (isRecent && Math.abs(before) > FARTHEST_TOTAL) before = this.#beginAgain(start - settled)
      if (measured) this.farthest = Math.max(this.farthest, Math.abs(before))
      const charEnd = start + lengthOfChar(bytes[start]!)
      let isCharKnown = false
      let base = rootBase
      let end = start
      while (end < to) {
        const byte = bytes[end]!
        const node = base ^ byte
        const unit = units[node]!
        if ((unit & LABEL_BITS) !== (byte | IN_USE)) break
        end++
        base = unit >>> BASE_SHIFT
        if ((unit & HAS_VALUE) === 0) continue
        const id = values[node]!
        const sum = scores[id]! + before
        const candidate = isRecent ? Math.fround(sum) : sum
        const place = end - settled
        if (end === charEnd) isCharKnown = true
        if (place > reached) {
          while (++reached < place) ids[reached] = NONE
          if (measured) seconds[place] = -Infinity
        } else if (ids[place] !== NONE) {
          const best = totals[place]!
          if (measured) {
            const worse = candidate > best ? best : candidate
            if (worse > seconds[place]!) seconds[place] = worse
          }
          if (!(candidate > best)) continue
        } else if (measured) seconds[place] = -Infinity
        totals[place] = candidate
        ids[place] = id
      }
      if (!isCharKnown) {
        this.#reached = reached
        this.#offerUnknown(charEnd - settled, before, measured)
        reached = this.#reached
      }
      start = charEnd
    }
    if (start !== settled) this.#settle(bytes, settled, start, out, measured)
    this.total = this.#totals[0]!
    if (this.#ids.length > KEPT_PLACES) {
      this.#totals = new Float32Array(FIRST_PLACES)
      this.#ids = new Int32Array(FIRST_PLACES)
    }
  }

  /** Lessens the totals at a place and behind it by that at the place. @returns the new total there */
  #beginAgain (place: number): number {
    const total = this.#totals[place]!
    this.farthest = Infinity
    for (let at = place; at <= this.#reached; at++) {
      if (at === place || this.#ids[at] !== NONE) this.#totals[at] = this.#totals[at]! - total
    }
    return 0
  }

  /**
   * An unknown character that ends at a place: is a way that ends with it the best one to there? Its score is added in
   * 32 bits.
   */
  #offerUnknown (place: number, before: number, measured: boolean): void {
    const { scores, unkId: id } = this.#lexicon
    const candidate = Math.fround(scores[id]! + before)
    if (place > this.#reached) {
      this.#ids.fill(NONE, this.#reached + 1, place)
      this.#reached = place
    } else if (this.#ids[place] !== NONE) {
      const best = this.#totals[place]!
      if (measured) this.#seconds[place] = Math.max(this.#seconds[place]!, Math.min(candidate, best))
      if (candidate <= best) return
      this.#totals[place] = candidate
      this.#ids[place] = id
      return
    }
    this.#totals[place] = candidate
    this.#ids[place] = id
    if (measured) this.#seconds[place] = -Infinity
  }

  /** Appends the ids of the best way from one place to another, which becomes the first one. */
  #settle (bytes: Uint8Array, from: number, to: number, out: IdBuffer, measured: boolean): void {
    const { lengths, unkId } = this.#lexicon
    const begin = out.length
    out.reserve(to - from)
    let end = to
    while (end > from) {
      const place = end - from
      const id = this.#ids[place]!
      if (measured) this.margin = Math.min(this.margin, this.#totals[place]! - this.#seconds[place]!)
      out.ids[out.length++] = id
      if (id === unkId) {
        this.hasUnknown = true
        end = startOfChar(bytes, end)
      } else {
        end -= lengths[id]!
      }
    }
    reverse(out.ids, begin, out.length)
    this.#totals[0] = this.#totals[to - from]!
  }

  #reserve (place: number): void {
    if (place < this.#ids.length) return
    const size = 2 * place
    const [totals, ids] = [new Float32Array(size), new Int32Array(size)]
    totals.set(this.#totals)
    ids.set(this.#ids)
    this.#totals = totals
    this.#ids = ids
  }
}

/** Where the character before a place begins. */
function startOfChar (bytes: Uint8Array, end: number): number {
  let start = end - 1
  while ((bytes[start]! & 0xc0) === 0x80) start--
  return start
}

function reverse (ids: Int32Array, from: number, to: number): void {
  for (let low = from, high = to - 1; low < high; low++, high--) {
    const id = ids[low]!
    ids[low] = ids[high]!
    ids[high] = id
  }
}
