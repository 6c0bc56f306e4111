import { setImmediate } from 'node:timers/promises'
import { parseOptions } from '../options.ts'
import { UniformSample } from '../sampling/draw.ts'
import type { NormalizerSpec, Piece } from '../sentencepiece/model.ts'
import { Normalizer } from '../sentencepiece/normalizer.ts'
import { charsmapOf } from '../sentencepiece/rules.ts'
import { modelBytes } from '../sentencepiece/write-model.ts'
import { type ModelOptions, type ModelSettings, metaPieces, modelOptions } from './options.ts'
import { throwIfAborted } from './step-pool.ts'
import { type TrainProgress, type TrainStats, trainWords } from './train.ts'
import { MAX_LINE, WordReader } from './read-words.ts'

/** UTF-16 units of text between two pauses, in which the event loop runs. */
const UNITS_AT_ONCE = 2 ** 20

/** The fixed cost of a text, in units. */
const UNITS_OF_A_TEXT = 100

/** How a training is stopped and reports progress. */
export interface TrainRun {
  /** Stops training when it fires. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined
}

export type TrainUnigramOptions = ModelOptions & TrainRun

/** A trained tokenizer. */
export interface TrainedTokenizer {
  /** The bytes of the `.model` file, which any reader of SentencePiece models can open. */
  readonly model: Uint8Array
  /** The text of the `.vocab` file, as `spm_train` writes it: in each line a piece, a tab and its score. */
  readonly vocab: string
  /** In the order of their ids. */
  readonly pieces: readonly Piece[]
  readonly stats: TrainStats
}

/** Trains a model, as `trainUnigram` does, on texts that are added one by one. */
export class UnigramTrainer {
  readonly #settings: ModelSettings
  readonly #normalizer: Normalizer
  readonly #charsmap: Uint8Array
  readonly #reader: WordReader
  readonly #drawn: UniformSample<string> | null

  /** @throws SluiceError `ERR_OPTION` */
  constructor (options: ModelOptions = {}) {
    const settings = parseOptions('train', modelOptions, options)
    const metas = metaPieces(settings)
    this.#settings = settings
    this.#charsmap = charsmapOf(settings.normalizationRuleName)
    this.#normalizer = new Normalizer(this.#spec)
    const { splitByWhitespace, maxRunChars } = settings
    this.#reader = new WordReader(this.#normalizer, metas.map(({ piece }) => piece), splitByWhitespace, maxRunChars)
    this.#drawn = settings.inputSentenceSize === 0 ? null : new UniformSample(settings.inputSentenceSize, settings.seed)
  }

