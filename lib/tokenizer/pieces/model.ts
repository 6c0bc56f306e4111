import type { TextModel } from '../../bpe/model.ts'
import type { DecoderStep } from './decoder-steps.ts'

/**
 * A model whose tokens are pieces of text, from a `tokenizer.json`: Unigram, or BPE of characters, as SentencePiece
 * trains them.
 */
export interface PiecesModel extends TextModel {
  readonly pieces: Pieces
  readonly algorithm: Unigram | Bpe
  /** How tokens become text; undefined if they are joined by spaces. */
  readonly decoder: readonly DecoderStep[] | undefined
}

/** The vocabulary of a model. */
export interface Pieces {
  /** By id; undefined for an id without a piece. */
  readonly byId: ReadonlyArray<string | undefined>
  readonly ids: ReadonlyMap<string, number>
  /** The ids of the 256 bytes, -1 where there is none; undefined if unknown characters don't become bytes. */
  readonly byteIds: Int32Array | undefined
  /** The id for what is unknown; -1 if that is left out. */
  readonly unkId: number
}

/** The segmentation with the best sum of scores is chosen. */
export interface Unigram {
  readonly type: 'unigram'
  /** By id. */
  readonly scores: Float64Array
}

/** Characters are merged. */
export interface Bpe {
  readonly type: 'bpe'
  /** The merges in their order, three ids each: left, right and what they make. */
  readonly merges: Int32Array
  /** Whether a run of unknown characters is one id. */
  readonly fusesUnknown: boolean
  /** Whether a word that is a token is always encoded as that token (`ignore_merges`). */
  readonly wholeWords: boolean
}
