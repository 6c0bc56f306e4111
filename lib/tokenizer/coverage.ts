import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { WHITE_SPACE, codePoints } from '../text/characters.ts'
import { SluiceError } from '../errors.ts'
import { parseOptions } from '../options.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { Tokenizer } from './interface.ts'

/** The part of a tokenizer that measures coverage. */
export type CoverageTokenizer = Pick<Tokenizer, 'append' | 'unkId'>

/** The counts of a coverage. Those of a whole are the sums of those of its parts. */
export interface CoverageCounts {
  /** Texts, including those without a word. */
  readonly documents: number
  /** Unicode code points of the texts, including white space. */
  readonly characters: number
  readonly words: number
  /** Tokens of all words. */
  readonly tokens: number
  /** Tokens for characters that no piece has. A model with byte pieces has none. */
  readonly unknown_tokens: number
  readonly single_token_words: number
  /** Words with zero, one or two tokens. Normalization may remove a whole word. */
  readonly two_or_fewer_token_words: number
}

/** How well a tokenizer covers text: counts, and ratios of them. */
export interface Coverage extends CoverageCounts {
  readonly tokens_per_word: number
  readonly tokens_per_character: number
  /** Share of the words. */
  readonly single_token_share: number
  /** Share of the words. */
  readonly two_or_fewer_share: number
  /** Share of the tokens. */
  readonly unknown_share: number
}

/** The figures that are compared with those of a baseline. */
export type ComparedCoverage = Pick<Coverage, 'tokens_per_word' | 'single_token_share' | 'two_or_fewer_share'>

/** How much worse than the baseline each figure may be, inclusive. */
export const coverageTolerances = z.strictObject({
  maxTokensPerWordIncrease: z.number().min(0).default(0.05)
    .describe('how much tokens per word may increase, inclusive'),
  maxSingleTokenDecrease: z.number().min(0).default(0.02)
    .describe('how much the share of words that are one token may decrease, inclusive'),
  maxTwoOrFewerDecrease: z.number().min(0).default(0.02)
    .describe('how much the share of words of two or fewer tokens may decrease, inclusive')
})

/** How much worse than the baseline each figure may be, inclusive. */
export type CoverageTolerances = z.input<typeof coverageTolerances>

/** A figure compared with that of the baseline. */
export interface CoverageDifference {
  readonly figure: keyof ComparedCoverage
  readonly current: number
  readonly baseline: number
  /** `current - baseline` */
  readonly difference: number
  /** How much worse the figure may be: higher for tokens per word, lower for shares. */
  readonly tolerance: number
  readonly passed: boolean
}

/** The result of `compareCoverage`. */
export interface CoverageComparison {
  /** Whether all figures pass. */
  readonly passed: boolean
  readonly differences: readonly CoverageDifference[]
}

/** Allowance for rounding: a difference equal to the tolerance passes, and 1.35 - 1.3 is a little more than 0.05. */
const ROUNDING = 1e-9

/** UTF-16 units of text between two pauses, in which the event loop runs. */
const PAUSE_EVERY = 4e6

/**
 * Measures how well a tokenizer covers texts: tokens per word, the share of words that are one token, and the share
 * of those that are two or fewer.
 *
 * Words are the parts of a text between white space, as `re.split(r'\s+', text)` in Python; white space is the same as
 * for `normalize`. Each word is encoded as a text by itself, so that the space which SentencePiece adds is part of its
 * first token. All tokens, including unknown ones, are those of the words. If pieces cross spaces, the whole text has
 * fewer tokens.
 *
 * @throws SluiceError `ERR_COVERAGE` when the texts have no word, `ERR_ABORTED`
 */
export async function measureCoverage (
  texts: Iterable<string> | AsyncIterable<string>,
  tokenizer: CoverageTokenizer,
  { signal }: { readonly signal?: AbortSignal | undefined } = {}
): Promise<Coverage> {
  const meter = new CoverageMeter(new EncodedWords(tokenizer))
  let sincePause = 0
  for await (const text of texts) {
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', 'coverage: stopped')
    meter.add(text)
    sincePause += text.length
    if (sincePause < PAUSE_EVERY) continue
    sincePause = 0
    await setImmediate()
  }
  return coverageOf([meter.counts])
}

/**
 * Compares a coverage with a baseline.
 *
 * @param tolerances how much worse each figure may be, inclusive
 * @throws SluiceError `ERR_OPTION` for a tolerance that is negative or not a number
 */
