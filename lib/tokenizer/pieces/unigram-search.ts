import { ByteBuffer } from '../../sentencepiece/byte-buffer.ts'
import { BASE_SHIFT, HAS_VALUE, IN_USE, LABEL_BITS, ROOT } from '../../sentencepiece/double-array.ts'
import type { IdBuffer } from '../../sentencepiece/id-buffer.ts'
import { lengthOfChar } from '../../sentencepiece/utf8.ts'
import type { UnigramTables } from './unigram-tables.ts'

/** Initial number of places in memory. */
const FIRST_PLACES = 1024

/** The maximum number of places whose memory is kept from one text to the next. */
const KEPT_PLACES = 2 ** 17

/**
 * Finds the best segmentation of a word by a Unigram model: Viterbi's algorithm with the arithmetic of tokenizers 0.23
 * (`encode_optimized` in its unigram/model.rs), whose sums have 64 bits. SentencePiece's have 32.
 */
export class UnigramSearch {
  readonly #tables: UnigramTables
  readonly #rootBase: number
  // For each place: the best sum, where the last piece of the best path begins, and that piece.
  #sums = new Float64Array(FIRST_PLACES)
  #starts = new Int32Array(FIRST_PLACES)
  #ids = new Int32Array(FIRST_PLACES)
  readonly #source = new ByteBuffer()

  constructor (tables: UnigramTables) {
    this.#tables = tables
    this.#rootBase = tables.units[ROOT]! >>> BASE_SHIFT
  }

  /** Appends the ids of a word. */
  append (word: string, out: IdBuffer): void {
    const { bytes, length } = this.#source.setText(word)
    this.#reserve(length + 1)
    this.#search(bytes, length)
    this.#write(bytes, length, out)
    this.#source.clear()
  }

  #search (bytes: Uint8Array, length: number): void {
    const { units, values, scores, unkId, unkScore } = this.#tables
    const sums = this.#sums
    const starts = this.#starts
    const ids = this.#ids
    starts.fill(-1, 0, length + 1)
    sums[0] = 0
    for (let start = 0; start < length;) {
      const before = sums[start]!
      const charEnd = start + lengthOfChar(bytes[start]!)
      let isCharKnown = false
      let base = this.#rootBase
      for (let end = start; end < length;) {
        const byte = bytes[end]!
        const node = base ^ byte
        const unit = units[node]!
        if ((unit & LABEL_BITS) !== (byte | IN_USE)) break
        end++
        base = unit >>> BASE_SHIFT
        if ((unit & HAS_VALUE) === 0) continue
        if (end === charEnd) isCharKnown = true
        const id = values[node]!
        const sum = scores[id]! + before
        if (starts[end] !== -1 && !(sum > sums[end]!)) continue
        sums[end] = sum
        starts[end] = start
        ids[end] = id
      }
      if (!isCharKnown) {
        const sum = unkScore + before
        if (starts[charEnd] === -1 || sum > sums[charEnd]!) {
          sums[charEnd] = sum
          starts[charEnd] = start
          ids[charEnd] = unkId
        }
      }
      start = charEnd
    }
  }

  /** Follows the best path back, and writes its ids. Unknown characters in a row are one piece. */
  #write (bytes: Uint8Array, length: number, out: IdBuffer): void {
    const { unkId } = this.#tables
    const starts = this.#starts
    const ids = this.#ids
    let first = length // where the path goes on to, from each of its places
    for (let end = length; end > 0;) {
      const start = starts[end]!
      starts[end] = first
      first = end
      end = start
    }
    for (let start = 0, end = first; start < length;) {
      const id = ids[end]!
      let next = starts[end]!
      if (id === unkId) {
        while (end < length && ids[next] === unkId) {
          end = next
          next = starts[end]!
        }
        this.#writeUnknown(bytes, start, end, out)
      } else out.push(id)
      start = end
      end = next
    }
  }

  /** A run of unknown characters may be a piece by itself; otherwise it becomes its bytes, or the unknown id. */
  #writeUnknown (bytes: Uint8Array, from: number, to: number, out: IdBuffer): void {
    const { byteIds, unkId } = this.#tables
    const id = this.#idOf(bytes, from, to)
    if (id !== undefined) out.push(id)
    else if (byteIds === undefined || bytes.subarray(from, to).some(byte => byteIds[byte] === -1)) out.push(unkId)
    else for (let at = from; at < to; at++) out.push(byteIds[bytes[at]!]!)
  }

  #idOf (bytes: Uint8Array, from: number, to: number): number | undefined {
    const { units, values } = this.#tables
    let node = ROOT
    for (let at = from; at < to; at++) {
      node = (units[node]! >>> BASE_SHIFT) ^ bytes[at]!
      if ((units[node]! & LABEL_BITS) !== (bytes[at]! | IN_USE)) return undefined
    }
    return (units[node]! & HAS_VALUE) === 0 ? undefined : values[node]
  }

  #reserve (places: number): void {
    const isLarge = this.#sums.length > KEPT_PLACES
    if (places <= this.#sums.length && !isLarge) return
    const size = Math.max(places, FIRST_PLACES)
    this.#sums = new Float64Array(size)
    this.#starts = new Int32Array(size)
    this.#ids = new Int32Array(size)
  }
}
