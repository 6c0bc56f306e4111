import { join } from 'node:path'
import { z } from 'zod'
import { PartialError, SluiceError } from '../lib/errors.ts'
import { sha256OfFile } from '../lib/hash.ts'
import { readError } from '../lib/input/read-error.ts'
import { parseOptions } from '../lib/options.ts'
import type { RunOptions } from './flow/flow.ts'
import { type RunDifference, compareRuns, runDifferenceText } from './history/compare.ts'
import { type DamagedRun, type StoredRun, type StoredRuns, findRun, readRuns, runsDirOption } from './history/read.ts'
import { number } from '../lib/text/numbers.ts'
import {
  type RunDetails, type RunSummary, detailsOf, detailsText, summaryOf, summaryRows, timeOf
} from './history/summary.ts'
import { table, tableLines } from '../lib/text/table.ts'

export const runsOptions = z.strictObject({
  runsDir: runsDirOption
}).describe('records of finished runs: list them, show one, compare two, or find the run that made a shard')

/** A run that made a shard. */
export interface ShardMaker extends RunSummary {
  /** The component, or null for a shard of the training set. */
  readonly component: string | null
  /** The side of the training set, or null for a shard of a component. */
  readonly side: string | null
  /** The path that the shard had then. */
  readonly made: string
}

/** The records of the runs that made a shard, and the name that each gave it. */
export interface ShardTrace {
  readonly shard: string
  readonly sha256: string
  readonly runs: readonly ShardMaker[]
}

/** The result of `runHistory`: the recorded runs, one of them, how two of them differ, or what made a shard. */
export type RunsResult = readonly RunSummary[] | RunDetails | RunDifference | ShardTrace

type Options = z.input<typeof runsOptions>
type Listing = readonly [] | readonly [name: string]
type Showing = readonly ['show', a: string]
type Comparison = readonly ['diff', a: string, b: string]
type Tracing = readonly ['of', path: string]

/**
 * Reads the records of runs.
 *
 * @param what empty: all records, the newest first; `[name]`: the records of that name; `['show', a]`: what the run of
 *   record `a` has made; `['diff', a, b]`: what changed from `a` to `b`, each given as a record's path, its file name
 *   without extension, or the first digits of its hash; `['of', path]`: the runs that made a shard, wherever it is now
 * @throws SluiceError `ERR_USAGE` for anything else; `ERR_RUN` when there is no such record; a PartialError (`ERR_RUN`)
 *   with the readable records when others are damaged; `ERR_FILES` when the shard doesn't exist; `ERR_ABORTED`
 */
export async function runs (what?: Listing, options?: Options, run?: RunOptions): Promise<readonly RunSummary[]>
export async function runs (what: Showing, options?: Options, run?: RunOptions): Promise<RunDetails>
export async function runs (what: Comparison, options?: Options, run?: RunOptions): Promise<RunDifference>
export async function runs (what: Tracing, options?: Options, run?: RunOptions): Promise<ShardTrace>
export async function runs (what: readonly string[], options?: Options, run?: RunOptions): Promise<RunsResult>
export async function runs (
  what: readonly string[] = [], options: Options = {}, run: RunOptions = {}
): Promise<RunsResult> {
  return await runsParsed(what, parseOptions('runs', runsOptions, options), run)
}

/** Like `runs`, with parsed options. */
export async function runsParsed (
  what: readonly string[], { runsDir }: z.output<typeof runsOptions>, { signal }: RunOptions
): Promise<RunsResult> {
  const [first = '', a = '', b = ''] = what
  if (what.length <= 1) return await list(runsDir, what[0])
  if (first === 'show' && what.length === 2) return detailsOf(await findRun(runsDir, a))
  if (first === 'of' && what.length === 2) return await trace(runsDir, a, signal)
  if (first === 'diff' && what.length === 3) {
    return await compareRuns(await findRun(runsDir, a), await findRun(runsDir, b))
  }
  throw new SluiceError('ERR_USAGE', `runs ${what.join(' ')}: expected nothing, NAME, show A, diff A B, or of SHARD`)
}