export function compareCoverage (
  current: ComparedCoverage,
  baseline: ComparedCoverage,
  tolerances: CoverageTolerances = {}
): CoverageComparison {
  const { maxTokensPerWordIncrease, maxSingleTokenDecrease, maxTwoOrFewerDecrease } =
    parseOptions('compareCoverage', coverageTolerances, tolerances)
  const compare = (figure: keyof ComparedCoverage, worse: 1 | -1, tolerance: number): CoverageDifference => {
    const difference = current[figure] - baseline[figure]
    return {
      figure,
      current: current[figure],
      baseline: baseline[figure],
      difference,
      tolerance,
      passed: worse * difference <= tolerance + ROUNDING
    }
  }
  const differences = [
    compare('tokens_per_word', 1, maxTokensPerWordIncrease),
    compare('single_token_share', -1, maxSingleTokenDecrease),
    compare('two_or_fewer_share', -1, maxTwoOrFewerDecrease)
  ]
  return { passed: differences.every(({ passed }) => passed), differences }
}

/**
 * The coverage of several parts together.
 *
 * @param name of the whole, for messages
 * @throws SluiceError `ERR_COVERAGE` when no part has a word
 */
export function coverageOf (parts: readonly CoverageCounts[], name = 'coverage'): Coverage {
  const sum = (key: keyof CoverageCounts): number => parts.reduce((total, part) => total + part[key], 0)
  const [words, tokens, characters] = [sum('words'), sum('tokens'), sum('characters')]
  if (words === 0) {
    throw new SluiceError('ERR_COVERAGE', `${name}: no word in ${sum('documents')} documents, expected at least one`)
  }
  return {
    documents: sum('documents'),
    characters,
    words,
    tokens,
    unknown_tokens: sum('unknown_tokens'),
    single_token_words: sum('single_token_words'),
    two_or_fewer_token_words: sum('two_or_fewer_token_words'),
    tokens_per_word: tokens / words,
    tokens_per_character: tokens / characters,
    single_token_share: sum('single_token_words') / words,
    two_or_fewer_share: sum('two_or_fewer_token_words') / words,
    unknown_share: tokens === 0 ? 0 : sum('unknown_tokens') / tokens
  }
}

/** Counts the words of texts and their tokens. Several meters may share their `EncodedWords`. */
export class CoverageMeter {
  readonly #words: EncodedWords
  readonly #counts = {
    documents: 0,
    characters: 0,
    words: 0,
    tokens: 0,
    unknown_tokens: 0,
    single_token_words: 0,
    two_or_fewer_token_words: 0
  }

  constructor (words: EncodedWords) {
    this.#words = words
  }

  add (text: string): void {
    const counts = this.#counts
    const words = text.match(WORD) ?? []
    counts.documents++
    counts.characters += codePoints(text)
    counts.words += words.length
    for (const word of words) {
      const { tokens, unknown } = this.#words.of(word)
      counts.tokens += tokens
      counts.unknown_tokens += unknown
      if (tokens === 1) counts.single_token_words++
      if (tokens <= 2) counts.two_or_fewer_token_words++
    }
  }

  /** The counts so far. */
  get counts (): CoverageCounts {
    return { ...this.#counts }
  }
}

const WORD = new RegExp(`[^${WHITE_SPACE}]+`, 'g')

/** The number of tokens of a word, and how many of them are unknown. */
interface WordTokens {
  readonly tokens: number
  readonly unknown: number
}

/** The maximum number of remembered words, which take about 40 MB. */
const MAX_WORDS = 250_000

/** The longest word that is remembered, in UTF-16 units. */
const MAX_REMEMBERED = 64

/** A slice of at least this many characters is a reference in V8, which would keep the whole text in memory. */
const SLICE_LENGTH = 13

/** Counts the tokens of words, and remembers the results, since most words of a text are repeated. */
export class EncodedWords {
  readonly #tokenizer: CoverageTokenizer
  readonly #maxWords: number
  readonly #known = new Map<string, WordTokens>()
  readonly #ids = new IdBuffer()

  /** @param maxWords with this many words, all are forgotten; frequent words soon return */
  constructor (tokenizer: CoverageTokenizer, maxWords = MAX_WORDS) {
    this.#tokenizer = tokenizer
    this.#maxWords = maxWords
  }

  of (word: string): WordTokens {
    const known = this.#known.get(word)
    if (known !== undefined) return known
    const encoded = this.#encode(word)
    if (word.length > MAX_REMEMBERED) return encoded
    if (this.#known.size >= this.#maxWords) this.#known.clear()
    this.#known.set(word.length < SLICE_LENGTH ? word : copyOf(word), encoded)
    return encoded
  }

  #encode (word: string): WordTokens {
    const ids = this.#ids
    ids.clear()
    this.#tokenizer.append(word, ids)
    let unknown = 0
    for (let i = 0; i < ids.length; i++) {
      if (ids.ids[i] === this.#tokenizer.unkId) unknown++
    }
    return { tokens: ids.length, unknown }
  }
}

function copyOf (text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
