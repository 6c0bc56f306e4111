import type { IdSum } from './id-sum.ts'

/** Ids of a document that follow each other: all of them, or a part. */
export interface Part extends IdSum {
  /** The xxHash64 of the document's id. */
  readonly id: bigint
  /** Index, in the document, of the first of the ids. */
  readonly from: number
  /** Index after the last of them. */
  readonly to: number
  /** Whether the last one is the EOS id, which may end the document. */
  readonly isEnd: boolean
}

/** The size of a part: `id` in 64 bits; `from`, `to` and the sum in 32 bits each; and `isEnd`. */
export const PART_BYTES = 25

/** Parts as bytes. */
export class PartList {
  #bytes = Buffer.alloc(0)
  #used = 0

  add ({ id, from, to, low, high, isEnd }: Part): void {
    if (this.#used === this.#bytes.length) this.#grow()
    const at = this.#used
    this.#bytes.writeBigUInt64LE(id, at)
    this.#bytes.writeUInt32LE(from, at + 8)
    this.#bytes.writeUInt32LE(to, at + 12)
    this.#bytes.writeInt32LE(low, at + 16)
    this.#bytes.writeInt32LE(high, at + 20)
    this.#bytes.writeUInt8(Number(isEnd), at + 24)
    this.#used += PART_BYTES
  }

  /** A copy of the parts. */
  take (): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#used)
  }

  #grow (): void {
    const larger = Buffer.alloc(Math.max(64 * PART_BYTES, 2 * this.#bytes.length))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** The part at a place of the bytes of a list. */
export function partAt (bytes: Buffer, at: number): Part {
  return {
    id: bytes.readBigUInt64LE(at),
    from: bytes.readUInt32LE(at + 8),
    to: bytes.readUInt32LE(at + 12),
    low: bytes.readInt32LE(at + 16),
    high: bytes.readInt32LE(at + 20),
    isEnd: bytes.readUInt8(at + 24) === 1
  }
}
