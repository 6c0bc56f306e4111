import { Missing } from '../corpora/sources.ts'
import type { CorpusFile } from '../corpora/corpora.ts'
import type { Arguments } from './arguments.ts'
import { type Compared, buildCommit, compareRow } from './compare.ts'
import { Inputs } from './inputs.ts'
import { tell } from './progress.ts'
import { findPython } from './python.ts'
import type { Row, RowResult } from './row.ts'
import { type Bench, measureRow } from './run.ts'

/** Seconds on two free cores: to make corpora, formats and models; and to measure all rows. */
const PREPARING_SECONDS = 35
const ALL_ROWS_SECONDS = 40
const BUILDING_SECONDS = 30
/** The share of a round's time that remains if slow sides aren't run again. */
const REPEATED_SHARE = 0.4

interface MeasureOptions extends Pick<Arguments, 'compare' | 'mb'>, Pick<Bench, 'runs' | 'areSlowOnce'> {
  /** The folder for corpora, formats, output and the other commit. */
  readonly folder: string
}

interface Measured {
  readonly corpora: readonly CorpusFile[]
  readonly rows: readonly RowResult[]
  readonly compared: Compared | null
  /** Rows and sides that were skipped, with the reason, one sentence each. */
  readonly skipped: readonly string[]
}

/** The time of rows on two quiet cores, without the time to install rivals. */
export function secondsOf (
  rows: readonly Row[], { compare, runs, areSlowOnce }: Pick<MeasureOptions, 'compare' | 'runs' | 'areSlowOnce'>
): number {
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0)
  const extra = PREPARING_SECONDS * Math.min(1, seconds / ALL_ROWS_SECONDS) + (compare === null ? 0 : BUILDING_SECONDS)
  return extra + seconds * (areSlowOnce ? 1 + REPEATED_SHARE * (runs - 1) : runs)
}

/** Measures rows one after the other, together with their rivals or with another commit. */
export async function measureRows (
  rows: readonly Row[],
  { compare, mb, runs, areSlowOnce, folder }: MeasureOptions
): Promise<Measured> {
  tell(`${rows.length} rows, ${runs} runs of each side`)
  const inputs = new Inputs(folder, { python: await findPython(tell), mixedBytes: mb === null ? undefined : mb * 1e6 })
  const bench = { inputs, runs, areSlowOnce, tell }
  if (compare === null) {
    const { results, skipped } = await eachRow(rows, async row => [await measureRow(row, bench)])
    return { corpora: await inputs.corpora.written(), rows: results, compared: null, skipped }
  }
  tell(`building ${compare}`)
  const other = await buildCommit(compare, folder)
  process.prependOnceListener('exit', other.remove)
  const { results, skipped } = await eachRow(rows, async row => await compareRow(row, bench, other))
  const compared = { commit: other.commit, rows: results }
  return { corpora: await inputs.corpora.written(), rows: [], compared, skipped }
}

async function eachRow (
  rows: readonly Row[],
  measure: (row: Row) => Promise<readonly RowResult[]>
): Promise<{ readonly results: RowResult[], readonly skipped: string[] }> {
  const results: RowResult[] = []
  const skipped: string[] = []
  for (const [i, row] of rows.entries()) {
    tell(`[${i + 1}/${rows.length}] ${row.name}`)
    try {
      const found = await measure(row)
      results.push(...found.filter(({ sides }) => sides.length > 0))
      skipped.push(...found.flatMap(result => result.skipped))
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      skipped.push(`${row.name}: ${error.message}`)
    }
  }
  return { results, skipped }
}
