import type { ExpressionName } from './expressions.ts'
import type { Normalizer } from './normalizers.ts'
import type { Vocabulary } from './vocabulary.ts'

/** A step of cutting text into words, as in the `pre_tokenizer` of a `tokenizer.json`. */
export type PreTokenizer =
  /** By a known regular expression: each match is a word, and what is between matches. */
  | { readonly type: 'split', readonly expression: ExpressionName }
  /** Numbers apart from the rest: each by itself, or each run of them. */
  | { readonly type: 'digits', readonly individual: boolean }
  /** Punctuation apart from the rest, in the same way. */
  | { readonly type: 'punctuation', readonly individual: boolean }
  /** By white space, which belongs to no word. */
  | { readonly type: 'white-space' }
  /** At each place of a text. */
  | { readonly type: 'text', readonly text: string, readonly behavior: SplitBehavior }
  /** A mark for each space, and before a text that begins with none; words begin with marks. */
  | Metaspace
  /** A space before text that begins with none. */
  | { readonly type: 'prefix-space' }
  /** A character for each byte (`byteCharacters`), which the next steps cut. */
  | { readonly type: 'bytes' }

/** What becomes of what a text is split at: as `SplitDelimiterBehavior` of Hugging Face's tokenizers. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous'

/** As `Metaspace` in a `tokenizer.json`. */
export interface Metaspace {
  readonly type: 'metaspace'
  /** The character that stands for a space. */
  readonly mark: string
  /** Which texts begin with a mark: all, those at the beginning of a document, or none besides those that do so. */
  readonly prepends: 'always' | 'first' | 'never'
  /** Whether each mark begins a word. */
  readonly splits: boolean
}

/** A token that is searched for in a text before the text is cut into words. */
export interface AddedToken {
  readonly content: string
  readonly id: number
  /** Whether it is a mark, such as the end of a text, and not text. */
  readonly special: boolean
  /** Whether the white space before it, and after it, belongs to it. */
  readonly lstrip: boolean
  readonly rstrip: boolean
  /** Whether it is only found where no letter, number or `_` is next to it. */
  readonly singleWord: boolean
  /** Whether it is looked for in normalized text. */
  readonly normalized: boolean
}

/** What models of all kinds have: how a text becomes words, and special ids. */
export interface TextModel {
  /** Applied to a text in this order, before it is cut into words. */
  readonly normalizers: readonly Normalizer[]
  readonly preTokenizers: readonly PreTokenizer[]
  readonly added: readonly AddedToken[]
  /** -1 where the file names none, as with the next three. */
  readonly bosId: number
  readonly eosId: number
  readonly padId: number
  /** The id for what is unknown. */
  readonly unkId: number
  /** Every id is below it. */
  readonly vocabSize: number
}

/** A byte-level BPE model, from any kind of file. */
export interface BpeModel extends TextModel {
  /** Without added tokens. */
  readonly vocabulary: Vocabulary
  /**
   * The merges in their order, three ids each: left, right and what they make; undefined if two tokens merge whenever
   * their concatenation is a token, the one with the lowest id first, as in tiktoken.
   */
  readonly merges: Int32Array | undefined
  /** Whether a word that is a token is always encoded as that token (`ignore_merges`). */
  readonly wholeWords: boolean
}
