import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { decodeUtf8 } from '../lib/lines.ts'
import { parseOptions } from '../lib/options.ts'
import { type RecordFault, RecordSource, type SourceInput, type SourceOptions, recordSourceOptions } from '../lib/record-source.ts'

export const ndjsonOptions = z.strictObject({
  textColumn: z.string().min(1).default('text').describe('field of a record that holds its text'),
  ...recordSourceOptions
})

export type NdjsonOptions = z.input<typeof ndjsonOptions> & SourceOptions

/**
 * Documents from NDJSON: a JSON object a line, plain or `.gz`. Blank lines are passed over.
 *
 * A record that is exactly `{id, text, meta}` is a document as it stands; otherwise its fields other than
 * the id and the text become `meta`. A bad record is counted in `stats.dropped`; see `RecordFault` for the reasons.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function ndjson (input: SourceInput, options: NdjsonOptions = {}): RecordSource {
  const { from, highWaterMark, signal, ...own } = options
  const { textColumn, ...reading } = parseOptions('ndjson', ndjsonOptions, own)
  return new RecordSource('ndjson', input, (line, id) => documentOfLine(line, textColumn, id), { ...reading, textIn: `its field ${textColumn}` }, { from, highWaterMark, signal })
}

/** A line of NDJSON as a document; null where it is blank. `id` gives the id of a record without one. */
export function documentOfLine (line: Buffer, textColumn: string, id: () => string): Document | RecordFault | null {
  const json = decodeUtf8(line)
  if (json === null) return 'bad_utf8'
  let record: unknown
  try {
    record = JSON.parse(json)
  } catch {
    return json.trim() === '' ? null : 'bad_json'
  }
  return documentOfRecord(record, textColumn, id)
}

/** A record of any source as a document. */
export function documentOfRecord (record: unknown, textColumn: string, id: () => string): Document | RecordFault {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return 'not_object'
  // Rest properties are defined, not assigned: a field called __proto__ stays a field.
  const { id: ownId, [textColumn]: text, ...others } = record as Record<string, unknown>
  if (text === undefined || text === null || !Object.hasOwn(record, textColumn)) return 'no_text'
  if (typeof text !== 'string') return 'text_not_string'
  if (!text.isWellFormed()) return 'lone_surrogate'
  if (isDocument(record, textColumn, ownId, others)) return { id: ownId as string, text, meta: others.meta }
  const named = idOf(ownId)
  // An id that can't name a document is not lost.
  if (named === undefined && ownId != null) return { id: id(), text, meta: { id: ownId, ...others } }
  return { id: named ?? id(), text, meta: others }
}

function idOf (id: unknown): string | undefined {
  if (typeof id === 'string' && id !== '') return id
  // An integer past 2^53 has lost digits in JSON.parse, and might be another record's.
  if (typeof id === 'number' && (Number.isSafeInteger(id) || !Number.isInteger(id))) return String(id)
  return undefined
}

function isDocument (record: object, textColumn: string, id: unknown, others: Record<string, unknown>): others is { meta: Record<string, unknown> } {
  const { meta } = others
  return textColumn === 'text' && typeof id === 'string' && id !== '' && typeof meta === 'object' && meta !== null &&
    !Array.isArray(meta) && Object.keys(record).length === 3
}
