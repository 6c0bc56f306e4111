import type Papa from 'papaparse'
import type { Document } from '../document.ts'
import { MissingFieldError, SluiceError } from '../errors.ts'
import { type CsvSyntax, RecordEnds, escapedFields, likelyDelimiter, namedDelimiter } from './csv-records.ts'
import { lookAhead } from './head.ts'
import { LineSplitter, decodeUtf8 } from './lines.ts'
import { type FoundRecord, type RecordFile, type RecordReader, BytesReader, withoutByteOrderMark } from './reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'
import type { OpenRecords } from './reader.ts'
import { shownColumns } from '../columns/names.ts'
import { asText } from './text.ts'

/** The syntax of records, and the column that has the text. */
export interface Dialect extends Omit<CsvSyntax, 'delimiter'> {
  readonly textColumn: string
  /** Undefined if not set: then a first line such as `sep=;` may name it. */
  readonly delimiter: string | undefined
  /** Used if neither the option nor the file names it. */
  readonly usualDelimiter: string
  readonly maxLineBytes: number
}

interface Header {
  readonly columns: readonly string[]
  /** The line as in the file. */
  readonly line: string
  readonly delimiter: string
  /** Offset of the byte after it. */
  readonly end: number
}

/** Reads the records of CSV, the first of which names the columns. */
class CsvReader implements RecordReader {
  readonly #file: RecordFile
  readonly #dialect: Dialect
  #syntax: CsvSyntax
  #ends: RecordEnds
  #papa!: typeof Papa // set by #open
  #records: BytesReader | undefined
  #closed = false

  constructor (file: RecordFile, dialect: Dialect) {
    this.#file = file
    this.#dialect = dialect
    this.#syntax = { ...dialect, delimiter: dialect.delimiter ?? dialect.usualDelimiter }
    this.#ends = new RecordEnds(this.#syntax)
  }

  next (): FoundRecord | undefined {
    return this.#records?.next()
  }

