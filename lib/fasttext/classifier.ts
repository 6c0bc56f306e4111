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
 * Scores of the kernel differ from those of fastText by rounding, which adds up with each row. The relative difference
 * is at most this constant times the square root of the number of rows. Exact sums do not differ.
 */
const ROUNDING = 2e-7

/**
 * A label, as in the model with its `__label__`, and its probability, which may exceed 1 because of fastText's
 * rounding.
 */
export interface Prediction {
  readonly label: string
  readonly probability: number
}

/** How a classifier computes, and how much memory it uses. */
export interface ClassifierOptions {
  /**
   * Maximum size in bytes of the cache of words; 0: no cache.
   *
   * @default 18 MiB, or the size for 80,000 words if words have character n-grams and that is less
   */
  readonly tableBytes?: number
  /**
   * Whether to use the wasm kernel. Without it, the slow equivalent computes, without a cache.
   *
   * @default true, if there is memory for the kernel
   */
  readonly kernel?: boolean
}

/** Options of `loadFastText`. */
export interface LoadOptions extends ClassifierOptions, ModelReadOptions {}

/**
 * The classifiers of this thread, by model and options. Each uses some of the model's memory, which is never
 * released.
 */
const inUse = new Map<string, WeakRef<FastTextClassifier>>()

/**
 * Loads a fastText classifier: the `.bin` or `.ftz` file of a supervised model.
 *
 * @throws SluiceError `ERR_MODEL` when the file is missing, damaged or not such a model; `ERR_ABORTED`
 */
export async function loadFastText (path: string, options: LoadOptions = {}): Promise<FastTextClassifier> {
  const { signal, sha256, ...use } = options
  return FastTextClassifier.from(await readFastText(path, { signal, sha256 }), use)
}

/** A fastText classifier. Its probabilities are those of the command `fasttext predict-prob`. */
export class FastTextClassifier {
  /** All labels, in the order of the model. */
  readonly labels: readonly string[]
  /** The model in shared memory. Other threads, to which it is sent by `postMessage`, use it without a copy. */
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
   * A classifier for a model that is loaded, perhaps by another thread. If this thread already has one that is still
   * in use, that one is returned.
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
   * The best labels of a text, best first. The text is one line, even if it has line breaks; a token `</s>` ends it.
   *
   * @param k maximum number of labels; for hierarchical softmax, labels with less than 1e-5 are left out
   * @returns no labels if the model knows nothing in the text: only unknown words, and not the end of a line
   * @throws SluiceError `ERR_OPTION` for a wrong `k`, `ERR_MODEL` for a damaged model whose scores aren't numbers
   */
  predict (text: string, k = 1): Prediction[] {
    const isCount = Number.isInteger(k) && k >= 1
    if (!isCount) throw new SluiceError('ERR_OPTION', `k: expected an integer of at least 1, got ${k}`)
    if (!this.#take(text)) return []
    return this.#scores.best(k).map(({ index, probability }) => {
      return { label: this.labels[index]!, probability: this.#number(probability) }
    })
  }

  /**
   * The probability of a label for a text; 0 if the model knows nothing in the text.
   *
   * @throws SluiceError `ERR_OPTION` for a label that the model doesn't have, `ERR_MODEL` as `predict` does
   */
  probability (text: string, label: string): number {
    this.#numbers ??= new Map(this.labels.map((name, i) => [name, i]))
    const number = this.#numbers.get(label)
    if (number === undefined) throw new SluiceError('ERR_OPTION', unknownLabel(this.shared.path, label, this.labels))
    return this.#take(text) ? this.#number(this.#scores.probability(number)) : 0
  }

  /** Computes the scores of a text. @returns whether the model knows anything in it */
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
    const message = `${path}: a probability is NaN, the model is damaged; get it again`
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
