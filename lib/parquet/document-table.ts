import { z } from 'zod'
import {
  PARQUET_MAGIC, type WrittenChunk, type WrittenColumn, type WrittenGroup, dataPage, parquetFooter, textValues
} from './write.ts'

const whole = z.int().min(0)
const chunk = z.strictObject({ offset: whole, values: whole, bytes: whole, unpacked: whole })

/** The row groups of a table that is being written. */
export const documentTableState = z.strictObject({
  offset: whole, groups: z.array(z.strictObject({ rows: whole, chunks: z.array(chunk) }))
})
export type DocumentTableState = z.output<typeof documentTableState>

/** A row group ends when its texts have this size, a page when its values have. */
const GROUP_BYTES = 32 * 1024 * 1024
const PAGE_BYTES = 1024 * 1024

export interface TableOutput {
  readonly compress: (bytes: Buffer) => Buffer
  readonly write: (bytes: Buffer) => Promise<void>
}

/** Writes a parquet file whose columns are texts. */
export class DocumentTable {
  readonly #columns: readonly WrittenColumn[]
  readonly #output: TableOutput
  readonly #groups: WrittenGroup[]
  #offset: number
  #pending: Buffer[][]
  #pendingBytes = 0

  /** @param from the result of `save` */
  constructor (columns: readonly string[], output: TableOutput, from: DocumentTableState = { offset: 0, groups: [] }) {
    this.#columns = columns.map(name => ({ name, type: 'text' }))
    this.#output = output
    this.#groups = [...from.groups]
    this.#offset = from.offset
    this.#pending = columns.map(() => [])
  }

  /** Adds a row: a text for each column. */
  async add (texts: readonly string[]): Promise<void> {
    for (const [i, text] of texts.entries()) {
      const bytes = Buffer.from(text)
      this.#pending[i]!.push(bytes)
      this.#pendingBytes += bytes.length
    }
    if (this.#pendingBytes >= GROUP_BYTES) await this.endGroup()
  }

  /** Writes the rows so far as a row group. */
  async endGroup (): Promise<void> {
    if (this.#offset === 0) await this.#write(PARQUET_MAGIC)
    const rows = this.#pending[0]!.length
    if (rows === 0) return
    const chunks: WrittenChunk[] = []
    for (const texts of this.#pending) chunks.push(await this.#writeChunk(texts))
    this.#groups.push({ rows, chunks })
    this.#pending = this.#columns.map(() => [])
    this.#pendingBytes = 0
  }

  /** After `endGroup`: the state from which a table continues, as small JSON. */
  save (): DocumentTableState {
    return { offset: this.#offset, groups: this.#groups.map(({ rows, chunks }) => ({ rows, chunks: [...chunks] })) }
  }

  /** Writes the rest of the rows, and the footer. */
  async end (): Promise<void> {
    await this.endGroup()
    await this.#write(parquetFooter(this.#columns, this.#groups))
  }

  async #writeChunk (texts: readonly Buffer[]): Promise<WrittenChunk> {
    const offset = this.#offset
    let unpacked = 0
    let page: Buffer[] = []
    let size = 0
    for (const [i, text] of texts.entries()) {
      page.push(text)
      size += text.length
      if (size < PAGE_BYTES && i < texts.length - 1) continue
      const written = dataPage(textValues(page), this.#output.compress)
      unpacked += written.unpacked
      await this.#write(written.bytes)
      page = []
      size = 0
    }
    return { offset, values: texts.length, bytes: this.#offset - offset, unpacked }
  }

  async #write (bytes: Buffer): Promise<void> {
    await this.#output.write(bytes)
    this.#offset += bytes.length
  }
}
