import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { SluiceError, codeOf, messageOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { renameKeys, snakeCase } from '../../lib/options.ts'
import { removeCheckpoint } from '../../lib/output/checkpoint.ts'
import { checkWritable, writeFileWhole } from '../../lib/output/open.ts'
import { jsonKind, refuseForeign, writeOwn } from '../../lib/output/own-file.ts'
import { isResumable } from '../../lib/output/resumable.ts'
import { packageVersion } from '../../lib/package.ts'
import { readTokenizerFile } from '../../lib/tokenizer/files.ts'
import type { ModelSettings } from '../../lib/trainer/options.ts'
import type { TrainedTokenizer, UnigramTrainer } from '../../lib/trainer/train-unigram.ts'
import type { TrainProgress, TrainStats } from '../../lib/trainer/train.ts'
import { type ReadOptions, documentSettings, plain } from '../flow/documents.ts'
import type { RunOptions } from '../flow/flow.ts'
import type { ThreadOptions } from '../flow/workers/threads.ts'
import {
  type Check, type JobOptions, type JobPlan, type JobStatus, canResume, runJob, statusOf, withLocks, workingFiles
} from '../jobs/job.ts'
import { checkOutputs } from '../jobs/places.ts'
import { type FoundComponent, type Mixture, inputsOf } from '../manifest/found.ts'
import { number, secondsSince } from '../../lib/text/numbers.ts'
import { componentTable } from './table.ts'
import { type SampleStats, addSamples } from './training-sample.ts'

/** A training of a tokenizer: its inputs, its settings, and the files that it writes. */
export interface TrainingJob {
  readonly manifest: Mixture | null
  readonly components: readonly FoundComponent[]
  readonly settings: Omit<ModelSettings, 'workers'>
  readonly model: string
  readonly vocab: string
  readonly checkpoint: string
  readonly log: string
}

type TrainingJobOptions = Pick<JobOptions, 'restart' | 'onStatus' | 'takeover'>

export interface TrainingOptions extends RunOptions, ReadOptions, ThreadOptions, TrainingJobOptions {
  /** Whether a model that another job made is replaced. @default false */
  readonly overwrite?: boolean
}

/** The log of `train-tokenizer`: the inputs and settings of a training, and its results. */
export interface TrainedStats {
  readonly model: string
  readonly vocab: string
  readonly sha256: string
  readonly vocab_size: number
  readonly model_type: 'unigram'
  readonly manifest: string | null
  readonly manifest_sha256: string | null
  readonly datasets: readonly SampleStats[]
  /** The options of the training, in snake case. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly training: Readonly<Record<string, unknown>>
  readonly seconds: number
  readonly sluice: string
}

/** Recognizes an existing log, so that no other file is replaced. */
const TRAINING_LOG = jsonKind('the log of a training', 'model', 'vocab', 'training')

/** @throws SluiceError as `statusOf` */
export async function trainingStatus (job: TrainingJob): Promise<JobStatus> {
  return await statusOf(trainingPlan(job, {}), modelCheck(job))
}

/**
 * Trains a tokenizer, unless the model of the same training exists.
 *
 * @throws SluiceError as `trainTokenizer`
 */
export async function runTraining (job: TrainingJob, options: TrainingOptions): Promise<TrainedStats> {
  try {
    return await trainOnce(job, options)
  } catch (error) {
    if (codeOf(error) !== 'ERR_ABORTED') throw error
    const message = `${messageOf(error)}; the same command restarts the training`
    throw new SluiceError('ERR_ABORTED', message, { cause: error })
  }
}

async function trainOnce (job: TrainingJob, options: TrainingOptions): Promise<TrainedStats> {
  await checkTrainingPlaces(job)
  for (const path of [job.model, job.vocab, job.log]) await checkWritable(path)
  if (await readsOnce(job)) {
    return await withLocks([job.checkpoint, job.model], async () => {
      refuseModel(job, options)
      // An old checkpoint would describe another model.
      return await train(job, options, () => removeCheckpoint(job.checkpoint))
    }, options)
  }
  let trained = null as TrainedStats | null
  const stats = await runJob(trainingPlan(job, options), options, modelCheck(job), async running => {
    if (running.begins) refuseModel(job, options)
    trained = await train(job, options, running.begin)
    await running.finish(trained, [job.model, job.vocab])
    return trained
  })
  if (trained === null) await keepLog(job.log, stats)
  return stats
}

/** Whether a training reads an input that can be read only once: standard input or a pipe. */
export async function readsOnce ({ components }: TrainingJob): Promise<boolean> {
  return !await canResume(inputsOf(components), [])
}

/**
 * Checks all files that a training will write.
 *
 * @throws SluiceError `ERR_OPTION` for one that would be written twice, `ERR_OUTPUT_EXISTS` for one that is an input
 */
export async function checkTrainingPlaces (job: TrainingJob): Promise<void> {
  const { manifest, components, model, vocab, log, checkpoint } = job
  const outputs = [model, vocab, log, ...workingFiles(checkpoint, [])]
  const inputs = [...inputsOf(components).map(({ path }) => path), ...(manifest === null ? [] : [manifest.path])]
  checkOutputs(outputs, inputs, { shards: manifest?.datasets.map(({ outputDir }) => outputDir) ?? [] })
  await refuseForeign(log, TRAINING_LOG)
}

/** Writes the log of a model that is up to date, if the log was deleted or now has another path. */
async function keepLog (path: string, stats: TrainedStats): Promise<void> {
  const text = logText(stats)
  const isThere = await isResumable(path) && existsSync(path) && await readFile(path, 'utf8') === text
  if (!isThere) await writeOwn(path, text, TRAINING_LOG)
}

/** The content of a training's log. */
export function logText (stats: TrainedStats): string {
  return JSON.stringify(stats, null, 2) + '\n'
}

function refuseModel ({ model }: TrainingJob, { overwrite = false }: TrainingOptions): void {
  if (!existsSync(model) || overwrite) return
  const advice = 'name another --output-dir, or replace it with --overwrite'
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${model}: is a model that this training did not make; ${advice}`)
}

/** The job of a training. */
export function trainingPlan ({ components, settings, checkpoint, model }: TrainingJob, options: ReadOptions): JobPlan {
  return {
    name: 'train-tokenizer',
    path: checkpoint,
    settings: {
      name: 'train-tokenizer',
      ...snakeKeys(settings),
      datasets: components.map(component => sampleSettings(component, options))
    },
    inputs: inputsOf(components),
    alsoLocked: [model]
  }
}

function sampleSettings (component: FoundComponent, options: ReadOptions): Record<string, unknown> {
  const { name, sampleLimit } = component
  const settings = documentSettings({ ...component, maxRecords: null }, options)
  return plain({ name, sample_limit: sampleLimit, ...settings, max_records: undefined })
}

/** Checks that the model is unchanged. */
export function modelCheck ({ model }: TrainingJob): Check {
  return async result => {
    if (!existsSync(model)) return [] // reported by the check of file sizes
    const { sha256: found } = await readTokenizerFile(model)
    const expected = (result as TrainedStats).sha256
    return found === expected ? [] : [`${model}: has SHA-256 ${found}, expected ${expected}`]
  }
}

/** @param begin called before the first file is written; records that the files belong to this training */
async function train (
  job: TrainingJob, options: TrainingOptions & ThreadOptions, begin: () => Promise<void>
): Promise<TrainedStats> {
  const started = performance.now()
  const { UnigramTrainer } = await import('../../lib/trainer/train-unigram.ts')
  const workers = options.threads === undefined ? 1 : options.threads.list.length + 1
  const trainer = new UnigramTrainer({ ...job.settings, workers })
  const datasets: SampleStats[] = []
  for (const component of job.components) {
    try {
      datasets.push(await addSamples(component, trainer, options))
    } catch (error) {
      throw job.manifest === null ? error : ofComponent(component.name, error)
    }
  }
  const { model, vocab, pieces, stats } = await watched(trainer, job.settings.vocabSize, options)
  for (const note of trainingNotes(stats, pieces.length, job.settings)) options.tell?.(`train-tokenizer: ${note}`)
  const trained: TrainedStats = {
    model: job.model,
    vocab: job.vocab,
    sha256: sha256(model),
    vocab_size: pieces.length,
    model_type: 'unigram',
    manifest: job.manifest?.path ?? null,
    manifest_sha256: job.manifest?.sha256 ?? null,
    datasets,
    settings: snakeKeys(job.settings),
    training: snakeKeys(stats),
    seconds: secondsSince(started),
    sluice: packageVersion()
  }
  await begin()
  await writeFileWhole(job.vocab, vocab)
  await writeOwn(job.log, logText(trained), TRAINING_LOG)
  await writeFileWhole(job.model, Buffer.from(model)) // last: a model exists only with its vocabulary and log
  return trained
}

/** Text that the training cut or left out, and whether it found fewer pieces than requested. */
function trainingNotes (stats: TrainStats, pieces: number, settings: TrainingJob['settings']): string[] {
  const { cutLines, longRuns, longRunCharacters } = stats
  const { vocabSize, maxRunChars } = settings
  const notes: string[] = []
  if (cutLines > 0) notes.push(`${number(cutLines)} long ${cutLines === 1 ? 'line was' : 'lines were'} cut into parts`)
  if (longRuns > 0) {
    const [runs, were] = longRuns === 1 ? ['run', 'was'] : ['runs', 'were']
    notes.push(`${number(longRuns)} ${runs} of more than ${number(maxRunChars)} characters without a space, ` +
      `${number(longRunCharacters)} characters in all, ${were} left out (--max-run-chars)`)
  }
  if (pieces < vocabSize) {
    notes.push(`the text gives ${number(pieces)} pieces, fewer than the ${number(vocabSize)} requested`)
  }
  return notes
}

/** Trains and shows the progress. */
async function watched (
  trainer: UnigramTrainer, wanted: number, { watchWork, signal }: TrainingOptions
): Promise<TrainedTokenizer> {
  let state = 'reads its samples'
  let done: (() => void) | undefined
  const show = (next: string, isNew: boolean): void => {
    state = next
    if (!isNew) return
    const before = done
    done = watchWork?.({ name: 'train-tokenizer', state: () => state })
    before?.()
  }
  show(state, true)
  try {
    return await trainer.train({
      signal,
      onProgress: progress => { show(progressText(progress, wanted), isNewPhase(progress)) }
    })
  } finally {
    (done as (() => void) | undefined)?.()
  }
}

function progressText (progress: TrainProgress, wanted: number): string {
  switch (progress.phase) {
    case 'read': return `counts words: ${number(progress.words)} of ${number(progress.sentences)} lines`
    case 'seed': {
      const text = `${number(progress.words)} words of ${number(progress.characters)} characters`
      return `collects seed pieces from ${text}`
    }
    case 'train': {
      const { round, pieces, objective } = progress
      return `round ${round}: ${number(pieces)} pieces, target ${number(wanted)}; objective ${objective.toFixed(4)}`
    }
  }
}

function isNewPhase (progress: TrainProgress): boolean {
  return progress.phase === 'seed' || (progress.phase === 'train' && progress.round === 1)
}

function ofComponent (name: string, error: unknown): unknown {
  if (!(error instanceof SluiceError) || error.code === 'ERR_ABORTED') return error
  return new SluiceError(error.code, `${name}: ${error.message}`, { cause: error })
}

/** A summary of a training as text. */
export function trainingText ({ model, vocab_size: size, datasets, training, seconds }: TrainedStats): string {
  const lines = number(training.sentences as number)
  return `${componentTable(datasets)}\n\n` +
    `${model}: ${number(size)} pieces, trained on ${lines} lines in ${seconds.toFixed(1)} s`
}

function snakeKeys (values: object): Record<string, unknown> {
  return renameKeys(values as Record<string, unknown>, snakeCase)
}
