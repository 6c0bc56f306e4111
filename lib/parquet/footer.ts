import { type FileMetaData, parquetMetadata } from 'hyparquet'
import type { ByteRanges } from '../bytes.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { otherKind } from '../file-kind.ts'
import { codecs } from './codecs.ts'
import { type Place, MAX_PAGE_BYTES, damaged, refused } from './damage.ts'
import { type Field, type Leaf, fieldsOf } from './schema.ts'

const MAGIC = 'PAR1'
const ENCRYPTED_MAGIC = 'PARE'
/** The footer's length and the magic, which follow the footer. */
const TAIL_BYTES = 8
/** Most footers are smaller than this, so that one read is enough. */
const FIRST_READ_BYTES = 64 * 1024

/** A row group in the footer. */
export type RowGroup = FileMetaData['row_groups'][number]

export interface Footer {
  readonly rows: number
  readonly fields: readonly Field[]
  readonly leaves: readonly Leaf[]
  readonly groups: ReadonlyArray<{ readonly rows: number, readonly group: RowGroup }>
  /** The offset of the footer; all pages are before it. */
  readonly start: number
  /** Bytes that a column chunk may have in addition to its stated size. */
  readonly padding: number
}

/** The position of a column in a row group, and its compression. */
export interface Chunk {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly codec: string
  /** The number of values, including nulls and the entries for empty lists. */
  readonly values: number
}

/** @throws SluiceError `ERR_SOURCE` when the file is cut off, encrypted, or not a parquet file */
export async function readFooter (ranges: ByteRanges): Promise<Footer> {
  const { name, size } = ranges
  if (size < MAGIC.length + TAIL_BYTES) throw notParquet(name, `it has ${size} bytes`)
  let tail = await ranges.read(Math.max(0, size - FIRST_READ_BYTES), size)
  const head = tail.length === size ? tail : await ranges.read(0, MAGIC.length)
  const [first, last] = [head.toString('latin1', 0, 4), tail.toString('latin1', tail.length - 4)]
  if (last === ENCRYPTED_MAGIC) {
    throw new SluiceError('ERR_SOURCE', `${name}: has an encrypted footer (it ends with PARE), ` +
      'which can\'t be read; decrypt the file first')
  }
  const other = first === MAGIC ? null : otherKind(await ranges.read(0, Math.min(size, 1024)), name)
  if (other !== null) throw new SluiceError('ERR_SOURCE', `${name}: ${other}`)
  if (first !== MAGIC) throw notParquet(name, `it begins with ${JSON.stringify(first)}`)
  if (last !== MAGIC) {
    throw new SluiceError('ERR_SOURCE', `${name}: the parquet file is cut off: ` +
      `it begins with ${MAGIC} and doesn't end with it; get the file again`)
  }
  const length = tail.readUInt32LE(tail.length - TAIL_BYTES)
  const start = size - TAIL_BYTES - length
  if (start < MAGIC.length) throw badFooter(name, `its length is ${length} bytes, the file has ${size}`)
  if (length > MAX_PAGE_BYTES) {
    throw new SluiceError('ERR_SOURCE', `${name}: the footer has ${length} bytes, ` +
      `the limit is ${MAX_PAGE_BYTES}; rewrite the file with larger row groups`)
  }
  if (length + TAIL_BYTES > tail.length) tail = await ranges.read(start, size)
  try {
    return parse(tail, start)
  } catch (error) {
    throw badFooter(name, messageOf(error), error)
  }
}

function parse (tail: Buffer, start: number): Footer {
  const nothing = (): undefined => undefined
  // Statistics are not needed. One that can't be converted must not make the file unreadable.
  const metadata = parquetMetadata(tail, {
    geoparquet: false,
    parsers: {
      timestampFromMilliseconds: nothing,
      timestampFromMicroseconds: nothing,
      timestampFromNanoseconds: nothing,
      dateFromDays: nothing,
      stringFromBytes: nothing,
      jsonFromBytes: nothing,
      geometryFromBytes: nothing,
      geographyFromBytes: nothing,
      uuidFromBytes: nothing
    }
  })
  const fields = fieldsOf(metadata.schema)
  const leaves = fields.flatMap(field => field.leaves)
  const groups = metadata.row_groups.map((group, index) => {
    if (group.columns.length !== leaves.length) {
      throw new Error(`row group ${index} has ${group.columns.length} columns, the schema ${leaves.length}`)
    }
    for (const leaf of leaves) checkPlace(group, leaf, index)
    return { rows: whole(group.num_rows, `the number of rows of row group ${index}`), group }
  })
  const rows = whole(metadata.num_rows, 'the number of rows')
  const sum = groups.reduce((sum, group) => sum + group.rows, 0)
  // Some writers set the file's number of rows to 0.
  if (sum !== rows && rows !== 0) throw new Error(`the row groups have ${sum} rows, the file ${rows}`)
  return {
    rows: sum,
    fields,
    leaves,
    groups,
    start,
    padding: leavesOutHeader(metadata.created_by) ? MAX_DICTIONARY_HEADER_BYTES : 0
  }
}

