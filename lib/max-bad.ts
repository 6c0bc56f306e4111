import { z } from 'zod'
import { SluiceError } from './errors.ts'
import { count } from './options.ts'
import type { StageStats } from './stage.ts'

/** The most bad records that a source may meet: so many, or such a share of the records read. */
export type MaxBad = { readonly count: number } | { readonly share: number }

/** The option: `100` is a count, `1%` and `0.01` are shares. */
export const maxBadOption = z.union([z.string(), z.number(), z.strictObject({ count }), z.strictObject({ share: z.number().min(0).max(1) })])
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
  throw new SluiceError('ERR_BAD_RECORDS', `${names.join(', ')}: ${bad} of ${read} records are bad (${reasons}), allowed are ${allowed}; the first is ${first}; raise --max-bad if they may be left out${HINTS.filter(([fault]) => fault in dropped).map(([, hint]) => hint).join('')}`)
}

/** What else than leaving them out may help against bad records. */
const HINTS = [['too_long', ', or --max-line-bytes'], ['bad_csv', '; say --quote \'\' if quotes are text']] as const

function parseMaxBad (given: string | number | MaxBad, context: z.RefinementCtx): MaxBad {
  if (typeof given === 'object') return given
  const text = String(given).trim()
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (percent !== null && Number(percent[1]) <= 100) return { share: Number(percent[1]) / 100 }
  const number = text === '' ? NaN : Number(text)
  if (number > 0 && number < 1) return { share: number }
  if (Number.isSafeInteger(number) && number >= 0) return { count: number }
  context.addIssue({ code: 'custom', message: 'expected a count such as 100, or a share such as 1% or 0.01', input: given })
  return z.NEVER
}
