import type { DocumentPart, Sequence } from '../document.ts'
import { type Dtype, bytesPerId, idsOf } from '../shards/npy.ts'

/** A document as a record of a shuffle: its id in 8 bytes, its offset in 4, and its ids. */
const DOCUMENT_HEAD = 12
/** A part in a record: its id in 8 bytes; offset, start and length in 4 each. */
const PART_BYTES = 20

/** The ids of a document, or of a part of one. */
export interface MixedDocument {
  /** The xxHash64 of the document's id. */
  readonly id: bigint
  /** Index, in the document, of the first of the ids. */
  readonly offset: number
  readonly ids: Int32Array
}

/** Writes documents and sequences as records of a shuffle, and reads them; ids have as many bytes as in shards. */
export class MixRecords {
  readonly #dtype: Dtype
  readonly #bytesPerId: number

  constructor (dtype: Dtype) {
    this.#dtype = dtype
    this.#bytesPerId = bytesPerId(dtype)
  }

  ofDocument ({ id, offset, ids }: MixedDocument): Buffer {
    const record = Buffer.alloc(DOCUMENT_HEAD + this.#bytesPerId * ids.length)
    record.writeBigUInt64LE(id, 0)
    record.writeUInt32LE(offset, 8)
    this.#write(ids, record, DOCUMENT_HEAD)
    return record
  }

  documentOf (record: Buffer): MixedDocument {
    const ids = this.#read(record, DOCUMENT_HEAD, (record.length - DOCUMENT_HEAD) / this.#bytesPerId)
    return { id: record.readBigUInt64LE(0), offset: record.readUInt32LE(8), ids }
  }

  ofSequence (sequence: Sequence): Buffer {
    const { parts = [], length } = sequence
    const start = this.#bytesPerId * length
    const record = Buffer.alloc(start + PART_BYTES * parts.length)
    this.#write(sequence, record, 0)
    for (const [i, part] of parts.entries()) {
      const at = start + PART_BYTES * i
      record.writeBigUInt64LE(part.id, at)
      record.writeUInt32LE(part.offset, at + 8)
      record.writeUInt32LE(part.start, at + 12)
      record.writeUInt32LE(part.length, at + 16)
    }
    return record
  }

  /** @param seqLen ids in a sequence */
  sequenceOf (record: Buffer, seqLen: number): Sequence {
    const parts: DocumentPart[] = []
    for (let at = this.#bytesPerId * seqLen; at < record.length; at += PART_BYTES) {
      parts.push({
        id: record.readBigUInt64LE(at),
        offset: record.readUInt32LE(at + 8),
        start: record.readUInt32LE(at + 12),
        length: record.readUInt32LE(at + 16)
      })
    }
    return Object.assign(this.#read(record, 0, seqLen), { parts })
  }

  #write (ids: Int32Array, record: Buffer, start: number): void {
    const source = this.#dtype === 'uint16' ? Uint16Array.from(ids) : ids
    record.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), start)
  }

  #read (record: Buffer, start: number, length: number): Int32Array {
    const bytes = Uint8Array.prototype.slice.call(record, start, start + length * this.#bytesPerId) // aligned
    return Int32Array.from(idsOf(bytes, this.#dtype))
  }
}
