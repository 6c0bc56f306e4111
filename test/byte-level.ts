import { byteCharacters } from '../lib/bpe/byte-characters.ts'

/** What a small `tokenizer.json` with a byte-level BPE model has. */
interface TokenizerJson {
  /** Pairs of tokens in byte characters, the first merge first. */
  readonly merges?: ReadonlyArray<readonly [string, string]>
  /** Special tokens, whose ids follow those of the vocabulary. */
  readonly special?: readonly string[]
  /** Added tokens that aren't special. */
  readonly added?: readonly string[]
  /** Members that replace those of the file. */
  readonly replaced?: Readonly<Record<string, unknown>>
}

/** Merges that make words of "the cat sat". */
export const MERGES = [
  ['t', 'h'], ['th', 'e'], ['Ġ', 'c'], ['a', 't'], ['Ġc', 'at'], ['Ġ', 's'], ['Ġs', 'at']
] as const

/** The text of a `tokenizer.json` in the form of GPT-2's. */
export function tokenizerJson (
  { merges = MERGES, special = ['<|endoftext|>'], added = [], replaced = {} }: TokenizerJson = {}
): string {
  const bytes = Array.from({ length: 256 }, (_, byte) => byteCharacters(Uint8Array.of(byte)))
  const tokens = [...bytes, ...merges.map(([left, right]) => left + right)]
  const names = [...special, ...added]
  return JSON.stringify({
    version: '1.0',
    added_tokens: names.map((content, i) => ({
      id: tokens.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: i < special.length
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(pair => pair.join(' '))
    },
    ...replaced
  })
}

/** A rank file of tiktoken: the bytes, and a token for each of these. */
export function tiktokenRanks (tokens: readonly string[]): string {
  const bytes = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte))
  return [...bytes, ...tokens.map(token => Buffer.from(token))]
    .map((token, rank) => `${token.toString('base64')} ${rank}\n`).join('')
}
