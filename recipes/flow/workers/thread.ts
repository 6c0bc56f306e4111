/** What a thread that works at batches runs. */
import type { FastTextClassifier } from '../../../lib/fasttext/classifier.ts'
import type { Tokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { serveTasks } from '../../../lib/threads/thread.ts'
import type { BatchResult } from './batch-result.ts'
import { type BatchSpec, type BatchTask, BatchWorker, loadSame } from './batch.ts'

/** Workers of a thread, by their specs: of components that are done at once, more than one is in use. */
const open = new Map<string, Promise<BatchWorker>>()
const MOST_OPEN = 8

/** The tokenizer of a thread's workers, with all words that it has met. */
let loaded: { readonly sha256: string, readonly version: string, readonly tokenizer: Promise<Tokenizer> } | undefined

/**
 * Classifiers of models that filters read, by model: what one has met of words, another knows, and each takes memory of
 * its model.
 */
const classifiers = new Map<string, FastTextClassifier>()

async function keepClassifiers ({ filters }: BatchSpec): Promise<void> {
  for (const { loaded } of filters) {
    if (loaded === undefined || classifiers.has(loaded.id)) continue
    const { FastTextClassifier } = await import('../../../lib/fasttext/classifier.ts')
    classifiers.set(loaded.id, FastTextClassifier.from(loaded))
  }
}

/** A filter takes one document after the other. */
let last: Promise<unknown> = Promise.resolve()

async function openWorker (spec: BatchSpec): Promise<BatchWorker> {
  const { tokenizer } = spec
  await keepClassifiers(spec)
  if (tokenizer === null) return await BatchWorker.open(spec)
  const { sha256, version } = tokenizer
  if (loaded?.sha256 !== sha256 || loaded.version !== version) {
    loaded = { sha256, version, tokenizer: loadSame(tokenizer) }
    loaded.tokenizer.catch(() => { loaded = undefined })
  }
  return await BatchWorker.open(spec, await loaded.tokenizer)
}

async function workerFor (spec: BatchSpec): Promise<BatchWorker> {
  // Paths and hashes tell those.
  const key = JSON.stringify(spec, (name, value: unknown) => name === 'loaded' || name === 'words' ? undefined : value)
  const found = open.get(key) ?? openWorker(spec)
  open.delete(key)
  open.set(key, found) // the last one of all
  found.catch(() => { open.delete(key) })
  if (open.size > MOST_OPEN) {
    const [oldest, worker] = open.entries().next().value!
    open.delete(oldest)
    await worker.then(found => found.close(), () => {}) // who wanted that one has the error
  }
  return await found
}

async function runBatch ({ spec, number, progress, ...task }: BatchTask): Promise<BatchResult> {
  const worker = await workerFor(spec)
  const place = new Int32Array(progress)
  const run = worker.begin(task)
  place[0] = number
  while (!run.isDone) {
    place[1] = run.done
    const step = run.step()
    if (step !== undefined) await step
  }
  return run.result()
}

/**
 * Does a batch; what was loaded for it is kept for the next one.
 *
 * @throws SluiceError as the filters do, and `ERR_TOKENIZER`
 */
async function runInTurn (task: BatchTask): Promise<BatchResult> {
  const result = last.then(() => runBatch(task))
  last = result.catch(() => {})
  return await result
}

serveTasks(runInTurn)
