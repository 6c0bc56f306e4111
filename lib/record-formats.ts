import { ArrowReader } from './arrow/arrow-reader.ts'
import { type Examination, UnparsedRecord } from './batched-reader.ts'
import { CsvReader } from './csv-reader.ts'
import type { Document } from './document.ts'
import { isHubName } from './hub/address.ts'
import { JsonMistake, mayHaveConstants, parsePythonJson } from './json-parser.ts'
import { JsonReader, isObject } from './json-reader.ts'
import { parseJson, withNamedNumbers } from './json.ts'
import { LineSplitter, decodeUtf8, keepingBreaks, universalNewlines } from './lines.ts'
import type { ByteRanges } from './parquet/ranges.ts'
import { RowReader, type RowReaderOptions } from './parquet/row-reader.ts'
import { BytesReader, type ParseRecord, type RecordFile } from './record-reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'
import type { OpenRecords } from './record-source.ts'
import type { RowOptions } from './table-row.ts'

export interface JsonOptions {
  readonly textColumn: string
  readonly maxLineBytes: number
  /** The field of the one object that a file is, where that has the records. */
  readonly field?: string | undefined
}

/** JSON: a line each, the elements of an array, or those of a field. @param examination where records are parsed in another thread */
export function jsonRecords ({ textColumn, maxLineBytes, field }: JsonOptions, examination: Examination | undefined): OpenRecords {
  const parsePart: ParseRecord = (json, id) => documentOfJson(json, textColumn, id)
  const parse: ParseRecord = examination === undefined ? parsePart : (json, id) => isObject(json) ? new UnparsedRecord(id(), json) : parsePart(json, id)
  return file => new JsonReader(file, { maxBytes: maxLineBytes, parse, parsePart, field })
}

/** CSV, whose first record names the columns; with tabs where a file's name ends in `.tsv`, unless told otherwise. */
export function csvRecords ({ delimiter, quote, ...own }: { readonly textColumn: string, readonly maxLineBytes: number, readonly delimiter?: string | undefined, readonly quote?: string | undefined }): OpenRecords {
  return file => new CsvReader(file, {
    ...own,
    delimiter: delimiter ?? (/\.tsv(\.gz|\.zst)?$/.test(file.path) ? '\t' : ','),
    quote: quote ?? '"'
  })
}

/** Text, a document a line; lines end as in Python. */
export function textRecords (maxLineBytes: number): OpenRecords {
  return file => {
    let isBlank = true
    return new BytesReader(file, keepingBreaks(file.bytesFrom(file.offset)), new LineSplitter(maxLineBytes, file.offset, universalNewlines()), (line, id) => {
      const text = decodeUtf8(line)
      if (isBlank) isBlank = text?.trim() === ''
      return text === null ? 'bad_utf8' : { id: id(), text, meta: {} }
    }, { isBlank: () => isBlank })
  }
}

/** Parquet, a document a row; of the Hub with what tells its licence. @param open a file, or what stands for it */
export function parquetRecords (options: Omit<RowReaderOptions, 'open' | 'withLicense'>, open: (file: RecordFile) => Promise<ByteRanges>): OpenRecords {
  return file => new RowReader(file, { ...options, withLicense: isHubName(file.path), open: () => open(file) })
}

/** Arrow, a document a row; of the Hub with what tells its licence. */
export function arrowRecords (options: Omit<RowOptions, 'withLicense'>): OpenRecords {
  return file => new ArrowReader(file, { ...options, withLicense: isHubName(file.path) })
}

/** A record as JSON as a document; null where it is blank. `id` gives the id of a record without one. */
export function documentOfJson (bytes: Buffer, textColumn: string, id: () => string): Document | RecordFault | null {
  const json = decodeUtf8(bytes)
  if (json === null) return 'bad_utf8'
  const record = parseJson(json)
  if (record !== undefined) return documentOfRecord(record, textColumn, id)
  // A byte order mark is in the middle of a file where several were put together.
  if (json.startsWith('\ufeff')) return documentOfJson(bytes.subarray(3), textColumn, id)
  if (json.trim() === '') return null
  return mayHaveConstants(json) ? documentOfPythonJson(json, textColumn, id) : 'bad_json'
}

/** Numbers that JSON lacks are strings in `meta`, as those of parquet are. */
function documentOfPythonJson (json: string, textColumn: string, id: () => string): Document | RecordFault {
  try {
    const outcome = documentOfRecord(parsePythonJson(json), textColumn, id)
    return typeof outcome === 'string' ? outcome : { ...outcome, meta: withNamedNumbers(outcome.meta) as Document['meta'] }
  } catch (error) {
    if (error instanceof JsonMistake) return error.isTooDeep ? 'too_deep' : 'bad_json'
    throw error
  }
}
