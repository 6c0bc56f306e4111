import { crc32 } from 'node:zlib'
import type { ByteRanges } from '../bytes.ts'
import { bitsFor } from './bits.ts'
import { decompress } from './codecs.ts'
import { type Place, MAX_PAGE_BYTES, MAX_PAGE_VALUES, damaged, decoding, refused } from './damage.ts'
import type { Chunk } from './footer.ts'
import { free } from './free.ts'
import { type PageHeader, readPageHeader } from './page-header.ts'
import { RleReader } from './rle.ts'
import type { Leaf } from './schema.ts'
import { type Dictionary, type Values, dictionaryOf, valuesOf } from './values.ts'

/** A page of values whose levels are decoded. */
export interface Page {
  /** Bytes of the decompressed values. */
  readonly bytes: number
  /** The number of values, including entries without a value. */
  readonly count: number
  /** The number of rows that begin in the page. */
  readonly rows: number
  /** Repetition levels; null where all are 0. */
  readonly rep: Uint8Array | null
  /** Definition levels; null where all are the maximum. */
  readonly def: Uint8Array | null
  readonly values: Values
  /** Frees the page's memory, once all values are read. */
  readonly free: () => void
}

/** Statistics of long texts make a page header long. A longer one than this is damaged (as in Arrow's reader). */
const MAX_HEADER_BYTES = 16 * 1024 * 1024

/** The values, repetition levels and definition levels of a page; null for levels that it doesn't have. */
type PageParts = [values: Buffer, repetition: Buffer | null, definition: Buffer | null]

/** Reads the pages of a column chunk, a few at a time. Only a page is in memory, not a row group. */
export class PageReader {
  readonly #ranges: ByteRanges
  readonly #chunk: Chunk
  readonly #leaf: Leaf
  readonly #place: Place
  readonly #step: number
  #at: number // offset in the file after #bytes
  #bytes: Buffer = Buffer.alloc(0) // fetched and not yet used
  #large: ArrayBufferLike | undefined // of the most recently fetched large page
  #header: PageHeader | undefined // of the next data page
  #dictionaryBytes = 0
  #dictionaryMemory: Buffer | undefined
  #dictionary: Dictionary | undefined
  #given = 0

  /** @param step minimum number of bytes to fetch at a time */
  constructor (ranges: ByteRanges, chunk: Chunk, leaf: Leaf, place: Place, step: number) {
    this.#ranges = ranges
    this.#chunk = chunk
    this.#leaf = leaf
    this.#place = place
    this.#step = step
    this.#at = chunk.start
  }

  /** Whether all values in the footer's count have been returned. */
  get done (): boolean {
    return this.#given >= this.#chunk.values
  }

  /** Reads the next page. @throws SluiceError `ERR_SOURCE` when it is damaged or too large, or there is none */
  async next (): Promise<Page> {
    const header = await this.#nextHeader()
    const bytes = await this.#nextBytes(header)
    return decoding(this.#place, () => this.#dataPage(header, bytes))
  }

  /** Bytes in memory for later pages: the dictionary, and bytes that were fetched in advance. */
  get heldBytes (): number {
    return this.#dictionaryBytes + this.#bytes.length
  }

  /** Frees the dictionary's memory, once no values are read any more. */
  close (): void {
    if (this.#dictionaryMemory !== undefined) free(this.#dictionaryMemory)
  }

  /** Whether a page's bytes have a buffer to themselves. */
  #isOwn ({ buffer }: Buffer): boolean {
    return this.#ranges.givesAway === true && buffer === this.#large
  }

  /**
   * Skips the next page without decoding it if it has at most `values` values.
   *
   * @returns how many values it had; 0 when it has more and isn't skipped
   */
  async skip (values: number): Promise<number> {
    const header = await this.#nextHeader()
    if (header.values > values) {
      this.#header = header
      this.#given -= header.values
      return 0
    }
    await this.#nextBytes(header)
    return header.values
  }

  /** Reads the header of the next data page, after any dictionary and index pages. */
  async #nextHeader (): Promise<PageHeader> {
    for (;;) {
      const header = this.#header ?? await this.#readHeader()
      this.#header = undefined
      if (header.type === 'data' || header.type === 'data_v2') {
        this.#given += this.#checked(header.values, 'values')
        if (this.#given > this.#chunk.values) {
          throw damaged(this.#place,
            `its pages have more than the ${this.#chunk.values} values in the footer`)
        }
        return header
      }
      const bytes = await this.#nextBytes(header)
      if (header.type === 'dictionary') {
        this.#dictionary = decoding(this.#place, () => this.#dictionaryPage(header, bytes))
      }
    }
  }

