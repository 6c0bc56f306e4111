import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type InputFile, STANDARD_STREAM } from '../../lib/bytes.ts'
import { SluiceError, allInOrder, codeOf, messageOf } from '../../lib/errors.ts'
import { refuseOtherThanCheckpoint, writeCheckpoint } from '../../lib/output/checkpoint.ts'
import type { LockOptions } from '../../lib/output/lock.ts'
import { isResumable, partialName } from '../../lib/output/resumable.ts'
import { withLock } from '../../lib/output/with-lock.ts'
import { packageVersion } from '../../lib/package.ts'
import { number } from '../../lib/text/numbers.ts'
import type { FlowState } from './checkpoints.ts'
import { differenceText, differences } from './difference.ts'
import { type JobState, stateOf } from './job-state.ts'
import { type KnownFile, fileChanges, inputChanges, inputFiles } from './known-files.ts'

/** Work that makes files from other files, and can be resumed. */
export interface JobPlan {
  /** The name of the job in messages. */
  readonly name: string
  /** The path of the checkpoint. */
  readonly path: string
  /** Everything that the output depends on, besides the inputs, as plain JSON. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly inputs: readonly InputFile[]
  /** Files that no other run may write at the same time, besides the main output. */
  readonly alsoLocked?: readonly string[]
  /** The results of other jobs that the output depends on. */
  readonly basis?: JobBasis
}

/** Results of other jobs that the output of a job depends on. */
export interface JobBasis {
  /** What checkpoints record of them. */
  readonly state: () => Readonly<Record<string, string>>
  /**
   * What has changed since a checkpoint recorded this state. The output of a finished job may be the same, although the
   * results are not: then nothing has.
   */
  readonly changes: (state: Readonly<Record<string, string>>, isFinished: boolean) => Promise<readonly string[]>
}

/** The status of a job, before it runs. */
export type JobStatus =
  | { readonly is: 'new', readonly why?: string }
  | { readonly is: 'started', readonly documents: number }
  /** It was started with other settings or inputs, and starts over. Only with `startsOver`. */
  | { readonly is: 'restarted', readonly why: string }
  | { readonly is: 'finished', readonly result: unknown, readonly basis?: JobState['basis'] }
  /** It was finished, and its settings or inputs have changed since. */
  | { readonly is: 'outdated', readonly why: string }
  /** It was finished with these settings and inputs, and its output is missing or has changed. */
  | { readonly is: 'damaged', readonly why: string }

/** Options of how a job is resumed, and how its locks are taken. */
export interface JobOptions extends LockOptions {
  /** Whether the job starts over, even if an earlier run started or finished it. @default false */
  readonly restart?: boolean | undefined
  /**
   * Whether a job that was started with other settings or inputs starts over, instead of being refused.
   *
   * @default false
   */
  readonly startsOver?: boolean | undefined
  /**
   * Called with a message for a job that isn't new: that it resumes, is skipped, or is done again, and why; and before
   * it waits for a lock.
   */
  readonly tell?: ((message: string) => void) | undefined
  /** Called with the status of the job before it runs. */
  readonly onStatus?: ((status: JobStatus) => void) | undefined
}

/** Returns the defects of the output of a finished job; an empty list if there are none. */
export type Check = (result: unknown) => Promise<readonly string[]>

/**
 * The status of a job.
 *
 * @param check checks its output, in addition to the sizes of its files
 * @throws SluiceError `ERR_CHECKPOINT` when it was started with other settings or inputs, with each difference, unless
 *   it starts over; or when the checkpoint is damaged
 */
export async function statusOf (
  plan: JobPlan, check: Check = () => Promise.resolve([]), { startsOver }: Pick<JobOptions, 'startsOver'> = {}
): Promise<JobStatus> {
  return (await examined(plan, check, startsOver)).status
}

/** A running job. */
export class Job {
  readonly #plan: JobPlan
  readonly #inputs: KnownFile[]
  readonly #before: number // seconds
  readonly #started = performance.now()
  #isKept = false
  #keepsFlow: boolean
  /** The state to resume from; null to start from the beginning. */
  readonly flow: FlowState | null
  /** Whether no existing output is known to belong to this job. */
  readonly begins: boolean
  /** Whether it was finished with other settings or inputs: that output stays valid until all of it is replaced. */
  readonly isOutdated: boolean
  /** Whether it was started and has no state to resume from. */
  readonly resumesNothing: boolean
  /** Whether its earlier output is deleted at once; otherwise each file is later replaced by an identical one. */
  readonly replaces: boolean

