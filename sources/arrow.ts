import { z } from 'zod'
import { columnNames } from '../lib/options.ts'
import { arrowRecords } from '../lib/records/arrow.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { type SourceInput, RecordSource } from '../lib/records/source.ts'

export const arrowOptions = z.strictObject({
  textColumn: z.string().min(1).default('text')
    .describe('column that holds the text, or the way to it: data.text, messages[].content'),
  columns: columnNames.optional()
    .describe('further columns to keep in meta, commas between them; * for all (default: none)'),
  ...recordSourceOptions
})

/** What `arrow` can be told. */
export type ArrowOptions = z.input<typeof arrowOptions> & SourceOptions

/**
 * Documents from the rows of Arrow IPC, plain, `.gz` or `.zst`: the stream format, which Python's `datasets` writes,
 * and the file format, which begins with `ARROW1` and is read by its footer; buffers may be compressed with LZ4 or
 * zstd. In memory are the dictionaries and one record batch; of the file format from a pipe, `.gz` or `.zst` all up to
 * 64 MiB, and what is larger is read in the order in which it lies there.
 *
 * A row gives the document that `parquet` makes of it. It is counted in `stats.dropped` where its text is null, no
 * string or no UTF-8, or where its values have more than `maxLineBytes`.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE` (damage, a column that isn't there,
 *   a message of more than 512 MiB), `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function arrow (input: SourceInput, options: ArrowOptions = {}): RecordSource {
  const [{ textColumn, columns = [], maxLineBytes, maxBad }, shared] = sourceOptions('arrow', arrowOptions, options)
  const { tell, isSample, hub } = shared
  const format = arrowRecords({ textColumn, columns, maxRowBytes: maxLineBytes, tell, isSample }, hub)
  return new RecordSource('arrow', input, format, { maxBad, textIn: `its column ${textColumn}` }, shared)
}
