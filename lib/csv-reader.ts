import type Papa from 'papaparse'
import type { Document } from './document.ts'
import { SluiceError } from './errors.ts'
import { LineSplitter, decodeUtf8 } from './lines.ts'
import { lookAhead } from './look-ahead.ts'
import { BytesReader, type FoundRecord, type RecordFile, type RecordReader, withoutByteOrderMark } from './record-reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'

/** How records are written, and which column has the text. */
export interface Dialect {
  readonly textColumn: string
  /** One ASCII character, as is the quote; with an empty quote nothing is quoted. */
  readonly delimiter: string
  readonly quote: string
  readonly maxLineBytes: number
}

interface Header {
  readonly columns: readonly string[]
  /** Of the byte behind it. */
  readonly end: number
}

/** Records out of CSV: the first names the columns. */
export class CsvReader implements RecordReader {
  readonly #file: RecordFile
  readonly #dialect: Dialect
  readonly #ends: RecordEnds
  #papa!: typeof Papa // from the opening on
  #records: BytesReader | undefined
  #closed = false

  constructor (file: RecordFile, dialect: Dialect) {
    this.#file = file
    this.#dialect = dialect
    this.#ends = new RecordEnds(dialect)
  }

  next (): FoundRecord | undefined {
    return this.#records?.next()
  }

  async read (): Promise<boolean> {
    this.#records ??= await this.#open()
    if (await this.#records.read()) return true
    if (this.#ends.isInQuotes) throw new SluiceError('ERR_SOURCE', `${this.#file.path}: a quote that opens in the last record is never closed: the file is cut off, or a quote in it is damaged; get the file again, or say --quote '' (quote: '') if quotes in it are text`)
    return false
  }

  close (): void {
    this.#closed = true
    this.#records?.close()
  }

  async #open (): Promise<BytesReader> {
    const { maxLineBytes } = this.#dialect
    this.#papa = (await import('papaparse')).default
    const { seen: { columns, end }, from } = await lookAhead(this.#file, (head, ended) => this.#header(head, ended))
    this.#check(columns)
    const start = Math.max(this.#file.offset, end)
    const records = new BytesReader(this.#file, from(start), new LineSplitter(maxLineBytes, start, this.#ends.find), (bytes, id) => this.#parse(bytes, columns, id))
    if (this.#closed) records.close()
    return records
  }

  /** The first record that isn't blank; undefined where more of the file has to be seen. */
  #header (head: Buffer, ended: boolean): Header | undefined {
    const text = withoutByteOrderMark(head) // before a quote, it must not hide that the quote begins a field
    const ends = new RecordEnds(this.#dialect)
    const lines = new LineSplitter(this.#dialect.maxLineBytes, head.length - text.length, ends.find)
    lines.write(text)
    for (;;) {
      const line = lines.next() ?? (ended ? lines.end() : undefined)
      if (line === undefined) {
        if (!ended) this.#refuseLong(head)
        return ended ? { columns: [], end: head.length } : undefined
      }
      const names = line.bytes.toString()
      if (names !== '') return { columns: this.#fields(names) ?? [names], end: line.end }
    }
  }

  #refuseLong ({ length }: Buffer): void {
    if (length <= this.#dialect.maxLineBytes) return
    throw new SluiceError('ERR_SOURCE', `${this.#file.path}: the first record, which names the columns, is longer than ${this.#dialect.maxLineBytes} bytes; is it CSV, and is the quote right (--quote)?`)
  }

  /** An empty file has no columns, and no records either. */
  #check (columns: readonly string[]): void {
    const { textColumn, delimiter } = this.#dialect
    if (columns.some(name => name.includes('\r'))) throw new SluiceError('ERR_SOURCE', `${this.#file.path}: has carriage returns in the names of its columns: its lines end in \\r alone, or in a mixture; convert them to \\n`)
    const twice = columns.find((name, index) => columns.indexOf(name) < index)
    if (twice !== undefined) throw new SluiceError('ERR_SOURCE', `${this.#file.path}: two columns are named ${JSON.stringify(twice)}, expected a name of its own for each`)
    if (columns.length > 0 && !columns.includes(textColumn)) {
      const names = columns.map(name => JSON.stringify(name.slice(0, 40))).slice(0, 50).join(', ')
      throw new SluiceError('ERR_SOURCE', `${this.#file.path}: has no column ${textColumn}, its columns are ${names} (delimiter ${JSON.stringify(delimiter)}); name the one that has the text (--text-column, text_column), or the delimiter`)
    }
  }

  #parse (bytes: Buffer, columns: readonly string[], id: () => string): Document | RecordFault | null {
    if (bytes.length === 0) return null
    if (this.#ends.isDamaged) return 'bad_csv'
    const text = decodeUtf8(bytes)
    if (text === null) return 'bad_utf8'
    const fields = this.#fields(text)
    if (fields?.length !== columns.length) return 'bad_csv'
    return documentOfRecord(Object.fromEntries(columns.map((name, index) => [name, fields[index]])), this.#dialect.textColumn, id)
  }

  /** The fields of one record; undefined where it has text behind a closing quote, or no closing quote. */
  #fields (record: string): readonly string[] | undefined {
    const { delimiter, quote } = this.#dialect
    const quoting = quote === '' ? { fastMode: true } : { quoteChar: quote, fastMode: false }
    const { data, errors } = this.#papa.parse<string[]>(record, { delimiter, newline: '\n', ...quoting })
    return errors.length > 0 || data.length !== 1 ? undefined : data[0]
  }
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Finds where records end: at a line break that isn't quoted. A quote counts as one at the beginning of a field only. */
class RecordEnds {
  readonly #delimiter: number
  readonly #quote: number
  #atFieldStart = true
  /** Whether the record that was found last has text behind a closing quote. */
  isDamaged = false
  #isQuoted = false
  #hasEnded = false
  #quoteBefore = false // in a quoted field: the field's end, or a quote that is doubled

  constructor ({ delimiter, quote }: Dialect) {
    this.#delimiter = delimiter.charCodeAt(0)
    this.#quote = quote === '' ? -1 : quote.charCodeAt(0)
  }

  /** Whether a quote is open; one that was just closed may be the last of the file. */
  get isInQuotes (): boolean {
    return this.#isQuoted && !this.#quoteBefore
  }

  readonly find = (chunk: Buffer, from: number): number => {
    if (this.#hasEnded) this.isDamaged = this.#hasEnded = false // another record begins
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#quoteBefore) {
        this.#quoteBefore = false
        if (byte === this.#quote) continue
        this.#isQuoted = false
        // Papa passes over spaces behind a closing quote; they may be part of the text, whose quote was damaged.
        if (byte !== this.#delimiter && byte !== NEWLINE && byte !== CARRIAGE_RETURN) this.isDamaged = true
      } else if (this.#isQuoted) {
        i = chunk.indexOf(this.#quote, i) // most of a corpus is quoted: a loop takes three times as long
        if (i === -1) return -1
        this.#quoteBefore = true
        continue
      }
      if (byte === NEWLINE) {
        this.#atFieldStart = this.#hasEnded = true
        return i
      }
      if (byte === this.#quote && this.#atFieldStart) this.#isQuoted = true
      this.#atFieldStart = byte === this.#delimiter
    }
    return -1
  }
}
