import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { readCheckpoint, writeCheckpoint } from '../lib/checkpoint.ts'
import { type Difference, differenceText, differences } from '../lib/difference.ts'
import { SluiceError } from '../lib/errors.ts'
import { type FileNames, STANDARD_STREAM, findFiles } from '../lib/files.ts'
import { withLock } from '../lib/lock.ts'
import { count } from '../lib/options.ts'
import { packageVersion } from '../lib/package.ts'
import { isResumable } from '../lib/resumable-output.ts'
import { type FlowState, flowState } from './checkpoints.ts'

/** A file as it was when a run began to read it, or had written it. */
const knownFile = z.strictObject({ path: z.string(), bytes: count, modified: z.string().optional() })

type KnownFile = Readonly<z.output<typeof knownFile>>

const jobState = z.strictObject({
  /** Its version. */
  sluice: z.string(),
  /** All that the output hangs on, beside the inputs. */
  settings: z.record(z.string(), z.unknown()),
  inputs: z.array(knownFile),
  /** Worked so far, over all runs. */
  seconds: z.number().min(0),
  flow: flowState.nullable(),
  finished: z.strictObject({ result: z.unknown(), files: z.array(knownFile) }).nullable()
})

type JobState = z.output<typeof jobState>

/** Work that makes some files out of others, and can be gone on with. */
export interface JobPlan {
  /** For messages. */
  readonly name: string
  /** Where the checkpoint is. */
  readonly path: string
  /** All that the output hangs on, beside the inputs: plain JSON. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly inputs: FileNames
}

/** How a job stands that hasn't been run yet, or was. */
export type JobStatus =
  | { readonly is: 'new', readonly why?: string }
  | { readonly is: 'begun', readonly documents: number }
  | { readonly is: 'finished', readonly result: unknown }
  /** It was finished, and what it was made of isn't the same any more. */
  | { readonly is: 'outdated', readonly why: string }
  /** It was finished, of just this, and what it made isn't there any more as it was. */
  | { readonly is: 'damaged', readonly why: string }

/** What is told in code of how a job is to be gone on with. */
export interface JobOptions {
  /** Begins anew, whatever was done. @default false */
  readonly restart?: boolean | undefined
  /** Told what becomes of a job that isn't new: that it goes on, is skipped, or is done again, and why. */
  readonly tell?: ((message: string) => void) | undefined
}

/** What is wrong with what a finished job has made; empty where nothing is. */
export type Check = (result: unknown) => Promise<readonly string[]>

/**
 * How a job stands.
 *
 * @param check of what it made, beside the sizes of its files
 * @throws SluiceError `ERR_CHECKPOINT` when it was begun with other settings or inputs, each difference named, or the checkpoint is damaged
 */
export async function statusOf (plan: JobPlan, check: Check = () => Promise.resolve([])): Promise<JobStatus> {
  return (await standing(plan, check)).status
}

/** A job that is under way. */
export class Job {
  readonly #plan: JobPlan
  readonly #inputs: KnownFile[]
  readonly #before: number // seconds
  readonly #started = performance.now()
  #isNew: boolean
  /** Where it is to go on; null for its beginning. */
  readonly flow: FlowState | null
  /** Whether nothing that is there is known to be its own. */
  readonly begins: boolean
  /** Whether what it made before is to give way at once; else it is replaced file by file by what is the same. */
  readonly replaces: boolean

  constructor (plan: JobPlan, inputs: KnownFile[], status: JobStatus, state: JobState | null, restarted: boolean) {
    this.#plan = plan
    this.#inputs = inputs
    this.begins = status.is === 'new' && !restarted
    this.replaces = status.is !== 'damaged' && !this.begins
    this.#isNew = status.is === 'new'
    this.#before = state?.seconds ?? 0
    this.flow = state?.flow ?? null
  }