  async read (): Promise<boolean> {
    this.#records ??= await this.#open()
    if (await this.#records.read()) return true
    if (this.#ends.isInQuotes) {
      throw new SluiceError('ERR_SOURCE', `${this.#file.path}: a quote in the last record is never closed: ` +
        'the file is cut off, or a quote in it is damaged; get the file again, ' +
        `or pass --quote '' (quote: '') if quotes in it are text${this.#escapeAdvice()}`)
    }
    return false
  }

  close (): void {
    this.#closed = true
    this.#records?.close()
  }

  async #open (): Promise<BytesReader> {
    const { maxLineBytes } = this.#dialect
    this.#papa = (await import('papaparse')).default
    const { seen, from } = await lookAhead(this.#file, (head, ended) => this.#header(head, ended))
    const { columns, end, delimiter } = seen
    this.#syntax = { ...this.#syntax, delimiter }
    this.#ends = new RecordEnds(this.#syntax)
    this.#check(seen)
    const start = Math.max(this.#file.offset, end)
    const splitter = new LineSplitter(maxLineBytes, start, this.#ends.find)
    const records =
      new BytesReader(this.#file, from(start), splitter, (bytes, id) => this.#parse(bytes, columns, id))
    if (this.#closed) records.close()
    return records
  }

  /** The first record that isn't blank; undefined if more of the file is needed. */
  #header (head: Buffer, ended: boolean): Header | undefined {
    const text = withoutByteOrderMark(head) // it must not hide a quote that opens the first field
    let syntax = this.#syntax
    let ends = new RecordEnds(syntax)
    const markBytes = head.length - text.length
    const lines = new LineSplitter(this.#dialect.maxLineBytes, markBytes, (chunk, from) => ends.find(chunk, from))
    lines.write(text)
    for (let isFirst = true; ; isFirst = false) {
      const line = lines.next() ?? (ended ? lines.end() : undefined)
      if (line === undefined) {
        if (!ended) this.#refuseLong(head)
        return ended ? { columns: [], line: '', delimiter: syntax.delimiter, end: head.length } : undefined
      }
      const names = line.bytes.toString()
      const named = isFirst ? namedDelimiter(names) : null
      if (named !== null && named !== this.#syntax.quote) {
        syntax = { ...syntax, delimiter: this.#dialect.delimiter ?? named }
        ends = new RecordEnds(syntax)
      } else if (names !== '') {
        const columns = this.#fields(names, syntax) ?? [names]
        return { columns, line: names, delimiter: syntax.delimiter, end: line.end }
      }
    }
  }

  #refuseLong ({ length }: Buffer): void {
    if (length <= this.#dialect.maxLineBytes) return
    throw new SluiceError('ERR_SOURCE', `${this.#file.path}: the first record, which names the columns, ` +
      `is longer than ${this.#dialect.maxLineBytes} bytes; is it CSV, and is the quote right (--quote)?`)
  }

  /** Checks the columns. An empty file has none, and no records either. @throws SluiceError `ERR_SOURCE` */
  #check ({ columns, line, delimiter }: Header): void {
    const { textColumn } = this.#dialect
    if (columns.some(name => name.includes('\r'))) {
      throw new SluiceError('ERR_SOURCE', `${this.#file.path}: has carriage returns in the names of its columns: ` +
        'its lines end in \\r, or in both \\r and \\n; convert them to \\n')
    }
    const names = new Set<string>()
    for (const name of columns) {
      if (names.has(name)) {
        throw new SluiceError('ERR_SOURCE', `${this.#file.path}: two columns are named ${JSON.stringify(name)}, ` +
          'expected unique names')
      }
      names.add(name)
    }
    if (columns.length > 0 && !names.has(textColumn)) {
      const likely = likelyDelimiter(line.slice(0, MAX_CHECKED), textColumn, delimiter)
      throw new MissingFieldError(`${this.#file.path}: has no column ${textColumn}, ` +
        `its columns are ${shownColumns(columns)} (delimiter ${JSON.stringify(delimiter)}); ` +
        `name the one that has the text (--text-column, text_column), ${delimiterAdvice(likely)}`, columns)
    }
  }

  /** Advice for quotes that are not closed as expected. */
  #escapeAdvice (): string {
    const { quote, escape } = this.#syntax
    if (escape !== '' || quote === '') return ''
    return `, or --escape '\\' (escape) if quotes are written as \\${quote}, as Spark does`
  }

  #parse (bytes: Buffer, columns: readonly string[], id: () => string): Document | RecordFault | null {
    if (bytes.length === 0) return null
    if (this.#ends.isDamaged) return 'bad_csv'
    const text = decodeUtf8(bytes)
    if (text === null) return 'bad_utf8'
    const fields = this.#fields(text, this.#syntax)
    if (fields?.length !== columns.length) return 'bad_csv'
    const record = Object.fromEntries(columns.map((name, index) => [name, fields[index]]))
    return documentOfRecord(record, this.#dialect.textColumn, id)
  }

  /** The fields of a record; undefined if it has text after a closing quote, or no closing quote. */
  #fields (record: string, syntax: CsvSyntax): readonly string[] | undefined {
    const { delimiter, quote, escape } = syntax
    if (escape !== '') return escapedFields(record, syntax)
    const quoting = quote === '' ? { fastMode: true } : { quoteChar: quote, fastMode: false }
    const { data, errors } = this.#papa.parse<string[]>(record, { delimiter, newline: '\n', ...quoting })
    return errors.length > 0 || data.length !== 1 ? undefined : data[0]
  }
}

function delimiterAdvice (likely: string | null): string {
  if (likely === null) return 'or the delimiter'
  const option = likely === '\t' ? 'tab' : likely
  return `or the delimiter, which may be ${JSON.stringify(likely)} (--delimiter '${option}', delimiter)`
}

/** Number of characters of a header to search for another delimiter. */
const MAX_CHECKED = 10_000

export interface CsvRecordsOptions {
  readonly textColumn: string
  readonly maxLineBytes: number
  readonly delimiter?: string | undefined
  readonly quote?: string | undefined
  readonly escape?: string | undefined
}

/** Reads CSV, whose first record names the columns. The default delimiter is a tab for `.tsv` files, else a comma. */
export function csvRecords ({ delimiter, quote = '"', escape = '', ...own }: CsvRecordsOptions): OpenRecords {
  return file => new CsvReader(asText(file, true), {
    ...own,
    delimiter,
    usualDelimiter: /\.tsv(\.gz|\.zst)?$/.test(file.path) ? '\t' : ',',
    quote,
    escape: escape === quote ? '' : escape // quotes are doubled, the default
  })
}
