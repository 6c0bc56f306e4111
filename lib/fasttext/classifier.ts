import { SluiceError } from '../errors.ts'
import { KernelSum } from './kernel.ts'
import { defaultTableBytes } from './kernel-layout.ts'
import { unknownLabel } from './labels.ts'
import { FlatScores, type LabelScores } from './label-scores.ts'
import { rowsOf } from './matrix.ts'
import { type ModelReadOptions, type SharedFastText, damaged, readFastText } from './model.ts'
import { DamagedModel } from './model-file.ts'
import { PlainSum } from './plain-sum.ts'
import { TreeScores } from './tree-scores.ts'

export type { SharedFastText } from './model.ts'

/**
 * How far scores by the kernel may be from fastText's own, for the square root of the number of rows: rounding leads
 * both astray, a little more with each row. Sums that are exact count no rows.
 */
const ROUNDING = 2e-7

/**
 * A label as the model has it, with its `__label__`, and its probability, which fastText's rounding may have exceed 1.
 */
export interface Prediction {
  readonly label: string
  readonly probability: number
}

/** How a classifier uses memory. */
export interface ClassifierOptions {
  /**
   * Bound of the memory for words already met; 0 for none.
   *
   * @default 18 MiB; room for 80,000 words where words have n-grams of characters and that is less
   */
  readonly tableBytes?: number
  /**
   * False: by the plain path, which the kernel is judged by, without a table.
   *
   * @default true, where there is room for the kernel
   */
  readonly kernel?: boolean
}

/** What `loadFastText` can be told. */
export interface LoadOptions extends ClassifierOptions, ModelReadOptions {}

/**
 * Classifiers of this thread that are in use, by model and options: each takes memory of the model's, which isn't given
 * back.
 */
const inUse = new Map<string, WeakRef<FastTextClassifier>>()

/**
 * Loads a fastText classifier: the `.bin` or `.ftz` file of a supervised model.
 *
 * @throws SluiceError `ERR_MODEL` when the file is missing, damaged or no such model; `ERR_ABORTED`
 */
export async function loadFastText (path: string, options: LoadOptions = {}): Promise<FastTextClassifier> {
  const { signal, sha256, ...use } = options
  return FastTextClassifier.from(await readFastText(path, { signal, sha256 }), use)
}

/**
 * A fastText classifier: labels of texts, with the probabilities that the command `fasttext predict-prob` tells for
 * them.
 */
export class FastTextClassifier {
  /** In the model's order. */
  readonly labels: readonly string[]
  /** The model's immutable parts, in shared memory: sent by `postMessage`, they serve another thread without a copy. */
  readonly shared: SharedFastText
  readonly #scores: LabelScores
  readonly #plain: PlainSum
  readonly #kernel: KernelSum | undefined
  #numbers: Map<string, number> | undefined // of labels

  private constructor (shared: SharedFastText, options: ClassifierOptions) {
    const { tableBytes = defaultTableBytes(shared), kernel = true } = options
    this.shared = shared
    this.labels = shared.labels
    this.#scores = scoresOf(shared)
    this.#plain = new PlainSum(shared)
    const treeScores = this.#scores instanceof TreeScores ? this.#scores : undefined
    this.#kernel = kernel ? KernelSum.of(shared, tableBytes, this.#plain, treeScores?.tree) : undefined
    treeScores?.use(this.#kernel?.tree)
  }

  /**
   * A classifier of a model that was read before, perhaps in another thread; the one that this thread has already, if
   * it is still in use.
   */
  static from (shared: SharedFastText, options: ClassifierOptions = {}): FastTextClassifier {
    const key = JSON.stringify([shared.id, options.tableBytes, options.kernel])
    const found = inUse.get(key)?.deref()
    if (found !== undefined) return found
    const made = new FastTextClassifier(shared, options)
    for (const [name, classifier] of inUse) if (classifier.deref() === undefined) inUse.delete(name)
    inUse.set(key, new WeakRef(made))
    return made
  }

  /**
   * The best labels of a text, best first. The text counts as one line, whatever it holds; a token `</s>` ends it.
   *
   * @param k how many labels at most; of a hierarchical softmax those below 1e-5 are left out
   * @returns none where the model has nothing to go by: a text of unknown words, if the model doesn't know the end of a
   *   line
   * @throws SluiceError `ERR_OPTION` for a wrong `k`, `ERR_MODEL` for a damaged model whose scores aren't numbers
   */
  predict (text: string, k = 1): Prediction[] {
    const isCount = Number.isInteger(k) && k >= 1
    if (!isCount) throw new SluiceError('ERR_OPTION', `k: expected a whole number of at least 1, got ${k}`)
    if (!this.#take(text)) return []
    return this.#scores.best(k).map(({ index, probability }) => {
      return { label: this.labels[index]!, probability: this.#number(probability) }
    })
  }

  /**
   * The probability of one label of a text; 0 where the model has nothing to go by.
   *
   * @throws SluiceError `ERR_OPTION` for a label that the model doesn't have, `ERR_MODEL` as `predict` does
   */
  probability (text: string, label: string): number {
    this.#numbers ??= new Map(this.labels.map((name, i) => [name, i]))
    const number = this.#numbers.get(label)
    if (number === undefined) throw new SluiceError('ERR_OPTION', unknownLabel(this.shared.path, label, this.labels))
    return this.#take(text) ? this.#number(this.#scores.probability(number)) : 0
  }

  /** Whether there is anything to go by. */
  #take (text: string): boolean {
    const sum = this.#kernel ?? this.#plain
    const vector = sum.of(text)
    if (vector === undefined) return false
    if (!this.#scores.take(vector, ROUNDING * Math.sqrt(sum.count))) this.#scores.take(sum.exactlyOf(text)!, 0)
    return true
  }

  #number (probability: number): number {
    if (!Number.isNaN(probability)) return probability
    const { path } = this.shared
    const message = `${path}: a probability comes out as no number, the model is damaged; get it again`
    throw new SluiceError('ERR_MODEL', message)
  }
}

function scoresOf ({ path, memory, output, settings: { loss }, labelCounts }: SharedFastText): LabelScores {
  const rows = rowsOf(memory, output)
  if (loss !== 'hs') return new FlatScores(rows, loss)
  try {
    return new TreeScores(rows, labelCounts)
  } catch (cause) {
    throw cause instanceof DamagedModel ? damaged(path, cause) : cause
  }
}
