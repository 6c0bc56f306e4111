import { stat } from 'node:fs/promises'
import { SluiceError, codeOf, messageOf } from '../../errors.ts'
import { readPageHeader } from '../../parquet/page-header.ts'
import {
  PARQUET_MAGIC, type WrittenColumn, type WrittenGroup, dataPage, listLevels, parquetFooter
} from '../../parquet/write.ts'
import { loadZstdCompressor } from '../../zstd/compress.ts'
import { decompressFrame } from '../../zstd/frame.ts'
import { type Dtype, bytesPerId, idsOf } from '../npy.ts'
import { type RowFormat, type Rows, type StoredRows, numbered } from './format.ts'
import { readBlocks, readRange } from './read-file.ts'

/** About this many ids are in a page, and so many pages in a row group. */
const PAGE_IDS = 2 ** 18
const GROUP_PAGES = 16

/** The name of the column, which trainers of Hugging Face expect. */
export const IDS_COLUMN = 'input_ids'

/** Parquet with one column, `input_ids`: a list of ids in each row. */
export const parquet: RowFormat = {
  name: 'parquet',
  kind: 'rows',
  readBy: 'pyarrow, Hugging Face datasets and DuckDB',
  fileName: numbered('parquet'),
  dtypesFor: vocabSize => vocabSize <= 2 ** 16 ? ['int32', 'uint16', 'uint32'] : ['int32', 'uint32'],
  write,
  read
}

function column (type: Dtype): WrittenColumn {
  return { name: IDS_COLUMN, type, isList: true }
}

/** Rows in a page, all but the last of a file. */
function rowsPerPage (columns: number): number {
  return Math.max(1, Math.floor(PAGE_IDS / columns))
}

async function * write (rows: StoredRows): AsyncGenerator<Buffer> {
  const { dtype, columns } = rows
  const compress = await loadZstdCompressor()
  yield PARQUET_MAGIC
  let offset = PARQUET_MAGIC.length
  const groups: WrittenGroup[] = []
  let pages = 0
  let group = { rows: 0, offset, bytes: 0, unpacked: 0 }
  const endGroup = (): void => {
    if (group.rows === 0) return
    const { rows, ...chunk } = group
    groups.push({ rows, chunks: [{ ...chunk, values: rows * columns }] })
    group = { rows: 0, offset, bytes: 0, unpacked: 0 }
    pages = 0
  }
  for await (const block of inPages(rows)) {
    const count = block.length / bytesPerId(dtype)
    const page = dataPage({ count, bytes: wide(block, dtype), levels: listLevels(count / columns, columns) }, compress)
    yield page.bytes
    offset += page.bytes.length
    group.rows += count / columns
    group.bytes += page.bytes.length
    group.unpacked += page.unpacked
    if (++pages === GROUP_PAGES) endGroup()
  }
  endGroup()
  yield parquetFooter([column(dtype)], groups)
}

/** The data in blocks of the size of a page, whatever blocks it comes in. */
async function * inPages ({ dtype, columns, blocks }: StoredRows): AsyncGenerator<Buffer> {
  const pageBytes = rowsPerPage(columns) * columns * bytesPerId(dtype)
  let rest: Buffer = Buffer.alloc(0)
  for await (const block of blocks()) {
    const all = rest.length === 0 ? block : Buffer.concat([rest, block])
    let at = 0
    for (; at + pageBytes <= all.length; at += pageBytes) yield all.subarray(at, at + pageBytes)
    rest = all.subarray(at)
  }
  if (rest.length > 0) yield rest
}

/** Ids as numbers of four bytes: parquet has no type of two. */
function wide (bytes: Buffer, dtype: Dtype): Buffer {
  if (bytesPerId(dtype) === 4) return bytes
  return Buffer.from(Uint32Array.from(idsOf(aligned(bytes), dtype)).buffer)
}

function narrow (bytes: Buffer, dtype: Dtype): Buffer {
  if (bytesPerId(dtype) === 4) return bytes
  return Buffer.from(Uint16Array.from(idsOf(aligned(bytes), 'uint32')).buffer)
}

function aligned (bytes: Buffer): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
}

/** A header of a page is shorter than this. */
const MAX_HEADER_BYTES = 64

async function * read (path: string, { dtype, columns }: Omit<Rows, 'rows'>): AsyncGenerator<Buffer> {
  const fail = (found: string, cause?: unknown): never => {
    const expected = `expected a parquet file of lists of ${columns} ids`
    throw new SluiceError('ERR_SHARD', `${path}: ${found}, ${expected}`, { cause })
  }
  const pages = new PageStream(path, await footerStart(path) ?? fail('does not end with PAR1'))
  try {
    if (!(await pages.take(4)).equals(PARQUET_MAGIC)) fail('does not begin with PAR1')
    for (let head; (head = await pages.peek(MAX_HEADER_BYTES)).length > 0;) {
      const { header, length } = readPageHeader(head)
      await pages.take(length)
      const content = decompressFrame(await pages.take(header.size), header.unpackedSize)
      const levels = listLevels(header.values / columns, columns)
      if (!content.subarray(0, levels.length).equals(levels)) fail('has lists of another length')
      yield narrow(content.subarray(levels.length), dtype)
    }
  } catch (error) {
    if (error instanceof SluiceError || codeOf(error) !== undefined) throw error
    fail(`has a damaged page (${messageOf(error)})`, error)
  } finally {
    await pages.close()
  }
}

/** The end of the pages, by the length of the footer; undefined if a file doesn't end as parquet does. */
async function footerStart (path: string): Promise<number | undefined> {
  const { size } = await stat(path)
  if (size < 12) return undefined
  const tail = await readRange(path, size - 8, size)
  const start = size - 8 - tail.readUInt32LE()
  return tail.subarray(4).equals(PARQUET_MAGIC) && start >= 4 ? start : undefined
}

/** Reads a file from its start, as many bytes at a time as are needed. */
class PageStream {
  readonly #blocks: AsyncGenerator<Buffer>
  #buffer: Buffer = Buffer.alloc(0)

  constructor (path: string, end: number) {
    this.#blocks = readBlocks(path, { to: end })
  }

  /** The next bytes, which stay the next ones; fewer at the end. */
  async peek (bytes: number): Promise<Buffer> {
    while (this.#buffer.length < bytes) {
      const next = await this.#blocks.next()
      if (next.done === true) break
      this.#buffer = Buffer.concat([this.#buffer, next.value])
    }
    return this.#buffer.subarray(0, bytes)
  }

  async take (bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes)
    this.#buffer = this.#buffer.subarray(bytes)
    return taken
  }

  async close (): Promise<void> {
    await this.#blocks.return(undefined)
  }
}
