import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { count, numberIn } from '../options.ts'
import type { StageStats } from '../stage/stage.ts'

/** The most bad records that a source may meet: so many, or such a share of the records read. */
export type MaxBad = { readonly count: number } | { readonly share: number }

const MAX_BAD = 'expected a count such as 100, or a share such as 1% or 0.01'

/** The option: `100` is a count, `1%` and `0.01` are shares. */
export const maxBadOption = z.union([z.string(), z.number(), z.strictObject({ count }), z.strictObject({ share: z.number().min(0).max(1) })], { error: MAX_BAD })
  .transform(parseMaxBad).prefault('1%')
  .describe('bad records allowed: a count (`100`) or a share of those read (`1%`, `0.01`)')

/** From this record on the share of bad records is judged while reading, every so many records. */
const JUDGED_FROM = 1000
const JUDGED_EVERY = 10_000

/** Whether the bad records are to be judged now, and not only at the end. */
export function isDue (recordsRead: number): boolean {
  return recordsRead % JUDGED_EVERY === JUDGED_FROM
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
  throw new SluiceError('ERR_BAD_RECORDS', `${shownNames(names)}: ${bad} of ${read} records are bad (${reasons}), allowed are ${allowed}${first === '' ? '' : `; the first is ${first}`}; ${adviceFor(bad / read, faults.map(([fault]) => fault))}`)
}

/** Names in a message are no more than these: a dataset may have tens of thousands of files. */
const MOST_NAMES = 10

/** The names of files, for a message. */
export function shownNames (names: readonly string[]): string {
  return names.slice(0, MOST_NAMES).join(', ') + (names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '')
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
