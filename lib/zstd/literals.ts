import { ZstdDamage } from './damage.ts'
import { type HuffmanTable, decodeHuffman, readHuffmanTable } from './huffman.ts'

/**
 * By size format of Huffman-coded literals: the header's size in bytes, the bits of each of its two sizes, the streams.
 */
const FORMATS = [[3, 10, 1], [3, 10, 4], [4, 14, 4], [5, 18, 4]] as const

/**
 * Decodes the literals section of blocks (RFC 8878, 3.1.1.3.1). It keeps the frame's Huffman table for the blocks that
 * reuse it.
 */
export class LiteralsDecoder {
  /** The literals of the most recently decoded block. */
  readonly bytes: Uint8Array
  length = 0
  #table: HuffmanTable | undefined

  constructor (maxBytes: number) {
    this.bytes = new Uint8Array(maxBytes)
  }

  startFrame (): void {
    this.#table = undefined
  }

  /**
   * Decodes the section at the start of a block. `block` must have at least three more bytes after `end`.
   *
   * @returns the offset of the byte after the section
   */
  decode (block: Uint8Array, end: number, maxBytes: number): number {
    const kind = block[0]! & 3
    return kind < 2
      ? this.#decodePlain(block, end, maxBytes, kind === 1)
      : this.#decodeHuffman(block, end, maxBytes, kind === 3)
  }

  #decodePlain (block: Uint8Array, end: number, maxBytes: number, repeated: boolean): number {
    const format = (block[0]! >> 2) & 3
    const header = format === 1 ? 2 : format === 3 ? 3 : 1
    const bits = block[0]! | block[1]! << 8 | block[2]! << 16
    this.length = header === 1 ? (bits & 0xff) >> 3 : header === 2 ? (bits & 0xffff) >> 4 : (bits & 0xffffff) >> 4
    const next = header + (repeated ? 1 : this.length)
    check(next <= end && this.length <= maxBytes)
    if (repeated) this.bytes.fill(block[header]!, 0, this.length)
    else this.bytes.set(block.subarray(header, next))
    return next
  }

  #decodeHuffman (block: Uint8Array, end: number, maxBytes: number, reused: boolean): number {
    const [header, sizeBits, streams] = FORMATS[(block[0]! >> 2) & 3]!
    check(header <= end)
    let bits = 0 // up to 40 bits, too many for bit operators
    for (let i = header - 1; i >= 0; i--) bits = bits * 256 + block[i]!
    const sizes = Math.floor(bits / 16)
    this.length = sizes % 2 ** sizeBits
    const next = header + Math.floor(sizes / 2 ** sizeBits)
    check(next <= end && this.length <= maxBytes)
    let start: number = header
    if (!reused) ({ table: this.#table, next: start } = readHuffmanTable(block, header, next))
    if (this.#table === undefined) throw new ZstdDamage('literals reuse a Huffman tree, and there is none before them')
    if (streams === 1) decodeHuffman(block, start, next, this.#table, this.bytes, 0, this.length)
    else this.#decodeFour(block, start, next, this.#table)
    return next
  }

  /** Four streams, after the sizes of the first three. All but the last decode to the same number of bytes. */
  #decodeFour (block: Uint8Array, start: number, end: number, table: HuffmanTable): void {
    check(start + 6 <= end)
    const quarter = (this.length + 3) >> 2
    check(quarter * 3 <= this.length)
    let from = start + 6
    for (let i = 0; i < 4; i++) {
      const to = i === 3 ? end : from + (block[start + 2 * i]! | block[start + 2 * i + 1]! << 8)
      check(to <= end)
      decodeHuffman(block, from, to, table, this.bytes, i * quarter, i === 3 ? this.length : (i + 1) * quarter)
      from = to
    }
  }
}

function check (holds: boolean): void {
  if (!holds) throw new ZstdDamage('literals whose size doesn\'t match their block')
}