/** The same amount that the readers of Arrow and Impala add. */
const MAX_DICTIONARY_HEADER_BYTES = 100

/**
 * Whether the stated size of a column chunk excludes its dictionary's header, as in parquet-mr before 1.2.9
 * (PARQUET-816).
 */
function leavesOutHeader (createdBy: string | undefined): boolean {
  if (createdBy?.startsWith('parquet-mr') !== true) return false
  const version = /^parquet-mr version (\d+)\.(\d+)\.(\d+)/.exec(createdBy) ?? [0, 0, 0, 0]
  const [, major, minor, patch] = version.map(Number) as [number, number, number, number]
  return major < 1 || (major === 1 && (minor < 2 || (minor === 2 && patch < 9)))
}

/**
 * Also called for columns that are not requested, because the damaged one may have been the `id`. Columns are compared
 * by position in the schema, since names can occur twice.
 */
function checkPlace (group: RowGroup, { path, element, index }: Leaf, rowGroup: number): void {
  const meta = group.columns[index]!.meta_data
  if (meta === undefined || (meta.path_in_schema.join('\0') === path.join('\0') && meta.type === element.type)) return
  throw new Error(`row group ${rowGroup} has column ${meta.path_in_schema.join('.')} of type ${meta.type}, ` +
    `where the schema has ${path.join('.')} of type ${element.type}`)
}

/**
 * The position of a column chunk.
 *
 * @throws SluiceError `ERR_SOURCE` when the position is invalid, or the compression or encryption isn't supported
 */
export function chunkOf ({ groups, start: footerStart, padding }: Footer, leaf: Leaf, place: Place): Chunk {
  const column = groups[place.rowGroup]!.group.columns[leaf.index]!
  const meta = column.meta_data
  if (column.crypto_metadata !== undefined || meta === undefined) {
    throw refused(place, 'is encrypted, which can\'t be read; decrypt the file first')
  }
  if (column.file_path !== undefined) {
    throw refused(place, 'lies in another file, which can\'t be read; write it to one file')
  }
  const codec = meta.codec as string | undefined
  if (codec === undefined || !codecs.includes(codec)) {
    throw refused(place, `is compressed with ${codec ?? 'an unknown codec'}, expected one of ${codecs.join(', ')}; ` +
      'rewrite the file with zstd')
  }
  // Not every writer sets the dictionary's offset, and some set it to 0.
  const starts = [meta.data_page_offset, meta.dictionary_page_offset].flatMap(offset =>
    offset === undefined || offset <= 0n ? [] : [Number(offset)])
  const start = Math.min(...starts)
  const end = start + Number(meta.total_compressed_size)
  if (!(start >= MAGIC.length && end >= start && end <= footerStart)) {
    throw damaged(place, `it is at bytes ${start} to ${end}, ` +
      `expected them between ${MAGIC.length} and ${footerStart}`)
  }
  const values = Number(meta.num_values)
  if (!Number.isSafeInteger(values) || values < 0) throw damaged(place, `it has ${values} values`)
  return { start, end: Math.min(footerStart, end + padding), codec, values }
}

function whole (number: bigint, what: string): number {
  const value = Number(number)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${what} is ${value}`)
  return value
}

function notParquet (name: string, found: string): SluiceError {
  return new SluiceError('ERR_SOURCE', `${name}: is not a parquet file: ${found}, ` +
    `expected ${MAGIC} at its start and end; set the right format (--dataset, dataset), or get the file again`)
}

function badFooter (name: string, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${name}: damaged parquet footer (${reason}); get the file again`, { cause })
}
