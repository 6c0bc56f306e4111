import { BASE_SHIFT, HAS_VALUE, IN_USE, LABEL_BITS, ROOT } from './double-array.ts'
import type { IdBuffer } from './id-buffer.ts'
import type { Lexicon } from './lexicon.ts'
import { lengthOfChar } from './utf8.ts'

/** Longest text, in bytes, whose margin can be measured. */
export const MAX_MEASURED_BYTES = 512

/** SentencePiece 0.2.2 restarts totals at 0 when they are farther from 0 than this. */
export const FARTHEST_TOTAL = 100_000

/** Initial number of places in memory. */
const FIRST_PLACES = 1024

/** The maximum number of places whose memory is kept from one text to the next. */
const KEPT_PLACES = 2 ** 17

/** No piece ends here. */
const NONE = -1

/**
 * Finds the best segmentation of normalized text into the pieces of a unigram model: Viterbi's algorithm, with the
 * arithmetic of SentencePiece (`Model::EncodeOptimized` in src/unigram_model.cc). It adds scores from the beginning of
 * the text and keeps totals in 32 bits. Up to 0.2.1, the sum of a score and a total is compared with the best sum in
 * 64 bits. From 0.2.2 on, the sum is rounded first, and totals restart at 0 when they are far from it.
 *
 * A place that no piece crosses is on every path through the text. The ids before such a place are settled at once, so
 * that memory grows only with the longest stretch without one.
 */
export class UnigramSearch {
  readonly #lexicon: Lexicon
  // For each place, counted from the last settled one: the best total there, and the last piece of the best path.
  #totals = new Float32Array(FIRST_PLACES)
  #ids = new Int32Array(FIRST_PLACES)
  #reached = 0 // the farthest place where a piece ends
  readonly #seconds = new Float64Array(MAX_MEASURED_BYTES + 1) // the second-best totals

  /** After a search: the total at the end of the text. */
  total = 0
  /** After a search: whether a character was unknown. */
  hasUnknown = false
  /** After a measured search: how much better the segmentation is than any other, up to rounding. */
  margin = 0
  /** After a measured search: the total farthest from 0, as an absolute value; infinite if a total restarted. */
  farthest = 0

  constructor (lexicon: Lexicon) {
    this.#lexicon = lexicon
  }

  /**
   * Appends the ids of the best segmentation, with an unknown id for each unknown character.
   *
   * @param total the total of the text before
   * @param measured whether to measure `margin` and `farthest`, for a text of at most `MAX_MEASURED_BYTES`
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
    // Fields are read only here and where they change, since most of the time of a new text is spent in this loop.
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
      if (isRecent && Math.abs(before) > FARTHEST_TOTAL) before = this.#restart(start - settled)
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

  /** Subtracts the total at a place from all totals from there on. @returns the new total there */
  #restart (place: number): number {
    const total = this.#totals[place]!
    this.farthest = Infinity
    for (let at = place; at <= this.#reached; at++) {
      if (at === place || this.#ids[at] !== NONE) this.#totals[at] = this.#totals[at]! - total
    }
    return 0
  }

  /** Ends a path at a place with an unknown character, if it is the best one. The score is added in 32 bits. */
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

  /** Appends the ids of the best path between two places; the second one becomes the first of the rest. */
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

/** The start of the character before a place. */
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
