import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { csvRecords } from '../lib/records/csv.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { type SourceInput, RecordSource } from '../lib/records/source.ts'

/** One byte, so that records can be cut before they are decoded. */
const character = z.string().transform(given => given === 'tab' || given === '\\t' ? '\t' : given)

export const csvOptions = z.strictObject({
  textColumn: z.string().min(1).default('text').describe('column that holds the text'),
  delimiter: character
    .refine(given => /^[^"\r\n\x80-\uffff]$/.test(given), 'expected one ASCII character, or tab, and no quote')
    .optional()
    .describe('what stands between fields (default: what a first line sep=; ' +
      'says, a tab where the name ends in .tsv, else a comma)'),
  quote: z.string().regex(/^[^\r\n\x80-\uffff]?$/, 'expected one ASCII character, or nothing').optional()
    .describe('what stands around fields with delimiters or line breaks (default: "; ' +
      'with nothing here, quotes are text)'),
  escape: z.string().regex(/^[^\r\n\x80-\uffff]?$/, 'expected one ASCII character, or nothing').optional()
    .describe('what stands before a quote within quotes, such as \\ in files of Spark (default: nothing; ' +
      'such a quote is doubled)'),
  ...recordSourceOptions
})

/** What `csv` can be told. */
export type CsvOptions = z.input<typeof csvOptions> & SourceOptions

/**
 * Documents from CSV or TSV, a record each; plain, `.gz` or `.zst`. The first record of each file names its columns.
 * Fields are quoted as in RFC 4180, and may have line breaks then; every field is a string. Blank lines are passed
 * over, and a first line such as `sep=;`, by which Excel is told the delimiter, counts as the option does. With
 * `escape`, that character makes text of a quote within quotes, and of itself; before anything else it is text.
 *
 * A record's own id and its further fields are taken as by `ndjson`. One with more or fewer fields than columns, or
 * with text behind a closing quote, is counted as `bad_csv`.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE` (a quote that is never closed, a
 *   column that isn't there), `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function csv (input: SourceInput, options: CsvOptions = {}): RecordSource {
  const [{ maxBad, ...own }, shared] = sourceOptions('csv', csvOptions, options)
  if (own.delimiter !== undefined && own.delimiter === own.quote) {
    throw new SluiceError('ERR_OPTION', `csv: the delimiter and the quote are both ${JSON.stringify(own.quote)}, ` +
      'expected two characters')
  }
  if (own.escape !== undefined && own.escape !== '') {
    if (own.quote === '') {
      throw new SluiceError('ERR_OPTION', 'csv: an escape character makes text of a quote, ' +
        'and there are none with the quote \'\'; leave one of them out')
    }
    if (own.escape === own.delimiter) {
      throw new SluiceError('ERR_OPTION',
        `csv: the delimiter and the escape character are both ${JSON.stringify(own.escape)}, expected two characters`)
    }
  }
  return new RecordSource('csv', input, csvRecords(own), { maxBad }, shared)
}
