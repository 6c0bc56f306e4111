import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf, messageOf, reasonOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { parseJsonFile } from '../../lib/input/json-file.ts'
import { notLocalFile } from '../../lib/not-local.ts'
import { validateOptions, count, positive, sha256Hex } from '../../lib/options.ts'
import { readOwnBytes } from '../../lib/output/own-file.ts'
import { namesIn } from '../../lib/shards/names.ts'
import { shardInfo } from '../../lib/shards/writer.ts'
import { recordedSet } from './training-set.ts'

export const runsDirOption = z.string().min(1).default('runs').describe('folder for the records of finished runs')

/** A file as it was when the run started; size and date are null if there are none, as for standard input. */
const sourceFile = z.object({ path: z.string(), bytes: count.nullable(), modified_at_utc: z.string().nullable() })

const runSource = z.object({
  component: z.string(),
  dataset: z.string(),
  subset: z.string().nullable(),
  split: z.string(),
  revision: z.string(),
  files: z.array(sourceFile).readonly(),
  /** The modules of custom stages; absent if there are none. */
  modules: z.array(z.object({ module: z.string(), sha256: sha256Hex })).readonly().optional(),
  models: z.array(z.object({ path: z.string(), sha256: sha256Hex })).readonly().optional()
})
/** The source of a component. */
export type RunSource = Readonly<z.output<typeof runSource>>

/** The fields of a component's stats that are needed here; records have all fields. */
const componentStats = z.object({
  name: z.string(),
  records: count,
  kept: count,
  tokens: count,
  sequences: count,
  output_dir: z.string(),
  license: z.string().nullable().optional(),
  shard_files: z.array(shardInfo).readonly()
})

const runRecord = z.object({
  format: z.literal(1),
  name: z.string(),
  /** The number of the run among those of its name, from 1. It orders runs, even if the clock was wrong. */
  run: positive,
  finished_at_utc: z.iso.datetime(),
  sluice: z.string(),
  node: z.string(),
  /** The manifest; `sha256` is that of its file when the run started. */
  manifest: z.object({ path: z.string(), sha256: sha256Hex, text: z.string() }),
  /** How many passwords and tokens were replaced by `MASKED` in this record. */
  masked: count,
  stats_path: z.string(),
  tokenizer: z.object({ path: z.string(), sha256: sha256Hex, vocab_size: positive }),
  sources: z.array(runSource).readonly(),
  stats: z.object({ stats: z.array(componentStats).readonly() }),
  training_set: recordedSet.optional()
})
/** The record of a finished run, by which each shard can be traced to the run that made it. */
export type RunRecord = Readonly<z.output<typeof runRecord>>

/** A record in the folder of records. */
export interface StoredRun {
  readonly path: string
  /** The file name without extension. */
  readonly stem: string
  /** Equal for runs with the same inputs, settings and results; see `runHash`. */
  readonly hash: string
  readonly record: RunRecord
}

export interface DamagedRun {
  readonly path: string
  readonly why: string
}

export interface StoredRuns {
  /** The newest first. */
  readonly runs: readonly StoredRun[]
  readonly damaged: readonly DamagedRun[]
}

/** `20261122T223733Z-0123456789ab.json`; with `-2` for a second run with the same hash in the same second. */
const RECORD_NAME = /^\d{8}T\d{6}Z-([0-9a-f]{12})(?:-\d+)?\.json$/

/** Keys, at any depth, whose values may differ between runs with the same hash. */
const CIRCUMSTANCE = /^(?:(?:.+_)?(?:seconds|per_second|at_utc)|host|workers)$/

/**
 * The first 12 digits of the SHA-256 of a record, as JSON, without dates, seconds, facts about the host, and the run's
 * number.
 */
export function runHash (record: object): string {
  const { run, ...same } = record as Readonly<Record<string, unknown>>
  const json = JSON.stringify(same, (key, value: unknown) => CIRCUMSTANCE.test(key) ? undefined : value)
  return sha256(json).slice(0, 12)
}

/** The advice for a record that can't be used. */
const REPLACE = 'restore it from a copy, or delete it'

/**
 * Reads one record.
 *
 * @throws SluiceError `ERR_RUN` when it can't be read, is not a record, or was changed after it was written
 */
