import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { csvSyntaxOptions } from '../lib/records/csv-options.ts'
import { csvRecords } from '../lib/records/csv.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { type SourceInput, RecordSource } from '../lib/records/source.ts'

export const csvOptions = z.strictObject({
  textColumn: z.string().min(1).default('text').describe('column that holds the text'),
  ...csvSyntaxOptions,
  ...recordSourceOptions
})

/** Options of `csv`. */
export type CsvOptions = z.input<typeof csvOptions> & SourceOptions

/**
 * Reads documents from CSV or TSV, one from each record; plain, `.gz` or `.zst`. The first record of each file names
 * its columns. Fields are quoted as in RFC 4180; a quoted field may have line breaks. Every field is a string. Blank
 * lines are skipped. A first line such as `sep=;`, which sets the delimiter for Excel, has the same effect as the
 * option. Within quotes, the character `escape` escapes a quote and itself; before any other character it is text.
 *
 * A record's id and its further fields are used as in `ndjson`. A record with more or fewer fields than columns, or
 * with text after a closing quote, is counted as `bad_csv`.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE` (a quote that is never closed, a
 *   missing column), `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function csv (input: SourceInput, options: CsvOptions = {}): RecordSource {
  return csvSource(input, ...sourceOptions('csv', csvOptions, options))
}

/** Like `csv`, with parsed options. @throws SluiceError `ERR_OPTION` for two that exclude each other */
export function csvSource (
  input: SourceInput, { maxBad, ...own }: z.output<typeof csvOptions>, shared: SourceOptions = {}
): RecordSource {
  if (own.delimiter !== undefined && own.delimiter === own.quote) {
    throw new SluiceError('ERR_OPTION', `csv: the delimiter and the quote are both ${JSON.stringify(own.quote)}, ` +
      'expected two characters')
  }
  if (own.escape !== undefined && own.escape !== '') {
    if (own.quote === '') {
      throw new SluiceError('ERR_OPTION', 'csv: got an escape character and an empty quote; leave one of them out')
    }
    if (own.escape === own.delimiter) {
      throw new SluiceError('ERR_OPTION',
        `csv: the delimiter and the escape character are both ${JSON.stringify(own.escape)}, expected two characters`)
    }
  }
  return new RecordSource('csv', input, csvRecords(own), { maxBad }, shared)
}