  async #readHeader (): Promise<PageHeader> {
    for (let wanted = 1; ; wanted = this.#bytes.length + 1) {
      if (!await this.#fetch(wanted)) {
        const rest = this.#bytes.length
        throw damaged(this.#place, rest === 0
          ? `its pages end after ${this.#given} of ${this.#chunk.values} values`
          : `a page header can't be read in ${rest} bytes`)
      }
      try {
        const { header, length } = readPageHeader(this.#bytes)
        this.#bytes = this.#bytes.subarray(length)
        return header
      } catch (error) {
        // The header may just be longer than the bytes fetched so far.
        if (this.#bytes.length > MAX_HEADER_BYTES || this.#at >= this.#chunk.end) {
          throw damaged(this.#place, 'a page header can\'t be read', error)
        }
      }
    }
  }

  /** Reads the stored bytes of a page, and compares their checksum if there is one. */
  async #nextBytes ({ size, unpackedSize, crc }: PageHeader): Promise<Buffer> {
    for (const bytes of [size, unpackedSize]) this.#checked(bytes, 'bytes')
    if (!await this.#fetch(size)) {
      throw damaged(this.#place, `a page of ${size} bytes, ${this.#bytes.length} are left of the column`)
    }
    const bytes = this.#bytes.subarray(0, size)
    // A view of the rest would keep a large page in memory for as long as there is a rest.
    this.#bytes = size > this.#step ? Buffer.from(this.#bytes.subarray(size)) : this.#bytes.subarray(size)
    if (crc !== undefined && crc32(bytes) !== crc >>> 0) {
      throw damaged(this.#place, `a page has the checksum ${crc32(bytes)}, expected ${crc >>> 0}`)
    }
    return bytes
  }

  /** Fetches until #bytes has `length` bytes. @returns false when the chunk has fewer */
  async #fetch (length: number): Promise<boolean> {
    const missing = length - this.#bytes.length
    if (missing <= 0) return true
    if (missing > this.#chunk.end - this.#at) return false
    const end = Math.min(this.#at + Math.max(missing, this.#step), this.#chunk.end)
    if (missing > this.#step) {
      // A large page is read from its start again: joining it to the bytes that are there would use twice the memory.
      const start = this.#at - this.#bytes.length
      this.#bytes = Buffer.alloc(0)
      this.#bytes = await this.#ranges.read(start, end)
      this.#large = this.#bytes.buffer
    } else {
      const more = await this.#ranges.read(this.#at, end)
      this.#bytes = this.#bytes.length === 0 ? more : Buffer.concat([this.#bytes, more])
    }
    this.#at = end
    return true
  }

  /** Validates a size or a count in a page header. */
  #checked (number: number, of: 'bytes' | 'values'): number {
    if (!Number.isInteger(number) || number < 0) throw damaged(this.#place, `a page of ${number} ${of}`)
    const max = of === 'bytes' ? MAX_PAGE_BYTES : MAX_PAGE_VALUES
    if (number > max) {
      throw refused(this.#place, `has a page of ${number} ${of}, the limit is ${max}; ` +
        'rewrite the file with smaller pages (pyarrow: data_page_size, write_batch_size), or leave the column out')
    }
    return number
  }

  #dictionaryPage (header: PageHeader, bytes: Buffer): Dictionary {
    const count = this.#checked(header.values, 'values')
    this.#dictionaryBytes = header.unpackedSize
    const unpacked = decompress(this.#chunk.codec, bytes, header.unpackedSize)
    const isOwn = this.#isOwn(bytes)
    if (unpacked.buffer !== bytes.buffer && isOwn) free(bytes)
    if (unpacked.buffer !== bytes.buffer || isOwn) this.#dictionaryMemory = unpacked
    return dictionaryOf(this.#leaf.element, unpacked, count)
  }

  #dataPage (header: PageHeader, stored: Buffer): Page {
    const isOwn = this.#isOwn(stored)
    const { maxRep, maxDef, element } = this.#leaf
    const count = header.values
    const parts = header.type === 'data' ? this.#parts(header, stored) : this.#partsV2(header, stored)
    const [bytes, repBytes, defBytes] = parts
    const rep = repBytes === null ? null : new Uint8Array(count)
    const def = defBytes === null ? null : new Uint8Array(count)
    if (rep !== null) new RleReader(repBytes!, 0, bitsFor(maxRep)).fill(rep, maxRep)
    const present = def === null ? count : new RleReader(defBytes!, 0, bitsFor(maxDef)).fill(def, maxDef)
    const rows = rep === null ? count : rep.reduce((sum, level) => level === 0 ? sum + 1 : sum, 0)
    if (header.type === 'data_v2' && header.rows !== rows) {
      throw new Error(`${rows} rows in a page whose header says ${header.rows}`)
    }
    const isUnpacked = bytes.buffer !== stored.buffer
    if (isUnpacked && isOwn && (defBytes ?? repBytes)?.buffer !== stored.buffer) free(stored)
    const done = (): void => { if (isUnpacked || isOwn) free(bytes) }
    return {
      free: done,
      bytes: bytes.length,
      count,
      rows,
      rep,
      def: present === count ? null : def,
      values: valuesOf({ encoding: header.encoding, element, bytes, count: present, dictionary: this.#dictionary })
    }
  }

  /** Splits a page of version 1. Its parts are compressed together, and a length comes before each level. */
  #parts ({ levelEncodings, unpackedSize }: PageHeader, stored: Buffer): PageParts {
    let rest = decompress(this.#chunk.codec, stored, unpackedSize)
    const kinds = [
      ['repetition', this.#leaf.maxRep, levelEncodings.repetition],
      ['definition', this.#leaf.maxDef, levelEncodings.definition]
    ] as const
    const levels = kinds.map(([what, max, encoding]) => {
      if (max === 0) return null
      if (encoding !== 'RLE') {
        throw new Error(`${what} levels in the encoding ${encoding ?? 'UNKNOWN'}, expected RLE`)
      }
      const end = 4 + rest.readUInt32LE(0)
      if (end > rest.length) throw new Error(`${what} levels of ${end} bytes in ${rest.length} bytes`)
      const part = rest.subarray(4, end)
      rest = rest.subarray(end)
      return part
    })
    return [rest, levels[0]!, levels[1]!]
  }

  /** Splits a page of version 2, whose levels come before the values and are not compressed. */
  #partsV2 (header: PageHeader, stored: Buffer): PageParts {
    const { repetitionBytes: rep, definitionBytes: def, unpackedSize, isCompressed } = header
    if (!(rep >= 0 && def >= 0 && rep + def <= Math.min(stored.length, unpackedSize))) {
      throw new Error(`levels of ${rep} and ${def} bytes in a page of ${stored.length}`)
    }
    const codec = isCompressed ? this.#chunk.codec : 'UNCOMPRESSED'
    const values = decompress(codec, stored.subarray(rep + def), unpackedSize - rep - def)
    return [
      values,
      this.#leaf.maxRep > 0 ? stored.subarray(0, rep) : null,
      this.#leaf.maxDef > 0 ? stored.subarray(rep, rep + def) : null
    ]
  }
}
