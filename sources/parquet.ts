import { z } from 'zod'
import type { ByteRanges } from '../lib/bytes.ts'
import { SluiceError } from '../lib/errors.ts'
import { checkedRanges, openRanges } from '../lib/input/ranges.ts'
import { columnNames } from '../lib/options.ts'
import { parquetRecords } from '../lib/records/parquet.ts'
import type { RecordFile } from '../lib/records/reader.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { type SourceInput, RecordSource } from '../lib/records/source.ts'

export const parquetOptions = z.strictObject({
  textColumn: z.string().min(1).default('text')
    .describe('column that holds the text, or the way to it: data.text, messages[].content'),
  columns: columnNames.optional()
    .describe('further columns to keep in meta, commas between them; * for all (default: none)'),
  ...recordSourceOptions
})

/** What `parquet` can be told. */
export type ParquetOptions = z.input<typeof parquetOptions> & SourceOptions

/**
 * Documents from the rows of parquet files, read page by page: a file may be one large row group. Only the text's
 * column, the column `id` where there is one, and `columns` are read.
 *
 * In `meta`, 64-bit integers are strings, as are decimals, dates and times (ISO 8601, with the digits of their unit)
 * and NaN and the infinities; bytes are base64, structs objects, maps lists of `[key, value]`. A row is counted in
 * `stats.dropped` where its text is null, no string or no UTF-8, or where its values have more than `maxLineBytes`.
 *
 * @param input paths and globs, or what serves ranges of bytes, closed once it is read; streams have no end to read
 *   from
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function parquet (
  input: SourceInput | ByteRanges | readonly ByteRanges[],
  options: ParquetOptions = {}
): RecordSource {
  const [{ textColumn, columns, maxLineBytes, maxBad }, shared] = sourceOptions('parquet', parquetOptions, options)
  const ranges = rangesIn(input)
  const files = ranges === null
    ? input as SourceInput
    : { files: ranges.map(({ name, size }) => ({ path: name, size })) }
  const { tell, isSample } = shared
  const reading = { textColumn, columns: columns ?? [], maxRowBytes: maxLineBytes, tell, isSample }
  const open = async ({ index, path, signal }: RecordFile): Promise<ByteRanges> =>
    ranges === null ? await openRanges(path, { hub: shared.hub, signal }) : checkedRanges(ranges[index]!)
  const format = parquetRecords(reading, open)
  return new RecordSource('parquet', files, format, { maxBad, textIn: `its column ${textColumn}` }, shared)
}

/** How many rows a file has, by its footer. @throws SluiceError as the source does */
export async function countRows (path: string): Promise<number> {
  const { ParquetFile } = await import('../lib/parquet/file.ts')
  const ranges = await openRanges(path)
  try {
    return (await ParquetFile.open(ranges)).rows
  } finally {
    await ranges.close()
  }
}

/**
 * What serves ranges; null where files are named, or a stream is given.
 *
 * @throws SluiceError `ERR_OPTION` for both in one list
 */
function rangesIn (input: SourceInput | ByteRanges | readonly ByteRanges[]): readonly ByteRanges[] | null {
  const given = [input].flat() as readonly unknown[]
  const ranges = given.filter(isByteRanges)
  if (ranges.length === 0) return null
  if (ranges.length < given.length) {
    throw new SluiceError('ERR_OPTION', 'parquet: got paths and what serves ranges in one list, ' +
      'expected one of them; openRanges makes ranges of a path')
  }
  return ranges
}

function isByteRanges (one: unknown): one is ByteRanges {
  return typeof one === 'object' && one !== null && ['name', 'size', 'read', 'close'].every(key => key in one) &&
    !(Symbol.asyncIterator in one)
}
