import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { describeMistake, jsonMistake } from '../json/python.ts'
import { count, numberIn } from '../options.ts'
import type { StageStats } from '../stage/stage.ts'
import { shownNames } from '../text/shown.ts'
import { refuseNoText } from './no-text.ts'
import type { FoundRecord } from './reader.ts'
import type { RecordFault } from './record.ts'

/** How many bad records a source may have: a count, or a share of the records read. */
export type MaxBad = { readonly count: number } | { readonly share: number }

const MAX_BAD = 'expected a count such as 100, or a share such as 1% or 0.01'

/** The option `maxBad`: `100` is a count, `1%` and `0.01` are shares. */
export const maxBadOption = z.union([
  z.string(),
  z.number(),
  z.strictObject({ count }),
  z.strictObject({ share: z.number().min(0).max(1) })
], { error: MAX_BAD })
  .transform(parseMaxBad)
  .prefault('1%')
  .describe('bad records allowed: a count (`100`) or a share of those read (`1%`, `0.01`)')

/** A record that is not a valid document. */
export interface BadRecord {
  /** The source's name, as in stats. */
  readonly stage: string
  readonly fault: RecordFault
  /** Its position, `<path>#<offset>`, like the id of a document whose record has none. */
  readonly position: string
  /** The record as in the file, at most its first 4 kB. */
  readonly bytes: Buffer
  /** Bytes of the whole record. */
  readonly size: number
  /** For `bad_json`: what is wrong and where, as line, column and an excerpt. */
  readonly problem?: string
}

/** Maximum number of bytes of a bad record that are passed to `rejects`. */
const REJECTED_BYTES = 4096

/** While reading, the share of bad records is checked at this record, and then at regular intervals. */
const CHECKED_FROM = 1000
const CHECKED_EVERY = 10_000

export interface BadRecordsOptions {
  /** The source's name. */
  readonly stage: string
  /** Stats of the source; bad records are counted in `dropped`. */
  readonly stats: StageStats
  readonly maxBad: MaxBad
  /** Where the text of a record should be, for the message if no record has one. @default 'it' */
  readonly textIn?: string | undefined
  /** Called with each bad record. */
  readonly rejects?: ((record: BadRecord) => void | Promise<void>) | undefined
  /** Names of the files, for messages. */
  readonly files: () => readonly string[]
}

/** The bad records of a source: counts them, passes them to `rejects`, and fails when there are too many. */
export class BadRecords {
  /** Reason and position of the first bad record; null if there is none. */
  first: string | null = null
  readonly #options: BadRecordsOptions
  #firstWithoutText = Buffer.alloc(0)
  #columns: readonly string[] | undefined // columns of its table

  constructor (options: BadRecordsOptions) {
    this.#options = options
  }

  /** Adds a bad record. @param position `<path>#<offset>` @param columns of its table, if it is a row of one */
  add (
    record: FoundRecord<object>,
    fault: RecordFault,
    position: string,
    columns?: readonly string[]
  ): void | Promise<void> {
    const { bytes, size, line } = record
    const { stage, stats: { dropped }, rejects } = this.#options
    dropped[fault] = (dropped[fault] ?? 0) + 1
    if (fault === 'no_text' && dropped.no_text === 1) {
      this.#firstWithoutText = Buffer.from(bytes)
      this.#columns = columns
    }
    const isReported = rejects !== undefined || (this.first === null && fault !== 'no_text')
    const problem = isReported && fault === 'bad_json' ? problemOf(bytes, line) : undefined
    const what = problem === undefined ? '' : ` (${problem})`
    if (fault !== 'no_text') this.first ??= `${fault} at ${position}${what}`
    const start = bytes.subarray(0, REJECTED_BYTES)
    return rejects?.({ stage, fault, position, bytes: start, size, ...problem !== undefined && { problem } })
  }

