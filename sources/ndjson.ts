import { z } from 'zod'
import { jsonRecords, unparsedJsonRecords } from '../lib/records/json.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { type SourceInput, RecordSource } from '../lib/records/source.ts'

export const ndjsonOptions = z.strictObject({
  textColumn: z.string().min(1).default('text')
    .describe('field of a record that holds its text, or the path to it: data.text, messages[].content'),
  field: z.string().min(1).optional()
    .describe('field that holds the array of records, ' +
      'if each JSON file is one object: {"data": [{"text": …}, …]}'),
  ...recordSourceOptions
})

/** Options of `ndjson`. */
export type NdjsonOptions = z.input<typeof ndjsonOptions> & SourceOptions

/**
 * Reads documents from NDJSON, one JSON object per line, or from one JSON array of objects; plain, `.gz` or `.zst`.
 * The array is a whole file that begins with `[`, or the `field` of one object. Blank lines are skipped. A line may
 * hold several objects; an object that spans several lines is an error.
 *
 * Python's `NaN`, `Infinity` and `-Infinity` are read; in `meta` they are strings. A record that is a string is a
 * document's text. A record that is exactly `{id, text, meta}` is a document already. For any other record, all
 * fields except the id and the text become `meta`. Integers past 2^53 become strings of their digits. A bad record is
 * counted in `stats.dropped`; see `RecordFault` for the reasons.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function ndjson (input: SourceInput, options: NdjsonOptions = {}): RecordSource {
  return ndjsonSource(input, ...sourceOptions('ndjson', ndjsonOptions, options))
}

/** Like `ndjson`, with parsed options. */
export function ndjsonSource (
  input: SourceInput, options: z.output<typeof ndjsonOptions>, shared: SourceOptions = {}
): RecordSource {
  const { textColumn, field, maxLineBytes, maxBad } = options
  const json = { textColumn, maxLineBytes, field }
  const own = { maxBad, textIn: `its field ${textColumn}`, openUnparsed: unparsedJsonRecords(json) }
  return new RecordSource('ndjson', input, jsonRecords(json), own, shared)
}