  /** Adds the lines of a text. Lines of more than 4,192 UTF-16 units are cut, at a space if there is one. */
  add (text: string): void {
    if (this.#drawn === null) this.#reader.read(text)
    else for (const line of text.split('\n')) if (line !== '') this.#drawn.add(copyOf(line))
  }

  /** How much was read so far; lines that are sampled are counted while `train` reads them. */
  get counts (): { readonly sentences: number, readonly words: number } {
    return { sentences: this.#reader.sentences, words: this.#reader.words.length }
  }

  /**
   * Trains on the added texts. Call it once.
   *
   * @throws SluiceError `ERR_OPTION` for texts without characters, or with fewer pieces than requested; `ERR_ABORTED`
   */
  async train ({ signal, onProgress }: TrainRun = {}): Promise<TrainedTokenizer> {
    const pace = new Pace(signal)
    for (const line of this.#drawn?.items.splice(0) ?? []) {
      this.#reader.read(line)
      if (pace.isOver(line)) await pace.pause(this.counts, onProgress)
    }
    const { pieces, stats } = await trainWords(this.#reader, this.#settings, { signal, onProgress })
    const settings = this.#settings
    const model = modelBytes({
      pieces,
      trainer: {
        model_type: 'unigram',
        vocab_size: pieces.length,
        character_coverage: settings.characterCoverage,
        input_sentence_size: settings.inputSentenceSize,
        seed_sentencepiece_size: settings.seedSentencepieceSize,
        shrinking_factor: settings.shrinkingFactor,
        num_sub_iterations: settings.numSubIterations,
        max_sentence_length: MAX_LINE,
        max_sentencepiece_length: settings.maxSentencepieceLength,
        split_by_unicode_script: settings.splitByUnicodeScript,
        split_by_whitespace: settings.splitByWhitespace,
        split_by_number: settings.splitByNumber,
        split_digits: settings.splitDigits,
        user_defined_symbols: settings.userDefinedSymbols,
        hard_vocab_limit: settings.hardVocabLimit,
        byte_fallback: settings.byteFallback
      },
      normalizer: this.#spec
    })
    return { model, vocab: vocabText(pieces), pieces, stats }
  }

  get #spec (): NormalizerSpec {
    const { normalizationRuleName, addDummyPrefix, removeExtraWhitespaces } = this.#settings
    return {
      name: normalizationRuleName,
      precompiledCharsmap: this.#charsmap,
      addDummyPrefix,
      removeExtraWhitespaces,
      escapeWhitespaces: true
    }
  }
}

/**
 * Trains a SentencePiece unigram model (Kudo, "Subword Regularization", 2018). The defaults are those of `spm_train` of
 * SentencePiece 0.1.97, with two exceptions: the model has 32,000 pieces, and runs of more than 256 characters without
 * a space (`maxRunChars`) are left out. So pieces cover 99.95 % of the characters, text is normalized by `nmt_nfkc`,
 * and the first ids are <unk> 0, <s> 1 and </s> 2.
 *
 * The same texts in the same order and the same options give the same bytes, with any number of workers.
 *
 * @param texts of any length; each line is a sentence to `spm_train`
 * @throws SluiceError `ERR_OPTION` for wrong options, for texts without characters, or with fewer pieces than
 *   requested; `ERR_ABORTED`; what the texts throw
 */
export async function trainUnigram (
  texts: AsyncIterable<string> | Iterable<string>, options: TrainUnigramOptions = {}
): Promise<TrainedTokenizer> {
  const { signal, onProgress, ...rest } = options
  const trainer = new UnigramTrainer(rest)
  throwIfAborted(signal)
  const pace = new Pace(signal)
  for await (const text of texts) {
    throwIfAborted(signal)
    trainer.add(text)
    if (pace.isOver(text)) await pace.pause(trainer.counts, onProgress)
  }
  return await trainer.train({ signal, onProgress })
}

/** Lets the event loop run now and then while texts are read. */
class Pace {
  readonly #signal: AbortSignal | undefined
  #units = 0

  constructor (signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  /** Whether it is time for a pause after this text. */
  isOver (text: string): boolean {
    this.#units += text.length + UNITS_OF_A_TEXT
    return this.#units > UNITS_AT_ONCE
  }

  /** @throws SluiceError `ERR_ABORTED` */
  async pause (counts: UnigramTrainer['counts'], onProgress: TrainRun['onProgress']): Promise<void> {
    this.#units = 0
    onProgress?.({ phase: 'read', ...counts })
    await setImmediate()
    throwIfAborted(this.#signal)
  }
}

/** A copy of a part of a string; the part itself would keep the whole string in memory. */
function copyOf (text: string): string {
  return Buffer.from(text).toString()
}

/** The text of a `.vocab` file. */
function vocabText (pieces: readonly Piece[]): string {
  return pieces.map(({ piece, score }) => `${piece}\t${numberText(Math.fround(score))}\n`).join('')
}

/** A number with six digits, as C++ prints it; near zero, with an exponent of two digits. */
function numberText (value: number): string {
  const rounded = Number(value.toPrecision(6))
  if (rounded === 0 || Math.abs(rounded) >= 1e-4) return String(rounded)
  return rounded.toExponential().replace(/-(\d)$/, '-0$1')
}
