import type { ExpressionName } from './expressions.ts'
import type { Vocabulary } from './vocabulary.ts'

/** How text is cut into words, one step after the other, as `pre_tokenizer` of a `tokenizer.json` says it. */
export type PreTokenizer =
  /** By a known regular expression: each match is a word, and what is between matches. */
  | { readonly type: 'split', readonly expression: ExpressionName }
  /** Numbers apart from the rest; digit by digit, or as a whole. */
  | { readonly type: 'digits', readonly individual: boolean }
  /** A space before text that begins with none. */
  | { readonly type: 'prefix-space' }

/** A token that is found in the text before anything else is done with it. */
export interface AddedToken {
  readonly content: string
  readonly id: number
  /** One that has a meaning of its own, as the end of a text. */
  readonly special: boolean
  /** Whether it takes the white space before it, and after it. */
  readonly lstrip: boolean
  readonly rstrip: boolean
  /** Whether it is found only where no letter, number or `_` is next to it. */
  readonly singleWord: boolean
  /** Whether it is looked for in normalized text. */
  readonly normalized: boolean
}

/** A byte-level BPE model, from whichever file. */
export interface BpeModel {
  /** Without added tokens. */
  readonly vocabulary: Vocabulary
  /**
   * The merges, the first one first, three ids each: left, right and what they make; undefined where two tokens merge if
   * their concatenation is a token, that with the lowest id first, as in tiktoken.
   */
  readonly merges: Int32Array | undefined
  /** Whether a word that is a token is that token, whatever its merges make of it (`ignore_merges`). */
  readonly wholeWords: boolean
  readonly normalization: 'NFC' | null
  readonly preTokenizers: readonly PreTokenizer[]
  readonly added: readonly AddedToken[]
  /** -1 where the file has none, as with the next. */
  readonly bosId: number
  readonly eosId: number
  readonly padId: number
  readonly unkId: number
  /** Every id is below it. */
  readonly vocabSize: number
}
