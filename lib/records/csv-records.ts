/** Where records of CSV end, and what fields they have. */

/** How records are written. Each is one ASCII character. */
export interface CsvSyntax {
  readonly delimiter: string
  /** Empty where nothing is quoted. */
  readonly quote: string
  /**
   * What stands before a quote that is text, in place of another quote, and before itself; empty where there is none.
   */
  readonly escape: string
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Finds where records end: at a line break that isn't quoted. A quote counts as one at the beginning of a field only.
 */
export class RecordEnds {
  readonly #delimiter: number
  readonly #quote: number
  readonly #escape: number
  #atFieldStart = true
  /** Whether the record that was found last has text behind a closing quote. */
  isDamaged = false
  #isQuoted = false
  #hasEnded = false
  #quoteBefore = false // in a quoted field: the field's end, or a quote that is doubled
  #isEscaped = false // in a quoted field: the escape character was just before

  constructor ({ delimiter, quote, escape }: CsvSyntax) {
    this.#delimiter = delimiter.charCodeAt(0)
    this.#quote = quote === '' ? -1 : quote.charCodeAt(0)
    this.#escape = escape === '' ? -1 : escape.charCodeAt(0)
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
        // Most of a corpus is quoted: a loop takes three times as long.
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

  /** The next quote that has no escape character before it. */
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
 * The fields of one record with an escape character, as Spark and DuckDB read them: within quotes it makes text of a
 * quote and of itself, and before anything else it is text.
 *
 * @returns undefined where a quote isn't closed, or text follows a closing one
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
      if (next === quote || (character === escape && next === escape)) { // a doubled quote is one, too
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

/** The delimiters that there are in practice, the likeliest first. */
const DELIMITERS = [',', ';', '\t', '|']

/** What a header with one name only may have between its names instead; null where nothing tells. */
export function likelyDelimiter (header: string, textColumn: string, delimiter: string): string | null {
  const others = DELIMITERS.filter(other => other !== delimiter).map(other => ({ other, names: header.split(other).map(name => name.trim().replace(/^(["'])(.*)\1$/s, '$2')) }))
  const named = others.find(({ names }) => names.includes(textColumn))
  if (named !== undefined) return named.other
  if (header.includes(delimiter)) return null
  const most = others.reduce((a, b) => b.names.length > a.names.length ? b : a)
  return most.names.length > 1 ? most.other : null
}

/** The delimiter that a first line such as `sep=;` names, as Excel writes it; null for any other line. */
export function namedDelimiter (line: string): string | null {
  return /^"?sep=([^"\r\n\x80-\uffff])"?$/i.exec(line)?.[1] ?? null
}
