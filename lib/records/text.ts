import type { ByteRanges, FileNames } from '../bytes.ts'
import type { Document } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { refuseTables } from '../file-kind.ts'
import { isHubName } from '../hub/address.ts'
import type { RemoteOptions } from '../input/hub.ts'
import { openSeekable } from '../input/ranges.ts'
import { parseJson, withNamedNumbers } from '../json/json.ts'
import { JsonMistake, mayHaveConstants, parsePythonJson } from '../json/python.ts'
import { ArrowReader } from './arrow.ts'
import { CsvReader } from './csv.ts'
import { JsonReader, isObject } from './json.ts'
import { LineSplitter, decodeUtf8, keepingBreaks, universalNewlines } from './lines.ts'
import { RowReader } from './parquet.ts'
import { type ParseRecord, type RecordFile, BytesReader } from './reader.ts'
import { type Examination, UnparsedRecord } from './record-batch.ts'
import { type RecordFault, documentOfRecord } from './record.ts'
import type { SourceOptions } from './source-options.ts'
import type { OpenRecords } from './source.ts'
import { type RowOptions, MissingColumns } from './table-row.ts'

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
  return file => new JsonReader(asText(file, true), { maxBytes: maxLineBytes, parse, parsePart, field })
}

interface CsvRecordsOptions {
  readonly textColumn: string
  readonly maxLineBytes: number
  readonly delimiter?: string | undefined
  readonly quote?: string | undefined
  readonly escape?: string | undefined
}

/** CSV, whose first record names the columns; with tabs where a file's name ends in `.tsv`, unless told otherwise. */
export function csvRecords ({ delimiter, quote = '"', escape = '', ...own }: CsvRecordsOptions): OpenRecords {
  return file => new CsvReader(asText(file, true), {
    ...own,
    delimiter,
    usualDelimiter: /\.tsv(\.gz|\.zst)?$/.test(file.path) ? '\t' : ',',
    quote,
    escape: escape === quote ? '' : escape // quotes that are doubled
  })
}

/** A file whose content is refused where other readers are for it. @param records whether it has records, and not lines of text */
function asText (file: RecordFile, records: boolean): RecordFile {
  return { ...file, bytesFrom: offset => offset === 0 ? refuseTables(file.bytesFrom(0), file.path, records) : file.bytesFrom(offset) }
}

/** Text, a document a line; lines end as in Python. */
export function textRecords (maxLineBytes: number): OpenRecords {
  return file => {
    let isBlank = true
    const chunks = keepingBreaks(asText(file, false).bytesFrom(file.offset))
    const splitter = new LineSplitter(maxLineBytes, file.offset, universalNewlines())
    return new BytesReader(file, chunks, splitter, (line, id) => {
      const text = decodeUtf8(line)
      if (isBlank) isBlank = text?.trim() === ''
      return text === null ? 'bad_utf8' : { id: id(), text, meta: {} }
    }, { isBlank: () => isBlank })
  }
}

/** What readers of tables are told. */
interface TableOptions extends Pick<RowOptions, 'textColumn' | 'columns' | 'maxRowBytes'>, Pick<SourceOptions, 'tell' | 'isSample'> {}

/** Parquet, a document a row; of the Hub with what tells its licence. @param open a file, or what stands for it */
export function parquetRecords (options: TableOptions, open: (file: RecordFile) => Promise<ByteRanges>): OpenRecords {
  const missing = new MissingColumns(options.tell, options.isSample)
  return file => new RowReader(file, { ...options, missing, withLicense: isHubName(file.path), open: () => open(file) })
}

/** Arrow, a document a row; of the Hub with what tells its licence. @param hub how files on the Hub are read */
export function arrowRecords (options: TableOptions, hub?: RemoteOptions['hub']): OpenRecords {
  const open = async ({ isNamed, path, signal }: RecordFile): Promise<ByteRanges | null> => isNamed ? await openSeekable(path, { hub, signal }) : null
  const missing = new MissingColumns(options.tell, options.isSample)
  return file => new ArrowReader(file, { ...options, missing, withLicense: isHubName(file.path), open })
}

/** A record as JSON as a document; null where it is blank. `id` gives the id of a record without one. */
export function documentOfJson (bytes: Buffer, textColumn: string, id: () => string): Document | RecordFault | null {
  const json = decodeUtf8(bytes)
  return json === null ? 'bad_utf8' : documentOfText(json, textColumn, id)
}

function documentOfText (json: string, textColumn: string, id: () => string): Document | RecordFault | null {
  const record = parseJson(json)
  if (record !== undefined) return documentOfRecord(record, textColumn, id)
  // A byte order mark is in the middle of a file where several were put together. All at once: there may be a million.
  if (json.startsWith('\ufeff')) return documentOfText(json.replace(/^\ufeff+/, ''), textColumn, id)
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

/** The formats that the endings of names say, `.gz` and `.zst` behind them or not. */
const ENDINGS: Readonly<Record<string, string>> = { parquet: 'parquet', arrow: 'arrow', feather: 'arrow', csv: 'csv', tsv: 'csv', txt: 'text', jsonl: 'json', ndjson: 'json', json: 'json' }

/** Other words for the formats. */
const WORDS: Readonly<Record<string, string>> = { jsonl: 'json', ndjson: 'json', txt: 'text' }

/** The name that a format has in sluice: `json` for `jsonl` and `ndjson`. */
export function formatName (given: string): string {
  return Object.hasOwn(WORDS, given) ? WORDS[given]! : given
}

/** The format that the names of files or globs say; `json` where they say none. @throws SluiceError `ERR_OPTION` where they say several */
export function formatByNames (names: FileNames): string {
  const said = new Map<string, string>()
  for (const name of [names].flat()) {
    const ending = /\.(\w+)(?:\.gz|\.zst)?$/.exec(name)?.[1]?.toLowerCase() ?? ''
    const format = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending]! : null
    if (format !== null && !said.has(format)) said.set(format, name)
  }
  if (said.size <= 1) return [...said.keys()][0] ?? 'json'
  throw new SluiceError('ERR_OPTION', `dataset: the files are of several formats (${[...said].map(([format, name]) => `${name}: ${format}`).join(', ')}); read those of each by themselves, or name the one that all have (--dataset)`)
}
