import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { describeMistake, jsonMistake } from '../json/python.ts'
import { count, numberIn } from '../options.ts'
import type { StageStats } from '../stage/stage.ts'
import { shownNames } from '../text/shown.ts'
import { refuseNoText } from './no-text.ts'
import type { FoundRecord } from './reader.ts'
import type { RecordFault } from './record.ts'

/** The most bad records that a source may meet: so many, or such a share of the records read. */
export type MaxBad = { readonly count: number } | { readonly share: number }

const MAX_BAD = 'expected a count such as 100, or a share such as 1% or 0.01'

/** The option: `100` is a count, `1%` and `0.01` are shares. */
export const maxBadOption = z.union([z.string(), z.number(), z.strictObject({ count }), z.strictObject({ share: z.number().min(0).max(1) })], { error: MAX_BAD })
  .transform(parseMaxBad).prefault('1%')
  .describe('bad records allowed: a count (`100`) or a share of those read (`1%`, `0.01`)')

/** A record that gave no document. */
export interface BadRecord {
  /** The source's name, as in stats. */
  readonly stage: string
  readonly fault: RecordFault
  /** Where it is: `<path>#<offset>`, as in the id of a document without one of its own. */
  readonly position: string
  /** The record as it lies in the file, at most its first 4 kB. */
  readonly bytes: Buffer
  /** Of the whole record. */
  readonly size: number
  /** What is wrong with a record that is no JSON, and where: line, column, and a piece of it. */
  readonly problem?: string
}

/** How much of a bad record is given to `rejects`. */
const REJECTED_BYTES = 4096

/** From this record on the share of bad records is judged while reading, every so many records. */
const JUDGED_FROM = 1000
const JUDGED_EVERY = 10_000

export interface BadRecordsOptions {
  /** The source's name. */
  readonly stage: string
  /** Of the source: `dropped` is counted here. */
  readonly stats: StageStats
  readonly maxBad: MaxBad
  /** Where a record has its text, for the message when none has. @default 'it' */
  readonly textIn?: string | undefined
  /** Called with each bad record. */
  readonly rejects?: ((record: BadRecord) => void | Promise<void>) | undefined
  /** Names of the files, for messages. */
  readonly files: () => readonly string[]
}

/** The records of a source that gave no document: they are counted, handed over, and limited. */
export class BadRecords {
  /** What the first bad record is, and where; null where there is none. */
  first: string | null = null
  readonly #options: BadRecordsOptions
  #firstWithoutText = Buffer.alloc(0)
  #columns: readonly string[] | undefined // of the table that has it

  constructor (options: BadRecordsOptions) {
    this.#options = options
  }

  /** @param position of the record: `<path>#<offset>` @param columns of the table that it is a row of */
  add (record: FoundRecord<object>, fault: RecordFault, position: string, columns?: readonly string[]): void | Promise<void> {
    const { bytes, size, line } = record
    const { stage, stats: { dropped }, rejects } = this.#options
    dropped[fault] = (dropped[fault] ?? 0) + 1
    if (fault === 'no_text' && dropped.no_text === 1) {
      this.#firstWithoutText = Buffer.from(bytes)
      this.#columns = columns
    }
    const isTold = rejects !== undefined || (this.first === null && fault !== 'no_text')
    const problem = isTold && fault === 'bad_json' ? problemOf(bytes, line) : undefined
    const what = problem === undefined ? '' : ` (${problem})`
    if (fault !== 'no_text') this.first ??= `${fault} at ${position}${what}`
    const start = bytes.subarray(0, REJECTED_BYTES)
    return rejects?.({ stage, fault, position, bytes: start, size, ...problem !== undefined && { problem } })
  }

  /** Judges now and then what was dropped so far: to be asked after each record. @throws SluiceError as `judgeAll` */
  judgeSoFar (): void {
    if (this.#options.stats.in % JUDGED_EVERY === JUDGED_FROM) this.#judge({ ended: false, stopped: false })
  }

  /**
   * Judges at the end what was dropped.
   *
   * @param stopped whether the source was stopped, and may have more
   * @throws SluiceError `ERR_BAD_RECORDS` when more are bad than allowed, `ERR_SOURCE` when none has a text
   */
  judgeAll (stopped: boolean): void {
    this.#judge({ ended: true, stopped })
  }

  #judge ({ ended, stopped }: { readonly ended: boolean, readonly stopped: boolean }): void {
    const { stats, maxBad, textIn = 'it', files } = this.#options
    judgeBadRecords(stats, maxBad, files(), this.first ?? undefined)
    if (stopped) return
    refuseNoText(stats, { names: files(), textIn, first: this.#firstWithoutText, columns: this.#columns, ended })
  }
}

/** What is wrong with a record that is no JSON, and where in it. */
function problemOf (bytes: Buffer, line: number | undefined): string | undefined {
  const json = bytes.toString()
  const mistake = jsonMistake(json)
  return mistake === null ? undefined : `${line === undefined ? '' : `line ${line}, `}${describeMistake(json, mistake)}`
}

/**
 * Judges what a source has dropped; `no_text` isn't bad.
 *
 * @param names of the files, for the message
 * @param first bad record: what it is and where
 * @throws SluiceError `ERR_BAD_RECORDS` when it is more than allowed
 */
export function judgeBadRecords ({ in: read, dropped }: StageStats, maxBad: MaxBad, names: readonly string[], first = ''): void {
  const faults = Object.entries(dropped).filter(([reason]) => reason !== 'no_text')
  const bad = faults.reduce((sum, [, n]) => sum + n, 0)
  if (bad <= ('count' in maxBad ? maxBad.count : maxBad.share * read)) return
  const reasons = faults.map(([reason, n]) => `${reason}: ${n}`).join(', ')
  const allowed = 'count' in maxBad ? String(maxBad.count) : `${maxBad.share * 100}%`
  const found = `${bad} of ${read} records are bad (${reasons}), allowed are ${allowed}`
  const advice = adviceFor(bad / read, faults.map(([fault]) => fault))
  throw new SluiceError('ERR_BAD_RECORDS', `${shownNames(names)}: ${found}${first === '' ? '' : `; the first is ${first}`}; ${advice}`)
}

/** Where most records are bad, the file isn't what it was taken for; else they may be left out. */
function adviceFor (share: number, faults: readonly string[]): string {
  const [general, hints] = share > 0.5 ? [[], { ...HINTS, ...FORMAT_HINTS }] : [['raise --max-bad if they may be left out'], HINTS]
  return [...general, ...faults.flatMap(fault => hints[fault] ?? [])].join('; ')
}

/** What helps against bad records of a kind. */
const HINTS: Readonly<Record<string, string>> = {
  bad_utf8: 'convert the file to UTF-8, for example with iconv',
  lone_surrogate: 'the text was cut within characters, in UTF-16: make the file again',
  too_long: 'raise --max-line-bytes',
  too_deep: 'leave out the field that is nested so deep',
  bad_csv: 'say --quote \'\' (quote) if quotes are text, --escape \'\\\' (escape) if they are written as \\", as Spark does, or name the --delimiter'
}

const FORMAT_HINTS: Readonly<Record<string, string>> = {
  bad_json: 'json is an object a line, or one array; files in another format are read with --dataset csv, text or parquet (dataset)',
  not_object: 'json is an object or a string a line, or one array of them, or of a field of one object (--field, field)',
  text_not_string: 'name the field that has the text with --text-column (text_column), such as data.text, or messages[].content for the items of a list'
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