  constructor (plan: JobPlan, inputs: KnownFile[], status: JobStatus, state: JobState | null, restarted: boolean) {
    this.#plan = plan
    this.#inputs = inputs
    this.begins = status.is === 'new' && !restarted
    this.isOutdated = status.is === 'outdated'
    this.resumesNothing = status.is === 'started' && state?.flow === null
    this.replaces = status.is !== 'damaged' && !this.begins
    this.#before = state?.seconds ?? 0
    this.flow = state?.flow ?? null
    this.#keepsFlow = this.flow !== null
  }

  /** Whether a later run can resume after the beginning. */
  get keepsFlow (): boolean {
    return this.#keepsFlow
  }

  /** Seconds of work so far, to milliseconds, over all runs. */
  get seconds (): number {
    return Math.round(this.#before * 1000 + performance.now() - this.#started) / 1000
  }

  /**
   * Writes a checkpoint without state, unless there is one: from now on the output is known to belong to this job.
   *
   * @throws SluiceError `ERR_OUTPUT`
   */
  readonly begin = async (): Promise<void> => {
    if (!this.#isKept) await this.#write({ flow: null, finished: null })
  }

  /** Saves the state to resume from. @throws SluiceError `ERR_OUTPUT` */
  readonly save = async (flow: FlowState): Promise<void> => {
    await this.#write({ flow, finished: null })
    this.#keepsFlow = true
  }

  /**
   * Records that it is finished.
   *
   * @param paths of output that `check` doesn't check
   * @param basis what is recorded of the results of other jobs, if the plan doesn't have them
   */
  async finish (result: unknown, paths: readonly string[], basis?: JobState['basis']): Promise<void> {
    const files = await allInOrder(paths.map(async path => ({ path, bytes: (await stat(path)).size })))
    await this.#write({ flow: null, finished: { result, files } }, basis)
  }

  async #write (
    state: Pick<JobState, 'flow' | 'finished'>, basis: JobState['basis'] = this.#plan.basis?.state()
  ): Promise<void> {
    const { path, settings } = this.#plan
    const known = { settings, inputs: this.#inputs, seconds: this.seconds, basis }
    await writeCheckpoint(path, { sluice: packageVersion(), ...known, ...state })
    this.#isKept = true
  }
}

/**
 * Runs a job from its last checkpoint, under a lock; a finished job is skipped.
 *
 * @param work resumes from `job.flow`; at the end it calls `job.finish`, or deletes the checkpoint
 * @throws SluiceError `ERR_LOCKED`, `ERR_CHECKPOINT`, `ERR_OUTPUT`, and what the work throws
 */
export async function runJob<T> (
  plan: JobPlan,
  { restart = false, startsOver, onStatus, ...locking }: JobOptions,
  check: Check,
  work: (job: Job) => Promise<T>
): Promise<T> {
  return await withLocks([plan.path, ...plan.alsoLocked ?? []], async () => {
    if (restart) await refuseOtherThanCheckpoint(plan.path)
    const restarted = restart && await isOwn(plan)
    const { status, inputs, state } = restart
      ? anew(await inputFiles(plan.inputs))
      : await examined(plan, check, startsOver)
    onStatus?.(status)
    const message = statusText(status)
    if (message !== null) locking.tell?.(`${plan.name}: ${message}`)
    if (status.is === 'finished') return status.result as T
    const job = new Job(plan, inputs, status, status.is === 'started' ? state : null, restarted)
    // Replaces the old checkpoint. Otherwise the files that it describes would belong to no job until the next
    // checkpoint.
    if (restarted || status.is === 'restarted') await job.begin()
    try {
      return await work(job)
    } catch (error) {
      if (codeOf(error) !== 'ERR_ABORTED' || !job.keepsFlow || !existsSync(plan.path)) throw error
      const message = `${messageOf(error)}; the same command resumes from the last checkpoint`
      throw new SluiceError('ERR_ABORTED', message, { cause: error })
    }
  }, locking)
}

/**
 * Runs work while no other run may write these files.
 *
 * @throws SluiceError `ERR_LOCKED`, `ERR_OUTPUT`, and what the work throws
 */
export async function withLocks<T> (
  [path, ...others]: readonly string[], work: () => Promise<T>, options: LockOptions
): Promise<T> {
  if (path === undefined) return await work()
  return await withLock(lockOf(path), path, () => withLocks(others, work, options), options)
}

/** The temporary files of a job: its checkpoint, the lock, and partial outputs. */
export function workingFiles (checkpoint: string, outputs: readonly string[]): string[] {
  return [checkpoint, lockOf(checkpoint), ...outputs.filter(output => output !== STANDARD_STREAM).map(partialName)]
}

/** The lock of a file. */
export function lockOf (path: string): string {
  return `${path}.lock`
}

/** Whether work with these inputs and outputs can be resumed: only if all are regular files. */
export async function canResume (inputs: readonly InputFile[], outputs: readonly string[]): Promise<boolean> {
  const resumable = await allInOrder(outputs.map(isResumable))
  return resumable.every(Boolean) && inputs.every(({ size }) => size !== null)
}

/** The status of a job as text; null for a new job. */
export function statusText (status: JobStatus): string | null {
  switch (status.is) {
    case 'new': return null
    case 'started': return status.documents === 0
      ? 'starts over: it had not reached a checkpoint'
      : `resumes after document ${number(status.documents)}`
    case 'restarted': return `starts over: ${status.why}`
    case 'finished': return 'is finished, and up to date'
    case 'outdated': return `is done again: ${status.why}`
    case 'damaged': return `is done again: ${status.why}`
  }
}

interface Examined { readonly status: JobStatus, readonly inputs: KnownFile[], readonly state: JobState | null }

/** Whether there is a checkpoint of this job, or one that can't be read, and not one of another component. */
async function isOwn ({ path, settings }: JobPlan): Promise<boolean> {
  if (!existsSync(path)) return false
  const state = await stateOf(path).catch(() => null)
  return state === null || state.settings.name === settings.name
}

function anew (inputs: KnownFile[]): Examined {
  return { status: { is: 'new' }, inputs, state: null }
}

async function examined (plan: JobPlan, check: Check, startsOver = false): Promise<Examined> {
  const [state, inputs] = [await stateOf(plan.path), await inputFiles(plan.inputs)]
  if (state === null) return anew(inputs)
  const isOurs = state.settings.name === plan.settings.name
  if (state.finished !== null && !isOurs) return anew(inputs)
  const as = (status: JobStatus): Examined => ({ status, inputs, state })
  // Without a state to resume from, the settings may differ.
  if (state.finished === null && state.flow === null && isOurs) return as({ is: 'started', documents: 0 })
  const settingChanges = differences(state.settings, plan.settings).map(differenceText)
  const changes = [...settingChanges, ...inputChanges(state.inputs, inputs)]
  if (changes.length === 0) changes.push(...await plan.basis?.changes(state.basis ?? {}, state.finished !== null) ?? [])
  if (state.finished === null) {
    if (state.sluice !== packageVersion()) changes.push(`sluice: ${state.sluice} then, ${packageVersion()} now`)
    if (changes.length > 0 && !(startsOver && isOurs)) throw otherRun(plan.path, changes)
    if (changes.length > 0) return as({ is: 'restarted', why: firstOf(changes) })
    return as({ is: 'started', documents: state.flow?.source.stats.out ?? 0 })
  }
  if (changes.length > 0) return as({ is: 'outdated', why: firstOf(changes) })
  const { result, files } = state.finished
  const damages = [...await fileChanges(files), ...await check(result)]
  if (damages.length > 0) return as({ is: 'damaged', why: damages.join('; ') })
  return as({ is: 'finished', result, ...(state.basis && { basis: state.basis }) })
}

/** How many changes a message has about work that is done again; a mixture has thousands of inputs. */
const MOST_CHANGES = 5

function firstOf (changes: readonly string[]): string {
  const more = changes.length - MOST_CHANGES
  return changes.slice(0, MOST_CHANGES).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

function otherRun (path: string, changes: readonly string[]): SluiceError {
  const mistake = `is of a run with other settings or inputs: ${changes.join('; ')}`
  const advice = 'to resume, repeat the command unchanged, or start over with --restart'
  return new SluiceError('ERR_CHECKPOINT', `${path}: ${mistake}; ${advice}`)
}
