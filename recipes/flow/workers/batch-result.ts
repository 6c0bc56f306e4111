import type { Document } from '../../../lib/document.ts'
import type { RecordFault } from '../../../lib/records/record.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'

/**
 * Which documents a batch returns: none, those that passed the filters as lines of NDJSON, those that passed, or all.
 * Dropped documents are returned in the state in which they were dropped.
 */
export type Keeps = 'none' | 'lines' | 'passed' | 'all'

/** The result of a batch. `faults` has an entry for each record, the other lists for each document. */
export interface BatchResult {
  /** Why a record gave no document; null for one that is not a record (a blank line), and 0 for a document. */
  readonly faults: ReadonlyArray<RecordFault | null | 0>
  /**
   * For each document the index of the filter that dropped it, `failedAt` of the filter that failed on it, or -1 if it
   * passed all filters. Filters that compare documents drop none here.
   */
  readonly droppedBy: Int32Array
  /** For each dropped document the reason, or the message of the error if a filter failed on it. */
  readonly reasons: readonly string[]
  /**
   * The keys by which documents are compared: `keysEach` for each document, one for each such filter, and two halves,
   * the higher first, of the key of its text after all filters.
   */
  readonly keys: BigUint64Array
  readonly keysEach: number
  /** The documents, with null for those that are not returned; null instead of the list if none is returned. */
  readonly documents: ReadonlyArray<Document | null> | null
  /** The hash of each document's id, if documents are encoded; otherwise empty. */
  readonly idHashes: BigUint64Array
  /** The number of ids, or of bytes of the line, of each document. */
  readonly sizes: Int32Array
  /** The ids or lines of all documents if the shared memory is too small for them, otherwise null. */
  readonly made: Int32Array | Uint8Array | null
}

/**
 * The value in `droppedBy` of a document that a filter failed on. Only the main thread knows whether the document
 * reaches that filter: a filter before it that compares documents may drop it, or a limit may end the flow.
 */
export function failedAt (filter: number): number {
  return -2 - filter
}

/** How much a batch returns. */
export interface ResultShape {
  readonly records: number
  readonly keysEach: number
  /** Whether the ids of documents are hashed. */
  readonly hashesIds: boolean
}

/** Collects the result of a batch, document by document. */
export class Results {
  readonly faults: Array<RecordFault | null | 0> = []
  readonly reasons: string[] = []
  readonly ids: IdBuffer
  readonly lines: LineBuffer
  readonly #keeps: Keeps
  readonly #memory: SharedArrayBuffer
  readonly #droppedBy: Int32Array
  readonly #sizes: Int32Array
  readonly #keys: BigUint64Array
  readonly #keysEach: number
  readonly #idHashes: BigUint64Array
  readonly #documents: Array<Document | null> | null
  #count = 0
  #sizeBefore = 0
  #keysOfDocument = 0

  constructor (
    { records, keysEach, hashesIds }: ResultShape, keeps: Keeps, memory: SharedArrayBuffer
  ) {
    this.ids = new IdBuffer(new Int32Array(memory))
    this.lines = new LineBuffer(Buffer.from(memory))
    this.#keeps = keeps
    this.#memory = memory
    this.#droppedBy = new Int32Array(records)
    this.#sizes = new Int32Array(records)
    this.#keys = new BigUint64Array(records * keysEach)
    this.#keysEach = keysEach
    this.#idHashes = new BigUint64Array(hashesIds ? records : 0)
    this.#documents = keeps === 'none' || keeps === 'lines' ? null : []
  }

  addKey (key: bigint): void {
    this.#keys[this.#count * this.#keysEach + this.#keysOfDocument++] = key
  }

  /** @param idHash the hash of its id, if it was encoded */
  endDocument (droppedBy: number, document: Document, idHash?: bigint): void {
    const index = this.#count++
    if (idHash !== undefined) this.#idHashes[index] = idHash
    const size = this.ids.length + this.lines.length
    this.#documents?.push(this.#keeps === 'all' || droppedBy === -1 ? document : null)
    this.#droppedBy[index] = droppedBy
    this.#sizes[index] = size - this.#sizeBefore
    this.#sizeBefore = size
    this.#keysOfDocument = 0
  }

  whole (): BatchResult {
    const { faults, reasons, ids, lines } = this
    const made = [ids.ids, lines.bytes].find(({ buffer }) => buffer !== this.#memory)
    return {
      faults,
      reasons,
      droppedBy: this.#droppedBy,
      keys: this.#keys,
      keysEach: this.#keysEach,
      idHashes: this.#idHashes,
      documents: this.#documents,
      sizes: this.#sizes,
      made: made?.subarray(0, this.#sizeBefore) ?? null
    }
  }
}

/** Concatenated lines in UTF-8. */
class LineBuffer {
  bytes: Buffer
  length = 0

  /** @param bytes the initial memory */
  constructor (bytes: Buffer) {
    this.bytes = bytes
  }

  append (line: string): void {
    const max = 3 * line.length // the maximum number of bytes for as many UTF-16 code units
    if (this.length + max > this.bytes.length) this.#reserve(Buffer.byteLength(line))
    this.length += this.bytes.write(line, this.length)
  }

  #reserve (more: number): void {
    if (this.length + more <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.length + more))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }
}
