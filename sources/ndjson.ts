import { z } from 'zod'
import { UnparsedRecord } from '../lib/batched-reader.ts'
import type { Document } from '../lib/document.ts'
import { JsonReader } from '../lib/json-reader.ts'
import { parseJson } from '../lib/json.ts'
import { decodeUtf8 } from '../lib/lines.ts'
import { type RecordFault, documentOfRecord } from '../lib/record.ts'
import { RecordSource, type SourceInput } from '../lib/record-source.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/source-options.ts'

export const ndjsonOptions = z.strictObject({
  textColumn: z.string().min(1).default('text').describe('field of a record that holds its text'),
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
  const parse = (json: Buffer, id: () => string): Document | RecordFault | null =>
    shared.examination !== undefined && json[0] === OPEN_OBJECT ? new UnparsedRecord(id(), json) : documentOfJson(json, textColumn, id)
  return new RecordSource('ndjson', input, file => new JsonReader(file, maxLineBytes, parse),
    { maxBad, textIn: `its field ${textColumn}` }, shared)
}

/** What every good record begins with, so that one is parsed where it can be done in another thread. */
const OPEN_OBJECT = 0x7b

/** A record as JSON as a document; null where it is blank. `id` gives the id of a record without one. */
export function documentOfJson (bytes: Buffer, textColumn: string, id: () => string): Document | RecordFault | null {
  const json = decodeUtf8(bytes)
  if (json === null) return 'bad_utf8'
  const record = parseJson(json)
  return record === undefined ? (json.trim() === '' ? null : 'bad_json') : documentOfRecord(record, textColumn, id)
}
