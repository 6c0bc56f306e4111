/** Finds the ends of CSV records, and their fields. */

/** The syntax of CSV records. Each property is one ASCII character. */
export interface CsvSyntax {
  readonly delimiter: string
  /** Empty for none. */
  readonly quote: string
  /** Escapes a quote within quotes (instead of doubling it) and itself; empty for none. */
  readonly escape: string
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Finds the ends of records: line breaks that aren't quoted. Only a quote at the start of a field opens a quoted field.
 */
export class RecordEnds {
  readonly #delimiter: number
  readonly #quote: number
  readonly #escape: number
  #atFieldStart = true
  /** Whether the record found last has text after a closing quote. */
  isDamaged = false
  #isQuoted = false
  #hasEnded = false
  #quoteBefore = false // in a quoted field: after a quote that ends the field, or is doubled
  #isEscaped = false // in a quoted field: after the escape character

  constructor ({ delimiter, quote, escape }: CsvSyntax) {
    this.#delimiter = delimiter.charCodeAt(0)
    this.#quote = quote === '' ? -1 : quote.charCodeAt(0)
    this.#escape = escape === '' ? -1 : escape.charCodeAt(0)
  }

  /** Whether a quote is open. One that was just closed may be the last of the file. */
  get isInQuotes (): boolean {
    return this.#isQuoted && !this.#quoteBefore
  }

  readonly find = (chunk: Buffer, from: number): number => {
    if (this.#hasEnded) this.isDamaged = this.#hasEnded = false // a new record starts
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#quoteBefore) {
        this.#quoteBefore = false
        if (byte === this.#quote) continue
        this.#isQuoted = false
        // Papa Parse skips spaces after a closing quote, but they may be part of a text whose quotes are damaged.
        if (byte !== this.#delimiter && byte !== NEWLINE && byte !== CARRIAGE_RETURN) this.isDamaged = true
      } else if (this.#isQuoted) {
        // Most of a corpus is quoted, and a loop would take three times as long as `indexOf`.
        i = this.#escape === -1 ? chunk.indexOf(this.#quote, i) : this.#unescaped(chunk, i)
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

  /** The next quote without an escape character before it. */
  #unescaped (chunk: Buffer, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (chunk[i] === this.#escape) this.#isEscaped = true
      else if (chunk[i] === this.#quote) return i
    }
    return -1
  }
}

/**
 * Splits a record into fields, with an escape character as in Spark and DuckDB: within quotes it escapes a quote and
 * itself; before any other character it is text.
 *
 * @returns undefined if a quote isn't closed, or text follows a closing quote
 */
export function escapedFields (record: string, { delimiter, quote, escape }: CsvSyntax): string[] | undefined {
  const fields: string[] = []
  for (let at = 0; ;) {
    if (record[at] !== quote) {
      const end = record.indexOf(delimiter, at)
      fields.push(record.slice(at, end === -1 ? record.length : end))
      if (end === -1) return fields
      at = end + 1
      continue
    }
    const parts: string[] = []
    let start = ++at
    for (; ; at++) {
      const character = record[at]
      if (character === undefined) return undefined
      if (character !== quote && character !== escape) continue
      const next = record[at + 1]
      if (next === quote || (character === escape && next === escape)) { // or a doubled quote
        parts.push(record.slice(start, at))
        start = ++at
      } else if (character === quote) break
    }
    fields.push(parts.join('') + record.slice(start, at))
    if (++at === record.length) return fields
    if (record[at] !== delimiter) return undefined
    at++
  }
}

/** Delimiters used in practice, the most likely first. */
const DELIMITERS = [',', ';', '\t', '|']

/** Guesses the delimiter of a header that lacks the text column; null if nothing suggests another one. */
export function likelyDelimiter (header: string, textColumn: string, delimiter: string): string | null {
  const others = DELIMITERS
    .filter(other => other !== delimiter)
    .map(other => ({ other, names: header.split(other).map(unquoted) }))
  const named = others.find(({ names }) => names.includes(textColumn))
  if (named !== undefined) return named.other
  if (header.includes(delimiter)) return null
  const most = others.reduce((a, b) => b.names.length > a.names.length ? b : a)
  return most.names.length > 1 ? most.other : null
}

function unquoted (name: string): string {
  return name.trim().replace(/^(["'])(.*)\1$/s, '$2')
}

/** The delimiter named by a first line such as `sep=;`, as written by Excel; null for any other line. */
export function namedDelimiter (line: string): string | null {
  return /^"?sep=([^"\r\n\x80-\uffff])"?$/i.exec(line)?.[1] ?? null
}
