import type { Document } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { ArrayEnds, FieldFinder } from '../json/array.ts'
import { parseJson, withNamedNumbers } from '../json/json.ts'
import { JsonMistake, jsonMistake, mayHaveConstants, parsePythonJson } from '../json/python.ts'
import { LineValues, isBlank } from '../json/structure.ts'
import { lookAhead } from './head.ts'
import { LineSplitter, decodeUtf8 } from './lines.ts'
import {
  type FoundRecord, type ParseRecord, type RecordFile, type RecordReader, BytesReader, withoutByteOrderMark
} from './reader.ts'
import { UnparsedRecord } from './record-batch.ts'
import { documentOfRecord, type RecordFault } from './record.ts'
import type { OpenRecords } from './reader.ts'
import { asText } from './text.ts'

const [OPEN_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('[{}') as unknown as readonly [number, number, number]

/** A file that starts with more white space than this is read as lines. */
const CHECKED_BYTES = 64 * 1024

export interface JsonReaderOptions<Item> {
  /** Bytes of the longest record, inclusive. */
  readonly maxBytes: number
  readonly parse: ParseRecord<Item>
  /** Parses a value of a line that has several. */
  readonly parsePart: ParseRecord<Item>
  /** The field that has the records, if each file is one object. */
  readonly field?: string | undefined
}

/**
 * Reads records of JSON: one or several per line; or the elements of an array, if the first character of the file is
 * `[`, or if the records are in a field of one object.
 */
class JsonReader<Item extends object> implements RecordReader<Item> {
  readonly #file: RecordFile
  readonly #options: JsonReaderOptions<Item>
  readonly #severalLines: SeveralLines
  #records: BytesReader<Item> | undefined
  #array: ArrayEnds | undefined
  #hasRecords = false
  #hasEnded = false
  #closed = false

  constructor (file: RecordFile, options: JsonReaderOptions<Item>) {
    this.#file = file
    this.#options = options
    this.#severalLines = new SeveralLines(file.path)
  }

  next (): FoundRecord<Item> | undefined {
    const found = this.#records?.next()
    if (found === undefined) return undefined
    if (found.outcome !== null) this.#hasRecords = true
    if (this.#array === undefined) {
      this.#severalLines.look(found)
      return found
    }
    // A comma without an element before or after it is not valid JSON.
    const record = found.outcome === null && this.#array.isMissing ? { ...found, outcome: 'bad_json' as const } : found
    if (!this.#array.isClosed || found.end < this.#records!.offset) return record
    if (this.#hasEnded) return undefined // skips what follows the array
    this.#hasEnded = true
    this.#file.count(-1)
    return { ...record, end: record.end - 1 } // so that resuming from here finds the end of the array again
  }

  async read (): Promise<boolean> {
    this.#records ??= await this.#open()
    if (await this.#records.read()) return true
    if (this.#hasEnded) this.#file.count(1)
    if (this.#array?.hasEnded === false) {
      const { field } = this.#options
      const begun = field === undefined
        ? 'the JSON array at the start of the file'
        : `the JSON object whose field ${JSON.stringify(field)} has the records`
      throw new SluiceError('ERR_SOURCE', `${this.#file.path}: ${begun} has no end: ` +
        'it is cut off, or a bracket or quote in it is damaged; get the file again')
    }
    return false
  }

  close (): void {
    this.#closed = true
    this.#records?.close()
  }

  get isBlank (): boolean | undefined {
    return this.#array === undefined ? !this.#hasRecords : undefined
  }

  readonly partsOf = (record: FoundRecord<object>): Generator<FoundRecord<Item>> | undefined =>
    this.#records?.partsOf(record)

  async #open (): Promise<BytesReader<Item>> {
    const { field } = this.#options
    const records = field === undefined ? await this.#openFile() : await this.#openField(field)
    if (this.#closed) records.close()
    return records
  }

  async #openFile (): Promise<BytesReader<Item>> {
    const { offset, path } = this.#file
    const { seen: first, from } = await lookAhead(this.#file, firstByte)
    if (first.byte !== OPEN_LIST) return this.#lines(from(offset))
    this.#array = new ArrayEnds(path)
    const start = offset === 0 ? first.offset + 1 : offset
    return this.#elements(offset > 0 ? this.#array.goOn(from(offset - 1)) : from(start), start)
  }

  /** Finds the array in its object; not needed when resuming within the array. */
  async #openField (field: string): Promise<BytesReader<Item>> {
    const { offset, path } = this.#file
    this.#array = new ArrayEnds(path, field)
    if (offset > 0) return this.#elements(this.#array.goOn(this.#file.bytesFrom(offset - 1)), offset)
    const chunks = this.#file.bytesFrom(0)
    const finder = new FieldFinder(path, field)
    let before = 0
    for (;;) {
      const chunk = await chunks.next()
      if (chunk.done === true) return finder.end()
      const start = finder.find(chunk.value)
      if (start === -1) {
        before += chunk.value.length
        continue
      }
      this.#file.count(before + start)
      return this.#elements(startingWith(chunk.value.subarray(start), chunks), before + start)
    }
  }

  #lines (chunks: AsyncGenerator<Buffer>): BytesReader<Item> {
    const { maxBytes, parse, parsePart } = this.#options
    const splitter = new LineSplitter(maxBytes, this.#file.offset, undefined, new LineValues().find)
    return new BytesReader(this.#file, chunks, splitter, parse, { parsePart, countsLines: true })
  }

  #elements (chunks: AsyncGenerator<Buffer>, start: number): BytesReader<Item> {
    const { maxBytes, parse, parsePart } = this.#options
    const splitter = new LineSplitter(maxBytes, start, this.#array!.find)
    return new BytesReader(this.#file, chunks, splitter, parse, { parsePart, skipsBlanks: true })
  }
}

async function * startingWith (first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first
    yield * rest
  } finally {
    await rest.return(undefined)
  }
}

/** After this many incomplete lines without a continuation, the file is not regarded as output of `jq .`. */
const MAX_LEFT_OPEN = 1000

/** Refuses JSON whose values span several lines, as each line would be a bad record. */
class SeveralLines {
  readonly #path: string
  #leftOpen = 0
  #open: { readonly json: string, readonly offset: number, readonly line: number | undefined } | undefined
  #hasItem = false // a record after an incomplete list: it may be an element

  constructor (path: string) {
    this.#path = path
  }

  /**
   * Looks at the next record.
   *
   * @throws SluiceError `ERR_SOURCE` if it continues the incomplete value of the line before
   */
  look ({ outcome, bytes, offset, line }: FoundRecord<object>): void {
    if (outcome === null || (this.#open === undefined && outcome !== 'bad_json')) return
    if (this.#leftOpen > MAX_LEFT_OPEN) return
    const open = this.#open
    const hasItem = this.#hasItem
    this.#open = undefined
    this.#hasItem = false
    // A line that may be a record doesn't continue another value, unless it is an element of a list; then a comma
    // follows it. It isn't parsed here, because threads may do that.
    if (isObject(bytes)) {
      if (open?.json.trimEnd().endsWith('[') !== true || hasItem) return
      this.#open = open
      this.#hasItem = true
      return
    }
    const json = decodeUtf8(bytes)
    if (json === null) return
    if (open !== undefined && hasItem && /^[,\]]/.test(json)) this.#fail(open)
    if (open !== undefined && !hasItem) {
      const mistake = jsonMistake(`${open.json}\n${json}`)
      if (mistake === null || mistake.at > open.json.length + 1) this.#fail(open)
    }
    if (outcome !== 'bad_json' || jsonMistake(json)?.isOpen !== true) return
    this.#open = { json, offset, line }
    this.#leftOpen++
  }

  #fail ({ offset, line }: { readonly offset: number, readonly line: number | undefined }): never {
    throw new ContinuedValue(this.#path, offset, line)
  }
}

/** A value of several lines in a file of JSON. */
export class ContinuedValue extends SluiceError {
  readonly path: string
  readonly offset: number
  /** The line that it starts in; undefined if lines aren't counted. */
  readonly line: number | undefined

  constructor (path: string, offset: number, line: number | undefined) {
    const place = line === undefined ? `byte ${offset}` : `line ${line}`
    super('ERR_SOURCE', `${path}: the JSON value that starts in ${place} continues in the next ` +
      'line, expected one record per line, or one array of records; convert the file with `jq -c .`, ' +
      'or, if it is one object with the records in a field, name that field (--field, field)')
    this.path = path
    this.offset = offset
    this.line = line
  }
}

/** Whether a line begins and ends as an object does. */
function isObject (bytes: Buffer): boolean {
  return bytes[0] === OPEN_OBJECT && bytes.at(-1) === CLOSE_OBJECT
}

/** The first byte after byte order marks and white space. */
interface First {
  /** Undefined if there is none. */
  readonly byte: number | undefined
  readonly offset: number
}

function firstByte (head: Buffer, ended: boolean): First | undefined {
  const text = withoutByteOrderMark(head)
  const index = text.findIndex(byte => !isBlank(byte))
  const certain = ended || head.length > CHECKED_BYTES || (head.length >= 3 && index !== -1)
  return certain ? { byte: text[index], offset: head.length - text.length + index } : undefined
}

export interface JsonOptions {
  readonly textColumn: string
  readonly maxLineBytes: number
  /** The field that has the records, if each file is one object. */
  readonly field?: string | undefined
}

/** Reads JSON: one record per line, the elements of an array, or those of a field. */
export function jsonRecords ({ textColumn, maxLineBytes, field }: JsonOptions): OpenRecords {
  const parse: ParseRecord = (json, id) => documentOfJson(json, textColumn, id)
  return file => new JsonReader(asText(file, true), { maxBytes: maxLineBytes, parse, parsePart: parse, field })
}

/** Like `jsonRecords`, for records that other threads parse: here, only values other than objects are parsed. */
export function unparsedJsonRecords (
  { textColumn, maxLineBytes, field }: JsonOptions
): OpenRecords<Document | UnparsedRecord> {
  const parsePart: ParseRecord = (json, id) => documentOfJson(json, textColumn, id)
  const parse: ParseRecord<Document | UnparsedRecord> = (json, id) =>
    isObject(json) ? new UnparsedRecord(id(), json) : parsePart(json, id)
  return file => new JsonReader(asText(file, true), { maxBytes: maxLineBytes, parse, parsePart, field })
}

/** Parses a record; null if it is blank. @param id returns the id for a record without one */
export function documentOfJson (bytes: Buffer, textColumn: string, id: () => string): Document | RecordFault | null {
  const json = decodeUtf8(bytes)
  return json === null ? 'bad_utf8' : documentOfText(json, textColumn, id)
}

function documentOfText (json: string, textColumn: string, id: () => string): Document | RecordFault | null {
  const record = parseJson(json)
  if (record !== undefined) return documentOfRecord(record, textColumn, id)
  // Concatenated files have byte order marks in the middle. All are removed at once, as there may be a million.
  if (json.startsWith('\ufeff')) return documentOfText(json.replace(/^\ufeff+/, ''), textColumn, id)
  if (json.trim() === '') return null
  return mayHaveConstants(json) ? documentOfPythonJson(json, textColumn, id) : 'bad_json'
}

/** Parses JSON with Python's `NaN` and `Infinity`, which become strings in `meta`, as they do in parquet. */
function documentOfPythonJson (json: string, textColumn: string, id: () => string): Document | RecordFault {
  try {
    const outcome = documentOfRecord(parsePythonJson(json), textColumn, id)
    if (typeof outcome === 'string') return outcome
    return { ...outcome, meta: withNamedNumbers(outcome.meta) as Document['meta'] }
  } catch (error) {
    if (error instanceof JsonMistake) return error.isTooDeep ? 'too_deep' : 'bad_json'
    throw error
  }
}