  /** Checks the records dropped so far, at intervals. Call it after each record. @throws SluiceError as `checkAll` */
  checkSoFar (): void {
    if (this.#options.stats.in % CHECKED_EVERY === CHECKED_FROM) this.#check({ ended: false, stopped: false })
  }

  /**
   * Checks all dropped records, at the end of the source.
   *
   * @param stopped whether the source was stopped before its end
   * @throws SluiceError `ERR_BAD_RECORDS` if there are more bad records than allowed; `ERR_SOURCE` if no record has a
   *   text
   */
  checkAll (stopped: boolean): void {
    this.#check({ ended: true, stopped })
  }

  #check ({ ended, stopped }: { readonly ended: boolean, readonly stopped: boolean }): void {
    const { stats, maxBad, textIn = 'it', files } = this.#options
    judgeBadRecords(stats, maxBad, files(), this.first ?? undefined)
    if (stopped) return
    refuseNoText(stats, { names: files(), textIn, first: this.#firstWithoutText, columns: this.#columns, ended })
  }
}

/** What is wrong with a record that isn't valid JSON, and where. */
function problemOf (bytes: Buffer, line: number | undefined): string | undefined {
  const json = bytes.toString()
  const mistake = jsonMistake(json)
  return mistake === null ? undefined : `${line === undefined ? '' : `line ${line}, `}${describeMistake(json, mistake)}`
}

/**
 * Checks the records that a source has dropped. Records dropped for `no_text` don't count as bad.
 *
 * @param names of the files, for the message
 * @param first reason and position of the first bad record, for the message
 * @throws SluiceError `ERR_BAD_RECORDS` if there are more bad records than allowed
 */
export function judgeBadRecords (
  { in: read, dropped }: StageStats,
  maxBad: MaxBad,
  names: readonly string[],
  first = ''
): void {
  const faults = Object.entries(dropped).filter(([reason]) => reason !== 'no_text')
  const bad = faults.reduce((sum, [, n]) => sum + n, 0)
  if (bad <= ('count' in maxBad ? maxBad.count : maxBad.share * read)) return
  const reasons = faults.map(([reason, n]) => `${reason}: ${n}`).join(', ')
  const allowed = 'count' in maxBad ? String(maxBad.count) : `${maxBad.share * 100}%`
  const found = `${bad} of ${read} records are bad (${reasons}), expected at most ${allowed}`
  const where = first === '' ? '' : `; the first is ${first}`
  const advice = adviceFor(bad / read, faults.map(([fault]) => fault))
  throw new SluiceError('ERR_BAD_RECORDS', `${shownNames(names)}: ${found}${where}; ${advice}`)
}

/** If most records are bad, the format or the field is probably wrong; otherwise the bad ones can be skipped. */
function adviceFor (share: number, faults: readonly string[]): string {
  const hints = share > 0.5 ? { ...HINTS, ...FORMAT_HINTS } : HINTS
  const general = share > 0.5 ? [] : ['raise --max-bad to skip them']
  return [...general, ...faults.flatMap(fault => hints[fault] ?? [])].join('; ')
}

/** Advice by the reason of bad records. */
const HINTS: Readonly<Record<string, string>> = {
  bad_utf8: 'convert the file to UTF-8, for example with iconv',
  lone_surrogate: 'the text was cut within a character in UTF-16: create the file again',
  too_long: 'raise --max-line-bytes',
  too_deep: 'remove the field that is nested so deep',
  bad_csv: 'pass --quote \'\' (quote) if quotes are text, --escape \'\\\' (escape) if they are written as \\", ' +
    'as Spark does, or set the --delimiter'
}

const FORMAT_HINTS: Readonly<Record<string, string>> = {
  bad_json: 'json is one object per line, or one array; ' +
    'files in another format are read with --dataset csv, text or parquet (dataset)',
  not_object: 'json is one object or string per line, or one array of them, ' +
    'which may be in a field of one object (--field, field)',
  text_not_string: 'name the field that has the text with --text-column (text_column), ' +
    'such as data.text, or messages[].content for the items of a list'
}

function parseMaxBad (given: string | number | MaxBad, context: z.RefinementCtx): MaxBad {
  if (typeof given === 'object') return given
  const text = String(given).trim()
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (percent !== null && Number(percent[1]) <= 100) return { share: Number(percent[1]) / 100 }
  const number = numberIn(text) ?? NaN
  if (number > 0 && number < 1) return { share: number }
  if (Number.isSafeInteger(number) && number >= 0) return { count: number }
  context.addIssue({ code: 'custom', message: MAX_BAD, input: given })
  return z.NEVER
}
