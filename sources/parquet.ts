import { z } from 'zod'
import { columnNames } from '../lib/options.ts'
import { RowReader } from '../lib/parquet/row-reader.ts'
import { RecordSource, type SourceInput, type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/record-source.ts'

export const parquetOptions = z.strictObject({
  textColumn: z.string().min(1).default('text').describe('column that holds the text'),
  columns: columnNames.optional().describe('further columns of parquet files to keep in meta; * for all (default: none)'),
  ...recordSourceOptions
})

export type ParquetOptions = z.input<typeof parquetOptions> & SourceOptions

/**
 * Documents from the rows of parquet files, read page by page: a file may be one large row group. Only the text's
 * column, the column `id` where there is one, and `columns` are read.
 *
 * In `meta`, 64-bit integers are strings, as are decimals, dates and times (ISO 8601, with the digits of their unit) and
 * NaN and the infinities; bytes are base64, structs objects, maps lists of `[key, value]`. A row is counted in
 * `stats.dropped` where its text is null, no string or no UTF-8, or where its values have more than `maxLineBytes`.
 *
 * @param input paths and globs; streams have no end to read from
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function parquet (input: SourceInput, options: ParquetOptions = {}): RecordSource {
  const [{ textColumn, columns, maxLineBytes, maxBad }, shared] = sourceOptions('parquet', parquetOptions, options)
  const reading = { textColumn, columns: columns === undefined ? [] : [columns].flat(), maxRowBytes: maxLineBytes }
  return new RecordSource('parquet', input, file => new RowReader(file, reading), { maxBad, textIn: `its column ${textColumn}` }, shared)
}
