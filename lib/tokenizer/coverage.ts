import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { WHITE_SPACE, codePoints } from '../text/characters.ts'
import { SluiceError } from '../errors.ts'
import { parseOptions } from '../options.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { Tokenizer } from './tokenizer.ts'

/** What of a tokenizer is needed to measure how well it covers text. */
export type CoverageTokenizer = Pick<Tokenizer, 'append' | 'unkId'>

/** What is counted. The counts of a whole are the sums of those of its parts. */
export interface CoverageCounts {
  /** Texts, those without a word too. */
  readonly documents: number
  /** Unicode code points of the texts, their white space included. */
  readonly characters: number
  readonly words: number
  /** Of all words. */
  readonly tokens: number
  /** Tokens that stand for characters that no piece has. A model with pieces for bytes makes none. */
  readonly unknown_tokens: number
  readonly single_token_words: number
  /** Words of no, one or two tokens: a normalization may leave nothing of a word. */
  readonly two_or_fewer_token_words: number
}

/** How well a tokenizer covers text: counts, and what follows from them. */
export interface Coverage extends CoverageCounts {
  readonly tokens_per_word: number
  readonly tokens_per_character: number
  /** Of all words, as is the next. */
  readonly single_token_share: number
  readonly two_or_fewer_share: number
  /** Of all tokens. */
  readonly unknown_share: number
}

/** The figures that are compared with those of a baseline. */
export type ComparedCoverage = Pick<Coverage, 'tokens_per_word' | 'single_token_share' | 'two_or_fewer_share'>

/** How much worse than a baseline is still well enough, in the unit of each figure; each inclusive. */
export const coverageTolerances = z.strictObject({
  maxTokensPerWordIncrease: z.number().min(0).default(0.05)
    .describe('how many more tokens a word than the baseline\'s pass, inclusive'),
  maxSingleTokenDecrease: z.number().min(0).default(0.02)
    .describe('how much smaller a share of words that are one token passes, inclusive'),
  maxTwoOrFewerDecrease: z.number().min(0).default(0.02)
    .describe('how much smaller a share of words of two or fewer tokens passes, inclusive')
})

/** How much worse than the baseline a figure may be. */
export type CoverageTolerances = z.input<typeof coverageTolerances>

/** One figure beside the baseline's. */
export interface CoverageDifference {
  readonly figure: keyof ComparedCoverage
  readonly current: number
  readonly baseline: number
  /** `current - baseline` */
  readonly difference: number
  /** How far `difference` may go towards worse: up for tokens a word, down for shares. */
  readonly tolerance: number
  readonly passed: boolean
}

/** What `compareCoverage` finds. */
export interface CoverageComparison {
  /** Whether all figures have passed. */
  readonly passed: boolean
  readonly differences: readonly CoverageDifference[]
}

/**
 * So that just at the tolerance passes: 1.35 - 1.3 is a little more than 0.05. Far below what a word more or less in a
 * billion makes.
 */
const ROUNDING = 1e-9

/** Text between two breaks in which the process does what else is to be done, in UTF-16 units. */
const BREAK_EVERY = 4e6

/**
 * Measures how well a tokenizer covers texts: tokens a word, and which share of the words is one token, or two or
 * fewer.
 *
 * Words are what white space separates in a text as it is, `re.split(r'\s+', text)` in Python: white space is Python's,
 * that of `normalize`. Each word is encoded by itself, as a text, so that SentencePiece's space before it is part of
 * its first token. All tokens counted, unknown ones too, are those of the words; where pieces reach over spaces, the
 * whole text has fewer.
 *
 * @throws SluiceError `ERR_COVERAGE` when there is no word in the texts, `ERR_ABORTED`
 */
export async function measureCoverage (
  texts: Iterable<string> | AsyncIterable<string>,
  tokenizer: CoverageTokenizer,
  { signal }: { readonly signal?: AbortSignal | undefined } = {}
): Promise<Coverage> {
  const meter = new CoverageMeter(new EncodedWords(tokenizer))
  let sinceBreak = 0
  for await (const text of texts) {
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', 'coverage: stopped')
    meter.add(text)
    sinceBreak += text.length
    if (sinceBreak < BREAK_EVERY) continue
    sinceBreak = 0
    await setImmediate()
  }
  return coverageOf([meter.counts])
}

/**
 * Compares how well text is covered with how well it was before.
 *
 * @param tolerances how much worse passes; what is just at a tolerance does
 * @throws SluiceError `ERR_OPTION` for a tolerance below zero, or that is no number
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
 * The coverage of parts together.
 *
 * @param name of the whole, for messages.
 * @throws SluiceError `ERR_COVERAGE` when none of them has a word
 */
export function coverageOf (parts: readonly CoverageCounts[], name = 'coverage'): Coverage {
  const sum = (key: keyof CoverageCounts): number => parts.reduce((total, part) => total + part[key], 0)
  const [words, tokens, characters] = [sum('words'), sum('tokens'), sum('characters')]
  if (words === 0) {
    throw new SluiceError('ERR_COVERAGE', `${name}: no word in ${sum('documents')} documents, expected some to measure`)
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

/** Counts the words of texts and their tokens. Several may share their words, one after the other. */
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

  /** What was counted so far. */
  get counts (): CoverageCounts {
    return { ...this.#counts }
  }
}

const WORD = new RegExp(`[^${WHITE_SPACE}]+`, 'g')

/** Of a word. */
interface WordTokens {
  readonly tokens: number
  readonly unknown: number
}

/** Words remembered at most, some 40 MB of them, and the longest of these, in UTF-16 units. */
const MAX_WORDS = 250_000
const LONGEST_REMEMBERED = 64

/** V8 keeps a slice of so many characters or more as a reference to the whole text, which would stay in memory. */
const SLICE_LENGTH = 13

/** How many tokens a tokenizer makes of words. Those met before are remembered, as most words of a text were. */
export class EncodedWords {
  readonly #tokenizer: CoverageTokenizer
  readonly #maxWords: number
  readonly #known = new Map<string, WordTokens>()
  readonly #ids = new IdBuffer()

  /** @param maxWords words remembered at most: past it all are forgotten, and the frequent ones are soon met again */
  constructor (tokenizer: CoverageTokenizer, maxWords = MAX_WORDS) {
    this.#tokenizer = tokenizer
    this.#maxWords = maxWords
  }

  of (word: string): WordTokens {
    const known = this.#known.get(word)
    if (known !== undefined) return known
    const encoded = this.#encode(word)
    if (word.length > LONGEST_REMEMBERED) return encoded
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
