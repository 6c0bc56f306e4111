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
    .describe('column that holds the text, or the path to it: data.text, messages[].content'),
  columns: columnNames.optional()
    .describe('further columns to keep in meta, separated by commas; * for all (default: none)'),
  ...recordSourceOptions
})

/** Options of `parquet`. */
export type ParquetOptions = z.input<typeof parquetOptions> & SourceOptions

type ParquetInput = SourceInput | ByteRanges | readonly ByteRanges[]

/**
 * Reads documents from the rows of parquet files. Files are read page by page, so a file may be one large row group.
 * Only the text column, the column `id` if there is one, and `columns` are read.
 *
 * In `meta`, strings hold 64-bit integers, decimals, dates and times (ISO 8601, with the digits of their unit), NaN and
 * the infinities. Bytes are base64, structs are objects, and maps are lists of `[key, value]`. A row is counted in
 * `stats.dropped` if its text is null, not a string or not UTF-8, or if its values have more than `maxLineBytes` bytes.
 *
 * @param input paths and globs, or `ByteRanges`, which are closed after they are read; not a stream, since the footer
 *   of a parquet file is at its end
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function parquet (input: ParquetInput, options: ParquetOptions = {}): RecordSource {
  return parquetSource(input, ...sourceOptions('parquet', parquetOptions, options))
}

/** Like `parquet`, with parsed options. */
export function parquetSource (
  input: ParquetInput, options: z.output<typeof parquetOptions>, shared: SourceOptions = {}
): RecordSource {
  const { textColumn, columns = [], maxLineBytes, maxBad } = options
  const ranges = rangesIn(input)
  const files = ranges === null
    ? input as SourceInput
    : { files: ranges.map(({ name, size }) => ({ path: name, size })) }
  const { tell, isSample } = shared
  const reading = { textColumn, columns, maxRowBytes: maxLineBytes, tell, isSample }
  const open = async ({ index, path, signal }: RecordFile): Promise<ByteRanges> =>
    ranges === null ? await openRanges(path, { hub: shared.hub, signal }) : checkedRanges(ranges[index]!)
  const format = parquetRecords(reading, open)
  return new RecordSource('parquet', files, format, { maxBad, textIn: `its column ${textColumn}` }, shared)
}

/** The number of rows in a file, from its footer. @throws SluiceError as the source does */
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
 * The `ByteRanges` of the input; null for paths or a stream.
 *
 * @throws SluiceError `ERR_OPTION` for both in one list
 */
function rangesIn (input: ParquetInput): readonly ByteRanges[] | null {
  const given = [input].flat() as readonly unknown[]
  const ranges = given.filter(isByteRanges)
  if (ranges.length === 0) return null
  if (ranges.length < given.length) {
    throw new SluiceError('ERR_OPTION', 'parquet: got both paths and byte ranges in one list, ' +
      'expected only one kind; openRanges makes ranges of a path')
  }
  return ranges
}

function isByteRanges (input: unknown): input is ByteRanges {
  return typeof input === 'object' && input !== null && !(Symbol.asyncIterator in input) &&
    ['name', 'size', 'read', 'close'].every(key => key in input)
}
