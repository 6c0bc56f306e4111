/** The entry point of a thread that processes batches. */
import type { FastTextClassifier } from '../../../lib/fasttext/classifier.ts'
import type { Tokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { serveTasks } from '../../../lib/threads/thread.ts'
import type { BatchResult } from './batch-result.ts'
import { type BatchSpec, type BatchTask, BatchWorker, loadSame } from './batch.ts'

/** Workers of this thread by spec. Several are in use when components are processed at the same time. */
const open = new Map<string, Promise<BatchWorker>>()
const MAX_OPEN = 8

/** The tokenizer that this thread's workers share, with its cache of words. */
let loaded: { readonly key: string, readonly tokenizer: Promise<Pick<Tokenizer, 'append'>> } | undefined

/** Classifiers by model. All filters with the same model share one, for its memory and its cache of words. */
const classifiers = new Map<string, FastTextClassifier>()

async function keepClassifiers ({ filters }: BatchSpec): Promise<void> {
  for (const { loaded } of filters) {
    if (loaded === undefined || classifiers.has(loaded.id)) continue
    const { FastTextClassifier } = await import('../../../lib/fasttext/classifier.ts')
    classifiers.set(loaded.id, FastTextClassifier.from(loaded))
  }
}

/** The last task: filters can't process two documents at the same time, so tasks run one after the other. */
let last: Promise<unknown> = Promise.resolve()

async function openWorker (spec: BatchSpec): Promise<BatchWorker> {
  const { tokenizer } = spec
  await keepClassifiers(spec)
  if (tokenizer === null) return await BatchWorker.open(spec)
  const key = JSON.stringify([tokenizer.sha256, tokenizer.options])
  if (loaded?.key !== key) {
    loaded = { key, tokenizer: loadSame(tokenizer) }
    loaded.tokenizer.catch(() => { loaded = undefined })
  }
  return await BatchWorker.open(spec, await loaded.tokenizer)
}

async function workerFor (spec: BatchSpec): Promise<BatchWorker> {
  // Models and what is shared are identified by the paths and hashes in the rest of the spec.
  const key = JSON.stringify(spec, (name, value: unknown) => name === 'loaded' || name === 'shared' ? undefined : value)
  const found = open.get(key) ?? openWorker(spec)
  open.delete(key)
  open.set(key, found) // moves it to the end: it is the most recently used
  found.catch(() => { open.delete(key) })
  if (open.size > MAX_OPEN) {
    const [oldest, worker] = open.entries().next().value!
    open.delete(oldest)
    await worker.then(found => found.close(), () => {}) // the task that opened it has reported the error
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
 * Processes a batch after the previous ones. The tokenizer and models that it loads are kept for the next batch.
 *
 * @throws SluiceError as the filters do, and `ERR_TOKENIZER`
 */
async function runInTurn (task: BatchTask): Promise<BatchResult> {
  const result = last.then(() => runBatch(task))
  last = result.catch(() => {})
  return await result
}

serveTasks(runInTurn)