async function list (runsDir: string, name?: string): Promise<readonly RunSummary[]> {
  const stored = await readRuns(runsDir)
  const runs = stored.runs.filter(({ record }) => name === undefined || record.name === name)
  const names = [...new Set(stored.runs.map(({ record }) => record.name))]
  if (name !== undefined && runs.length === 0) {
    const expected = names.join(' or ') || 'a finished run'
    const message = `${name}: no run of that name is recorded in ${runsDir}, expected ${expected}`
    throw new SluiceError('ERR_RUN', message + linesOf(stored.damaged))
  }
  return whole(stored, runs.map(summaryOf))
}

async function trace (runsDir: string, shard: string, signal: AbortSignal | undefined): Promise<ShardTrace> {
  const sha256 = await sha256OfFile(shard, signal).catch((cause: unknown) => {
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${shard}: stopped`, { cause })
    throw readError(shard, 0, cause)
  })
  const stored = await readRuns(runsDir)
  const runs = stored.runs.flatMap(run => makersOf(run, sha256))
  if (runs.length === 0) {
    const found = `has SHA-256 ${sha256}, which is in no record in ${runsDir}`
    const advice = 'was it changed, or made by a run that wrote no record there?'
    throw new SluiceError('ERR_RUN', `${shard}: ${found}; ${advice}${linesOf(stored.damaged)}`)
  }
  return whole(stored, { shard, sha256, runs })
}

/** A run as often as it made a shard with a hash. */
function makersOf (run: StoredRun, sha256: string): ShardMaker[] {
  const { stats: { stats: components }, training_set: set } = run.record
  const made = [
    ...components.map(of => ({ of, component: of.name, side: null })),
    ...(set?.stats ?? []).map(of => ({ of, component: null, side: of.name }))
  ]
  return made.flatMap(({ of: { output_dir: folder, shard_files: files }, ...part }) => files
    .filter(file => file.sha256 === sha256)
    .map(({ file }) => ({ ...summaryOf(run), ...part, made: join(folder, file) })))
}

/** The result. @throws PartialError `ERR_RUN` with the result, which may lack records if some are damaged */
function whole<T> ({ damaged }: StoredRuns, result: T): T {
  if (damaged.length > 0) {
    const message = `${damaged.length} damaged ${damaged.length === 1 ? 'record was' : 'records were'} left out`
    throw new PartialError('ERR_RUN', message + linesOf(damaged), result, { isResult: true })
  }
  return result
}

function linesOf (damaged: readonly DamagedRun[]): string {
  return damaged.map(({ why }) => `\n${why}`).join('')
}

/** A result of `runs` as text. */
export function runsText (result: RunsResult): string {
  if ('settings' in result) return runDifferenceText(result)
  if ('training_set' in result) return detailsText(result)
  if (!('shard' in result)) return runTable(result)
  return [`${result.sha256}  ${result.shard}`, ...result.runs.flatMap(traceLines)].join('\n')
}

function traceLines (run: ShardMaker): string[] {
  const part = run.component === null ? `side ${run.side!} of the training set` : `component ${run.component}`
  return ['', `made as ${run.made}, of ${part}`, ...tableLines(summaryRows(run), 'left').map(line => `  ${line}`)]
}

const NO_RUNS = 'No run is recorded here; process-mixture writes a record to the folder that --runs-dir names.'

function runTable (runs: readonly RunSummary[]): string {
  if (runs.length === 0) return NO_RUNS
  const rows = runs.map(run => {
    return [run.name, timeOf(run), run.hash, number(run.components), number(run.tokens), run.sluice, run.stats]
  })
  return table([['name', 'finished', 'hash', 'components', 'tokens', 'sluice', 'stats'], ...rows])
}