  /** Worked on it so far, to milliseconds, over all runs. */
  get seconds (): number {
    return Math.round(this.#before * 1000 + performance.now() - this.#started) / 1000
  }

  /**
   * Keeps that it was begun, where nothing tells of it yet: what it makes from now on is known to be its own, even when
   * it is stopped before its first checkpoint.
   *
   * @throws SluiceError `ERR_OUTPUT`
   */
  readonly begin = async (): Promise<void> => {
    if (this.#isNew) await this.#write({ flow: null, finished: null })
  }

  /** Keeps what is needed to go on from here. @throws SluiceError `ERR_OUTPUT` */
  readonly save = async (flow: FlowState): Promise<void> => {
    await this.#write({ flow, finished: null })
  }

  /** Keeps that it is finished. @param paths of what it made and what `check` doesn't look at */
  async finish (result: unknown, paths: readonly string[]): Promise<void> {
    const files = await Promise.all(paths.map(async path => ({ path, bytes: (await stat(path)).size })))
    await this.#write({ flow: null, finished: { result, files } })
  }

  async #write (state: Pick<JobState, 'flow' | 'finished'>): Promise<void> {
    const { path, settings } = this.#plan
    await writeCheckpoint(path, { sluice: packageVersion(), settings, inputs: this.#inputs, seconds: this.seconds, ...state })
    this.#isNew = false
  }
}

/**
 * Does a job from where it stands, while no other run may; one that is finished is not done again.
 *
 * @param work does it; `job.flow` is where it goes on. It calls `job.finish`, or deletes the checkpoint
 * @throws SluiceError `ERR_LOCKED`, `ERR_CHECKPOINT`, `ERR_OUTPUT`, and what the work throws
 */
export async function runJob<T> (plan: JobPlan, { restart = false, tell }: JobOptions, check: Check, work: (job: Job) => Promise<T>): Promise<T> {
  return await withLock(`${plan.path}.lock`, plan.path, async () => {
    const restarted = restart && existsSync(plan.path)
    const { status, inputs, state }: Standing = restarted ? { status: { is: 'new' }, inputs: await inputFiles(plan.inputs), state: null } : await standing(plan, check)
    const message = messageOf(status)
    if (message !== null) tell?.(`${plan.name}: ${message}`)
    if (status.is === 'finished') return status.result as T
    const job = new Job(plan, inputs, status, status.is === 'begun' ? state : null, restarted)
    if (restarted) await job.begin() // in the place of what was there
    return await work(job)
  })
}

/** Whether work that reads and writes these can be gone on with: all are files. */
export async function canResume (inputs: FileNames, outputs: readonly string[]): Promise<boolean> {
  const resumable = await Promise.all(outputs.map(isResumable))
  return ![inputs].flat().includes(STANDARD_STREAM) && resumable.every(Boolean)
}

/** What becomes of a job, for people; null where that goes without saying. */
export function messageOf (status: JobStatus): string | null {
  switch (status.is) {
    case 'new': return null
    case 'begun': return status.documents === 0 ? 'begins again: it was stopped before its first checkpoint' : `goes on behind document ${status.documents.toLocaleString('en-US')}`
    case 'finished': return 'is finished, and up to date'
    case 'outdated': return `is done again: ${status.why}`
    case 'damaged': return `is done again: ${status.why}`
  }
}

interface Standing {
  readonly status: JobStatus
  readonly inputs: KnownFile[]
  readonly state: JobState | null
}

async function standing (plan: JobPlan, check: Check): Promise<Standing> {
  const [state, inputs] = [await stateOf(plan.path), await inputFiles(plan.inputs)]
  if (state === null) return { status: { is: 'new' }, inputs, state }
  const isOurs = state.settings.name === plan.settings.name
  if (state.finished !== null && !isOurs) return { status: { is: 'new' }, inputs, state }
  if (state.finished === null && state.flow === null && isOurs) return { status: { is: 'begun', documents: 0 }, inputs, state } // nothing is kept that other settings could not fit
  const changes = [...differences(state.settings, plan.settings).map(asChange), ...inputChanges(state.inputs, inputs)]
  if (state.finished === null) {
    if (state.sluice !== packageVersion()) changes.push(`sluice: ${state.sluice} then, ${packageVersion()} now`)
    if (changes.length > 0) throw new SluiceError('ERR_CHECKPOINT', `${plan.path}: is of a run that was something else: ${changes.join('; ')}; run it as it was to go on, or start over with --restart`)
    return { status: { is: 'begun', documents: state.flow?.source.stats.out ?? 0 }, inputs, state }
  }
  if (changes.length > 0) return { status: { is: 'outdated', why: changes.join('; ') }, inputs, state }
  const { result, files } = state.finished
  const damages = [...await changesOf(files), ...await check(result)]
  return { status: damages.length > 0 ? { is: 'damaged', why: damages.join('; ') } : { is: 'finished', result }, inputs, state }
}

async function stateOf (path: string): Promise<JobState | null> {
  const content = await readCheckpoint(path)
  if (content === null) return null
  const { data, error } = jobState.safeParse(content)
  if (data === undefined) throw new SluiceError('ERR_CHECKPOINT', `${path}: is not a checkpoint that this version reads: ${error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}; start over with --restart`)
  return data
}

async function inputFiles (names: FileNames): Promise<KnownFile[]> {
  const files = await findFiles(names)
  return await Promise.all(files.map(async ({ path }) => {
    const { size, mtime } = await stat(path)
    return { path, bytes: size, modified: mtime.toISOString() }
  }))
}

/** What has become of input files, by path: with another size or time they are taken for others. */
function inputChanges (before: readonly KnownFile[], after: readonly KnownFile[]): string[] {
  const there = new Map(after.map(file => [file.path, file]))
  const known = new Set(before.map(({ path }) => path))
  const changes = [
    ...before.flatMap(file => inputChange(file, there.get(file.path))),
    ...after.filter(({ path }) => !known.has(path)).map(({ path }) => `${path}: is an input now, was none`)
  ]
  if (changes.length > 0 || before.every(({ path }, i) => path === after[i]?.path)) return changes
  return [`the input files come in another order: ${after.map(({ path }) => path).join(', ')}`]
}

function inputChange ({ path, bytes, modified }: KnownFile, now: KnownFile | undefined): string[] {
  if (now === undefined) return [`${path}: is no input any more`]
  if (now.bytes !== bytes) return [`${path}: had ${bytes} bytes, has ${now.bytes}`]
  return now.modified === modified ? [] : [`${path}: was changed at ${modified!}, then at ${now.modified!} (where only its time is another: touch -d ${modified!})`]
}

async function changesOf (files: readonly KnownFile[]): Promise<string[]> {
  const changes = await Promise.all(files.map(async ({ path, bytes }) => {
    const there = await stat(path).catch(() => null)
    return there === null ? [`${path} is not there`] : there.size === bytes ? [] : [`${path} has ${there.size} bytes, expected ${bytes}`]
  }))
  return changes.flat()
}

function asChange (difference: Difference): string {
  return differenceText(difference)
}
