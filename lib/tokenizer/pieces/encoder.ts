import type { SpecialTokens } from '../../bpe/added-tokens.ts'
import { type TextSettings, textAppender } from '../../bpe/append-text.ts'
import type { PreTokenizer } from '../../bpe/model.ts'
import type { IdBuffer } from '../../sentencepiece/id-buffer.ts'
import { type SharedBpe, kernelAppender, sharedBpe } from './bpe-kernel.ts'
import { bpeWords } from './bpe-words.ts'
import type { PiecesModel } from './model.ts'
import { UnigramSearch } from './unigram-search.ts'
import { type UnigramTables, unigramTables } from './unigram-tables.ts'
import { type WordEncoder, wordAppender } from './word-appender.ts'

/** Encodes texts by a model whose tokens are pieces of text. */
export interface PiecesEncoder {
  /**
   * Appends the ids of a text; a lone surrogate is encoded as U+FFFD.
   *
   * @throws SluiceError `ERR_DOCUMENT` for a special token that is refused
   */
  readonly append: (text: string, ids: IdBuffer) => void
  /** What another thread encodes with; undefined if it has to read the file. */
  readonly shared: SharedPieces | undefined
}

/** What another thread needs to encode as a tokenizer does. It can be posted. */
export type SharedPieces = SharedUnigram | SharedBpe

interface SharedUnigram extends TextSettings {
  readonly kind: 'unigram'
  readonly preTokenizers: readonly PreTokenizer[]
  readonly tables: UnigramTables
}

/**
 * An encoder for a model.
 *
 * @param specialTokens what becomes of special tokens in texts
 * @throws Error for a model with more pieces than a trie can have
 */
export function piecesEncoder (model: PiecesModel, specialTokens: SpecialTokens): PiecesEncoder {
  const { added, algorithm, normalizers, pieces, preTokenizers } = model
  const settings = { added, normalizers, specialTokens }
  if (algorithm.type === 'unigram') {
    return sharedPieces({ ...settings, kind: 'unigram', preTokenizers, tables: unigramTables(pieces, algorithm) })
  }
  const shared = sharedBpe(model, settings)
  return shared === undefined ? plainPieces(model, specialTokens) : sharedPieces(shared)
}

/** As `piecesEncoder`, without the kernel. */
export function plainPieces (model: PiecesModel, specialTokens: SpecialTokens): PiecesEncoder {
  const { added, algorithm, normalizers, pieces, preTokenizers } = model
  if (algorithm.type === 'unigram') return piecesEncoder(model, specialTokens)
  const appendPart = wordAppender(preTokenizers, bpeWords(pieces, algorithm))
  return { append: textAppender({ added, normalizers, specialTokens }, appendPart), shared: undefined }
}

/** Encodes as the tokenizer in another thread does. */
export function sharedPieces (shared: SharedPieces): PiecesEncoder {
  if (shared.kind === 'bpe') return { append: kernelAppender(shared), shared }
  const search = new UnigramSearch(shared.tables)
  const encode: WordEncoder = (word, ids) => { search.append(word, ids) }
  return { append: textAppender(shared, wordAppender(shared.preTokenizers, encode)), shared }
}
