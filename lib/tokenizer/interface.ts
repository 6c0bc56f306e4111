import type { SpecialTokens } from '../bpe/added-tokens.ts'
import type { SharedBpe } from '../bpe/encoder.ts'
import type { BpeTables } from '../bpe/kernel-tables.ts'
import type { TiktokenFamily } from '../bpe/tiktoken-families.ts'
import type { SharedPieces } from './pieces/encoder.ts'
import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { ModelType, SentencePieceModel } from '../sentencepiece/model.ts'
import type { SharedUnigram } from '../sentencepiece/unigram.ts'
import type { TokenizerFormat } from './files.ts'

/**
 * A SentencePiece version whose ids can be had: 0.1.97 stands for all versions up to 0.2.1, 0.2.3 for 0.2.2, too. They
 * differ where two segmentations of a text by a unigram model are almost equally good.
 */
export type SentencePieceVersion = '0.1.97' | '0.2.3'

/** Encodes text into token ids and decodes ids. It needs no closing, and its functions can be used without `this`. */
export interface Tokenizer {
  /**
   * The ids of a text, without BOS and EOS ids. A lone surrogate is encoded as U+FFFD.
   *
   * @throws SluiceError `ERR_DOCUMENT` for a text too large for memory
   */
  readonly encode: (text: string) => Int32Array
  /** As `encode`, for text in UTF-8. Bytes that are no character count as U+FFFD. */
  readonly encodeBytes: (utf8: Uint8Array) => Int32Array
  /** As `encode`, but appends the ids to a buffer, which can be reused for many texts. */
  readonly append: (text: string, ids: IdBuffer) => void
  /**
   * The text of ids. Normalization of the text that was encoded can't be undone.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id out of range
   */
  readonly decode: (ids: Int32Array | readonly number[]) => string
  /**
   * The piece or token with an id. In pieces of text U+2581 stands for a space, in a byte-level model each character
   * for a byte (`Ġ` for a space).
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id out of range
   */
  readonly idToPiece: (id: number) => string
  /** The id of a piece or token; `unkId` if there is none. */
  readonly pieceToId: (piece: string) => number
  /** Number of pieces or tokens; every id is less. */
  readonly vocabSize: number
  /** Id for characters that no piece has; -1 where every text can be encoded. */
  readonly unkId: number
  /** Id of the BOS token; -1 if the model has none. */
  readonly bosId: number
  /** Id of the EOS token; -1 if the model has none. */
  readonly eosId: number
  /** Id of the padding token; -1 if the model has none. */
  readonly padId: number
  /** As passed to `loadTokenizer`. */
  readonly path: string
  /** SHA-256 of the tokenizer's file, in lower-case hex. */
  readonly sha256: string
  readonly format: TokenizerFormat
  readonly modelType: ModelType | 'byte-level-bpe'
  /** The SentencePiece version whose ids are returned; null for other formats. */
  readonly version: SentencePieceVersion | null
  /** The content of a SentencePiece model; undefined for other formats. */
  readonly model: SentencePieceModel | undefined
  /** What becomes of the names of special tokens in texts; null where the model finds none in any case. */
  readonly specialTokens: SpecialTokens | null
  /** What can be passed to `loadTokenizer` in another thread, so that it takes less time and memory there. */
  readonly shared: SharedTokenizer | undefined
}

/** What threads share of a tokenizer, which can be posted to them: the tables of its model. */
export type SharedTokenizer =
  | { readonly kind: 'bpe', readonly tables: BpeTables }
  | { readonly kind: 'unigram', readonly encoder: SharedUnigram }
  | { readonly kind: 'byte-level', readonly encoder: SharedBpe }
  | { readonly kind: 'pieces', readonly encoder: SharedPieces }

/** The part of a tokenizer that a stream needs to encode texts. */
export type Encoder = Pick<Tokenizer, 'append' | 'eosId' | 'vocabSize' | 'sha256'> & Partial<Pick<Tokenizer,
  'path' | 'shared' | 'version' | 'specialTokens' | 'bosId' | 'padId' | 'pieceToId' | 'idToPiece'
>>

/** Options of `loadTokenizer`. */
export interface TokenizerOptions {
  /** The SentencePiece version whose ids a `.model` gives. @default '0.2.3' */
  readonly version?: SentencePieceVersion | undefined
  /**
   * Maximum size in bytes of the cache of encoded words, which takes at most 9 MiB for a unigram model; 0: as little as
   * possible.
   *
   * @default 48 MiB
   */
  readonly tableBytes?: number
  /** `shared` of a tokenizer in another thread, which must have the same file and options. */
  readonly shared?: SharedTokenizer | undefined
  /**
   * What becomes of the names of special tokens in texts, such as `<|endoftext|>`: `text` encodes them like any other
   * text, which is safe for text from others; `encode` makes them the tokens, as Hugging Face's tokenizers do; `refuse`
   * makes them an error, `ERR_DOCUMENT`. SentencePiece models never find control tokens in a text.
   *
   * @default 'text'
   */
  readonly specialTokens?: SpecialTokens | undefined
  /** The family of a tiktoken file whose name doesn't say it: `cl100k`, `o200k`, ... */
  readonly family?: TiktokenFamily | undefined
}
