import { z } from 'zod'
import { jsonRecords } from '../lib/record-formats.ts'
import { RecordSource, type SourceInput } from '../lib/record-source.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/source-options.ts'

export const ndjsonOptions = z.strictObject({
  textColumn: z.string().min(1).default('text').describe('field of a record that holds its text, or the way to it: data.text, messages[].content'),
  ...recordSourceOptions
})

export type NdjsonOptions = z.input<typeof ndjsonOptions> & SourceOptions

/**
 * Documents from NDJSON, a JSON object a line, or from one JSON array of objects, where the first character is `[`;
 * plain, `.gz` or `.zst`. Blank lines are passed over.
 *
 * A record that is exactly `{id, text, meta}` is a document as it stands; otherwise its fields other than
 * the id and the text become `meta`; integers past 2^53 become strings of their digits. A bad record is counted in `stats.dropped`; see `RecordFault` for the reasons.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function ndjson (input: SourceInput, options: NdjsonOptions = {}): RecordSource {
  const [{ textColumn, maxLineBytes, maxBad }, shared] = sourceOptions('ndjson', ndjsonOptions, options)
  return new RecordSource('ndjson', input, jsonRecords(textColumn, maxLineBytes, shared.examination), { maxBad, textIn: `its field ${textColumn}` }, shared)
}
