import { setImmediate } from 'node:timers/promises'
import { SluiceError } from '../errors.ts'
import type { Piece } from '../sentencepiece/model.ts'
import { type Alphabet, type Corpus, alphabetOf, corpusOf } from './alphabet.ts'
import { finalPieces } from './final-pieces.ts'
import { type Lattice, buildLattice, pieceText } from './lattice.ts'
import { Pieces } from './maximization.ts'
import { type TrainSettings, metaPieces } from './options.ts'
import { pieceLengths } from './piece-lengths.ts'
import type { WordReader } from './read-words.ts'
import { seedPieces } from './seeds.ts'
import { StepPool, throwIfAborted } from './step-pool.ts'
import { sortPlaces } from './suffix-sort.ts'

/** Pruning stops at the requested number of pieces times this factor. The best of these pieces become the model. */
const SURPLUS = 1.1

/** A round of expectation and maximization. */
export interface Round {
  /** Number of pieces after the round. */
  readonly pieces: number
  /** Negative mean log probability of a word before the round. */
  readonly objective: number
}

/** What a model was trained on, and how. */
export interface TrainStats {
  /** Number of non-empty lines. Each part of a line that was cut counts as one. */
  readonly sentences: number
  /** Distinct words. */
  readonly words: number
  /** Distinct characters that became pieces. */
  readonly characters: number
  /** Lines that were cut because they are too long. */
  readonly cutLines: number
  /** Runs without a space that were left out because they are too long. */
  readonly longRuns: number
  /** Total length of these runs, in UTF-16 code units. */
  readonly longRunCharacters: number
  /** Pieces that training started with. */
  readonly seedPieces: number
  readonly rounds: readonly Round[]
}

export interface TrainedPieces {
  /** In the model's order: <unk>, <s>, </s>, user-defined symbols, byte pieces, then by score. */
  readonly pieces: readonly Piece[]
  readonly stats: TrainStats
}

/** The progress of a training. */
export type TrainProgress =
  | { readonly phase: 'read', readonly sentences: number, readonly words: number }
  | { readonly phase: 'seed', readonly characters: number, readonly words: number }
  | { readonly phase: 'train', readonly round: number } & Round

export interface TrainContext {
  /** Stops training when it fires. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined
}

/**
 * Trains the pieces of a unigram model (Kudo, "Subword Regularization", 2018) as `spm_train` of SentencePiece 0.1.97
 * does. It starts with the pieces that cover most of the text, and selects the best of them in rounds of expectation
 * and maximization. The same words and settings give the same pieces, with any number of workers.
 *
 * A space is always at the beginning of a word; `treat_whitespace_as_suffix` and `allow_whitespace_only_pieces` aren't
 * supported.
 *
 * @throws SluiceError `ERR_OPTION` if there are no words, or fewer pieces than requested; `ERR_ABORTED`
 */
export async function trainWords (
  reader: WordReader, settings: TrainSettings, context: TrainContext = {}
): Promise<TrainedPieces> {
  throwIfAborted(context.signal)
  const pool = new StepPool(settings.workers, context.signal)
  try {
    return await train(reader, settings, context, pool)
  } finally {
    await pool.close()
  }
}

async function train (
  reader: WordReader, settings: TrainSettings, context: TrainContext, pool: StepPool
): Promise<TrainedPieces> {
  const { sentences, cutLines, longRuns, longRunCharacters, words } = reader
  if (words.length === 0) throw unusable('training: the texts have no character to learn from')
  const metas = metaPieces(settings)
  const alphabet = alphabetOf(words, settings.characterCoverage)
  const { characters } = alphabet
  if (characters.length === 0) throw unusable('training: the texts have no character that can be a piece')
  const least = characters.length + metas.length
  if (least > settings.vocabSize) {
    const what = `${characters.length} characters and ${metas.length} special pieces`
    throw unusable(`train.vocabSize: expected at least ${least}, for ${what}, got ${settings.vocabSize}; ` +
      'a smaller `characterCoverage` keeps fewer characters')
  }
  const stats = { sentences, words: words.length, cutLines, longRuns, longRunCharacters, characters: characters.length }
  context.onProgress?.({ phase: 'seed', characters: characters.length, words: words.length })
  await setImmediate()
  throwIfAborted(context.signal)
  const corpus = corpusOf(words, alphabet)
  const { lattice, pieces } = firstPieces(corpus, alphabet, settings)
  const seeds = pieces.size
  const { rounds, several } = await improve(pieces, settings, context, pool)
  const scored = Array.from({ length: pieces.size }, (_, i) => ({
    piece: pieceText(corpus.symbols, alphabet.codePoints, lattice.places[i + 1]!, lattice.lengths[i + 1]!),
    score: lattice.scores[i + 1]!
  }))
  const result = { pieces: scored, leastScore: pieces.leastScore, most: least + several }
  return {
    pieces: finalPieces(metas, alphabet, result, settings),
    stats: { ...stats, seedPieces: seeds, rounds }
  }
}

function unusable (message: string): SluiceError {
  return new SluiceError('ERR_OPTION', message)
}

interface FirstPieces {
  readonly lattice: Lattice
  readonly pieces: Pieces
}

function firstPieces (corpus: Corpus, alphabet: Alphabet, settings: TrainSettings): FirstPieces {
  const lengths = pieceLengths(corpus.symbols, alphabet, settings)
  const sorted = sortPlaces(corpus.symbols, lengths, alphabet.codePoints.length)
  const seeds = seedPieces(corpus, alphabet, sorted, lengths, settings.seedSentencepieceSize)
  const lattice = buildLattice(corpus, alphabet, sorted, seeds)
  return { lattice, pieces: new Pieces(lattice, seeds.weights) }
}

interface Improvement {
  readonly rounds: readonly Round[]
  /** Number of pieces with several characters before the first pruning; it only decreases. */
  readonly several: number
}

/** Runs rounds of expectation and maximization (EM), and prunes the pieces between them. */
async function improve (
  pieces: Pieces, settings: TrainSettings, { onProgress }: TrainContext, pool: StepPool
): Promise<Improvement> {
  const { vocabSize, numSubIterations, shrinkingFactor } = settings
  const { lattice } = pieces
  const wanted = Math.floor(vocabSize * SURPLUS)
  const totalCount = lattice.counts.reduce((sum, count) => sum + count, 0)
  const rounds: Round[] = []
  let several: number | undefined
  for (;;) {
    for (let i = 0; i < numSubIterations; i++) {
      const logs = await pool.run(lattice, { step: 'expect', size: pieces.size, isStale: pieces.isStale })
      pieces.maximize()
      const round = { pieces: pieces.size, objective: -logs.reduce((sum, log) => sum + log, 0) / totalCount }
      rounds.push(round)
      onProgress?.({ phase: 'train', round: rounds.length, ...round })
    }
    several ??= pieces.severalCharacters
    if (pieces.size <= wanted) return { rounds, several }
    await pool.run(lattice, { step: 'segment', size: pieces.size, isStale: pieces.isStale })
    pieces.isStale = false
    const frequencies = pieces.addUp()
    let totalFrequency = 0
    for (let piece = 1; piece <= pieces.size; piece++) totalFrequency += frequencies[piece]!
    await pool.run(lattice, { step: 'lose', size: pieces.size, totalFrequency, totalCount })
    pieces.prune(Math.max(wanted, Math.floor(shrinkingFactor * pieces.size)))
  }
}
