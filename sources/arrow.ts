import { z } from 'zod'
import { columnNames } from '../lib/options.ts'
import { arrowRecords } from '../lib/records/arrow.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { type SourceInput, RecordSource } from '../lib/records/source.ts'

export const arrowOptions = z.strictObject({
  textColumn: z.string().min(1).default('text')
    .describe('column that holds the text, or the path to it: data.text, messages[].content'),
  columns: columnNames.optional()
    .describe('further columns to keep in meta, separated by commas; * for all (default: none)'),
  ...recordSourceOptions
})

/** Options of `arrow`. */
export type ArrowOptions = z.input<typeof arrowOptions> & SourceOptions

/**
 * Reads documents from the rows of Arrow IPC, plain, `.gz` or `.zst`. Both formats are read: the stream format, which
 * Python's `datasets` writes, and the file format, which begins with `ARROW1` and is read by its footer. Buffers may be
 * compressed with LZ4 or zstd.
 *
 * Only the dictionaries and one record batch are in memory. The file format from a pipe, `.gz` or `.zst` is buffered
 * up to 64 MiB; a larger input is read in the order of its bytes.
 *
 * A row becomes the same document as with `parquet`. It is counted in `stats.dropped` if its text is null, not a
 * string or not UTF-8, or if its values have more than `maxLineBytes` bytes.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE` (damage, a missing column, a
 *   message of more than 512 MiB), `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function arrow (input: SourceInput, options: ArrowOptions = {}): RecordSource {
  return arrowSource(input, ...sourceOptions('arrow', arrowOptions, options))
}

/** Like `arrow`, with parsed options. */
export function arrowSource (
  input: SourceInput, options: z.output<typeof arrowOptions>, shared: SourceOptions = {}
): RecordSource {
  const { textColumn, columns = [], maxLineBytes, maxBad } = options
  const { tell, isSample, hub } = shared
  const format = arrowRecords({ textColumn, columns, maxRowBytes: maxLineBytes, tell, isSample }, hub)
  return new RecordSource('arrow', input, format, { maxBad, textIn: `its column ${textColumn}` }, shared)
}
