/** What a thread that examines batches runs. */
import type { FastTextClassifier } from '../../../lib/fasttext/classifier.ts'
import type { Tokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { serveTasks } from '../../../lib/threads/thread.ts'
import { type ExamineTask, type Examined, Examiner, type ExaminerSpec, loadSame } from './batch.ts'

/** Examiners of a thread, by their specs: of components that are done at once, more than one is in use. */
const open = new Map<string, Promise<Examiner>>()
const MOST_OPEN = 8

/** The tokenizer of a thread's examiners, with all words that it has met. */
let loaded: { readonly sha256: string, readonly version: string, readonly tokenizer: Promise<Tokenizer> } | undefined

/** Classifiers of models that filters read, by model: what one has met of words, another knows, and each takes memory of its model. */
const classifiers = new Map<string, FastTextClassifier>()

async function keepClassifiers ({ filters }: ExaminerSpec): Promise<void> {
  for (const { loaded } of filters) {
    if (loaded === undefined || classifiers.has(loaded.id)) continue
    const { FastTextClassifier } = await import('../../../lib/fasttext/classifier.ts')
    classifiers.set(loaded.id, FastTextClassifier.from(loaded))
  }
}

/** A filter takes one document after the other. */
let last: Promise<unknown> = Promise.resolve()

async function openExaminer (spec: ExaminerSpec): Promise<Examiner> {
  const { tokenizer } = spec
  await keepClassifiers(spec)
  if (tokenizer === null) return await Examiner.open(spec)
  const { sha256, version } = tokenizer
  if (loaded?.sha256 !== sha256 || loaded.version !== version) {
    loaded = { sha256, version, tokenizer: loadSame(tokenizer) }
    loaded.tokenizer.catch(() => { loaded = undefined })
  }
  return await Examiner.open(spec, await loaded.tokenizer)
}

async function examinerFor (spec: ExaminerSpec): Promise<Examiner> {
  const key = JSON.stringify(spec, (name, value: unknown) => name === 'loaded' || name === 'words' ? undefined : value) // paths and hashes tell those
  const found = open.get(key) ?? openExaminer(spec)
  open.delete(key)
  open.set(key, found) // the last one of all
  found.catch(() => { open.delete(key) })
  if (open.size > MOST_OPEN) {
    const [oldest, examiner] = open.entries().next().value!
    open.delete(oldest)
    await examiner.then(found => found.close(), () => {}) // whoever wanted that one was told
  }
  return await found
}

async function examineBatch ({ spec, number, progress, ...task }: ExamineTask): Promise<Examined> {
  const examiner = await examinerFor(spec)
  const place = new Int32Array(progress)
  const examination = examiner.begin(task)
  place[0] = number
  while (!examination.isDone) {
    place[1] = examination.done
    const step = examination.step()
    if (step !== undefined) await step
  }
  return examination.result()
}

/** Examines a batch; what was loaded for it is kept for the next one. @throws SluiceError as the filters do, and `ERR_TOKENIZER` */
async function examine (task: ExamineTask): Promise<Examined> {
  const examined = last.then(() => examineBatch(task))
  last = examined.catch(() => {})
  return await examined
}

serveTasks(examine)
