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
    .describe('character between fields (default: that of a first line such as sep=;, ' +
      'a tab if the name ends in .tsv, else a comma)'),
  quote: z.string().regex(/^[^\r\n\x80-\uffff]?$/, 'expected one ASCII character, or nothing').optional()
    .describe('character around fields with delimiters or line breaks (default: "; if empty, quotes are text)'),
  escape: z.string().regex(/^[^\r\n\x80-\uffff]?$/, 'expected one ASCII character, or nothing').optional()
    .describe('character before a quote within quotes, such as \\ in files of Spark ' +
      '(default: none; such a quote is doubled)'),
  ...recordSourceOptions
})

/** Options of `csv`. */
export type CsvOptions = z.input<typeof csvOptions> & SourceOptions

/**
 * Reads documents from CSV or TSV, one from each record; plain, `.gz` or `.zst`. The first record of each file names
 * its columns. Fields are quoted as in RFC 4180; a quoted field may have line breaks. Every field is a string. Blank
 * lines are skipped. A first line such as `sep=;`, which sets the delimiter for Excel, has the same effect as the
 * option. The character `escape` makes text of a quote within quotes, and of itself; before any other character it is
 * text.
 *
 * A record's id and its further fields are used as in `ndjson`. A record with more or fewer fields than columns, or
 * with text after a closing quote, is counted as `bad_csv`.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE` (a quote that is never closed, a
 *   missing column), `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function csv (input: SourceInput, options: CsvOptions = {}): RecordSource {
  const [{ maxBad, ...own }, shared] = sourceOptions('csv', csvOptions, options)
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