export async function readRun (path: string): Promise<StoredRun> {
  const fail = (message: string): never => { throw new SluiceError('ERR_RUN', `${path}: ${message}`) }
  const { content } = parseJsonFile(path, await contentOf(path), 'ERR_RUN', `the record of a run; ${REPLACE}`)
  const checked = validateOptions(runRecord, content)
  if ('mistakes' in checked) {
    const { path: at, message } = checked.mistakes[0]!
    const mistake = [...at.map(String), message].join(': ')
    return fail(`is not the record of a run, or of a newer version: ${mistake}; ${REPLACE}`)
  }
  const hash = runHash(content as object)
  const named = RECORD_NAME.exec(basename(path))?.[1] ?? hash
  if (named !== hash) {
    const mistake = `has the hash ${hash}, expected ${named} as in its name`
    fail(`${mistake}: it was changed after it was written; ${REPLACE}`)
  }
  return { path, stem: stemOf(path), hash, record: checked.options }
}

/** Reads a file in a folder that is searched for records. It never waits for a pipe there. */
async function contentOf (path: string): Promise<Buffer> {
  const fail = (reason: string, cause: unknown): never => {
    throw new SluiceError('ERR_RUN', `${path}: cannot be read: ${reason}, expected the record of a run`, { cause })
  }
  const bytes = await readOwnBytes(path).catch((cause: unknown) => {
    const isOther = cause instanceof SluiceError
    return fail(isOther ? 'is not a regular file, or is longer than a record' : reasonOf(cause), cause)
  })
  if (bytes !== null) return bytes
  const missing = Object.assign(new Error('no such file or folder'), { code: 'ENOENT' })
  const address = notLocalFile(path, missing)
  if (address !== null) throw new SluiceError('ERR_RUN', address)
  return fail(reasonOf(missing), missing)
}

/** The records in all subfolders of a folder. @throws SluiceError `ERR_RUN` when a folder can't be read */
export async function readRuns (runsDir: string): Promise<StoredRuns> {
  const found: StoredRuns[] = []
  for (const name of await namesOrFail(runsDir)) found.push(await readRunsIn(join(runsDir, name)))
  return { runs: sorted(found.flatMap(({ runs }) => runs)), damaged: found.flatMap(({ damaged }) => damaged) }
}

/**
 * The records in a folder; none if the folder doesn't exist, or is a file.
 *
 * @throws SluiceError `ERR_RUN` when it can't be read
 */
export async function readRunsIn (folder: string): Promise<StoredRuns> {
  const runs: StoredRun[] = []
  const damaged: DamagedRun[] = []
  for (const name of (await namesOrFail(folder)).filter(name => RECORD_NAME.test(name)).sort()) {
    const path = join(folder, name)
    await readRun(path).then(run => runs.push(run), (error: unknown) => damaged.push({ path, why: messageOf(error) }))
  }
  return { runs: sorted(runs), damaged }
}

/**
 * One record, by its path, its file name without extension, or the first digits of its hash.
 *
 * @throws SluiceError `ERR_RUN` when there is none, there are several, or it is damaged
 */
export async function findRun (runsDir: string, which: string): Promise<StoredRun> {
  if ((await stat(which).catch(() => null))?.isFile() === true) return await readRun(which)
  const { runs, damaged } = await readRuns(runsDir)
  const isDigits = /^[0-9a-f]+$/.test(which)
  const isMeant = (stem: string, hash: string): boolean => stem === which || (isDigits && hash.startsWith(which))
  const meant = runs.filter(({ stem, hash }) => isMeant(stem, hash))
  if (new Set(meant.map(({ hash }) => hash)).size > 1) {
    const hashes = meant.map(({ hash }) => hash).join(' and ')
    throw new SluiceError('ERR_RUN', `${which}: matches ${hashes}, expected more digits, or a path`)
  }
  if (meant[0] !== undefined) return meant[0]
  const broken = damaged.find(({ path }) => isMeant(stemOf(path), RECORD_NAME.exec(basename(path))![1]!))
  if (broken !== undefined) throw new SluiceError('ERR_RUN', broken.why)
  const expected = 'expected a path, the name of a record, or the first digits of its hash; sluice runs lists them'
  throw new SluiceError('ERR_RUN', `${which}: no such record in ${runsDir}, ${expected}`)
}

async function namesOrFail (folder: string): Promise<string[]> {
  try {
    return await namesIn(folder)
  } catch (cause) {
    if (codeOf(cause) === 'ENOTDIR') return []
    throw new SluiceError('ERR_RUN', `${folder}: cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

function stemOf (path: string): string {
  return basename(path).replace(/\.json$/, '')
}

/** Sorts records by date, then by name, with the newest first. */
function sorted (runs: readonly StoredRun[]): StoredRun[] {
  const place = ({ record, stem }: StoredRun): string => `${record.finished_at_utc} ${stem}`
  return runs.toSorted((a, b) => place(a) < place(b) ? 1 : -1)
}
