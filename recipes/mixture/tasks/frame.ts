import { deserialize, serialize } from 'node:v8'
import type { Document } from '../../../lib/document.ts'
import type { FoundRecord } from '../../../lib/records/reader.ts'
import type { RecordFault } from '../../../lib/records/record.ts'
import type { BatchResult } from '../../flow/workers/batch-result.ts'
import { type FlowItem, BatchEntry } from '../../flow/workers/batch-entry.ts'

/**
 * Records of a unit in order, as a map task stores them: where each one is in its file, and what threads have found.
 * Lists of documents have an entry for each record that gave a document.
 */
export interface Frame {
  readonly offsets: Float64Array
  readonly ends: Float64Array
  readonly sizes: Float64Array
  /** Bytes that are counted as read with the record. */
  readonly counted: Float64Array
  /** The line that each record, and the record after it, starts in; null if lines aren't counted. */
  readonly lines: Float64Array | null
  readonly nextLines: Float64Array | null
  /** As in `BatchResult`. */
  readonly faults: ReadonlyArray<RecordFault | null | 0>
  /** The bytes of records with a fault, in order. */
  readonly bad: readonly Uint8Array[]
  readonly documents: Omit<BatchResult, 'faults' | 'made'>
  /** Where the ids of its documents begin in the file of ids, in bytes, and their number and hash. */
  readonly ids: IdRange
}

/** A range of ids in a file of ids. */
export interface IdRange {
  readonly from: number
  readonly count: number
  /** xxHash64 of the bytes. */
  readonly hash: bigint
}

/** The bytes of a frame. Structured clones keep documents as threads returned them, which JSON wouldn't. */
export function frameBytes (frame: Frame): Buffer {
  return serialize(frame)
}

export function frameOf (bytes: Uint8Array): Frame {
  return deserialize(bytes) as Frame
}

/** Collects the records of a frame. */
export class FrameBuilder {
  readonly #made: Int32Array[] = []
  #ids = 0
  readonly #found: Array<readonly number[]> = []
  readonly #faults: Array<RecordFault | null | 0> = []
  readonly #bad: Uint8Array[] = []
  readonly #droppedBy: number[] = []
  readonly #reasons: string[] = []
  readonly #keys: bigint[] = []
  readonly #idHashes: bigint[] = []
  readonly #sizes: number[] = []
  readonly #documents: Array<Document | null> = []
  readonly #keysEach: number
  #textBytes = 0 // of documents and bad records

  /** @param keysEach keys of each document */
  constructor (keysEach: number) {
    this.#keysEach = keysEach
  }

  get records (): number {
    return this.#faults.length
  }

  get documents (): number {
    return this.#droppedBy.length
  }

  /** The ids of its documents, one after another. */
  get ids (): Int32Array {
    const ids = new Int32Array(this.#ids)
    let at = 0
    for (const made of this.#made) {
      ids.set(made, at)
      at += made.length
    }
    return ids
  }

  /** About as many bytes of memory. */
  get bytes (): number {
    return 4 * this.#ids + 100 * this.records + this.#textBytes
  }

  /** @param counted bytes that are counted as read with the record */
  add ({ offset, end, size, line, nextLine, outcome, bytes }: FoundRecord<FlowItem>, counted: number): void {
    this.#found.push([offset, end, size, counted, line ?? NaN, nextLine ?? NaN])
    if (outcome instanceof BatchEntry) {
      this.#faults.push(0)
      this.#addDocument(outcome)
      return
    }
    this.#faults.push(outcome as RecordFault | null)
    if (outcome === null) return
    this.#bad.push(Uint8Array.from(bytes))
    this.#textBytes += bytes.length
  }

  #addDocument (entry: BatchEntry): void {
    const { droppedBy, reason, kept } = entry
    const made = entry.made as Int32Array
    this.#droppedBy.push(droppedBy)
    if (reason !== undefined) this.#reasons.push(reason)
    for (let which = 0; which < this.#keysEach; which++) this.#keys.push(entry.key(which))
    this.#idHashes.push(entry.idHash)
    this.#sizes.push(made.length)
    this.#documents.push(kept)
    this.#textBytes += 2 * (kept?.text.length ?? 0)
    this.#made.push(made.slice())
    this.#ids += made.length
    entry.done()
  }

  /** @param ids where its ids are stored */
  frame (ids: IdRange): Frame {
    const column = (index: number): Float64Array => Float64Array.from(this.#found, found => found[index]!)
    const lines = column(4)
    const hasLines = lines.length > 0 && !Number.isNaN(lines[0]!)
    return {
      offsets: column(0),
      ends: column(1),
      sizes: column(2),
      counted: column(3),
      lines: hasLines ? lines : null,
      nextLines: hasLines ? column(5) : null,
      faults: this.#faults,
      bad: this.#bad,
      documents: {
        droppedBy: Int32Array.from(this.#droppedBy),
        reasons: this.#reasons,
        keys: BigUint64Array.from(this.#keys),
        keysEach: this.#keysEach,
        idHashes: BigUint64Array.from(this.#idHashes),
        sizes: Int32Array.from(this.#sizes),
        documents: this.#documents.every(document => document === null) ? null : this.#documents
      },
      ids
    }
  }
}
