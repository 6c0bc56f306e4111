import { normalized } from '../../bpe/normalizers.ts'
import { SluiceError } from '../../errors.ts'
import type { DecodingOptions } from '../../sentencepiece/decode.ts'
import { type DecoderStep, byteOf, decodedTokens } from './decoder-steps.ts'
import { PiecesDecoding } from './decoding.ts'
import type { PiecesModel } from './model.ts'

/**
 * Decodes the ids of a model whose tokens are pieces of text, as the `decoder` of its `tokenizer.json` says. Special
 * tokens have no text; other added tokens are their content, normalized if they are looked for in normalized text.
 */
export class PiecesDecoder {
  readonly vocabSize: number
  readonly eosId: number
  readonly unkId: number
  readonly steps: readonly DecoderStep[] | undefined
  /** Whether steps change the text as a whole, so that it can't be decoded in parts. */
  readonly rewrites: boolean
  readonly #model: PiecesModel
  readonly #path: string
  readonly #names: ReadonlyMap<number, string>
  readonly #specials: ReadonlySet<number>
  /** What is decoded of added tokens. */
  readonly #contents: ReadonlyMap<number, string>
  readonly #skipped: ReadonlySet<string>
  readonly #hasBytes: boolean

  /** @param path for messages */
  constructor (model: PiecesModel, path: string) {
    const { added, decoder, normalizers } = model
    this.#model = model
    this.#path = path
    this.#names = new Map(added.map(({ id, content }) => [id, content]))
    this.#specials = new Set(added.filter(({ special }) => special).map(({ id }) => id))
    this.#skipped = new Set(added.filter(({ special }) => special).map(({ content }) => content))
    this.#contents = new Map(added.map(token =>
      [token.id, token.normalized ? normalized(token.content, normalizers) : token.content]))
    this.steps = decoder
    this.#hasBytes = decoder?.some(({ type }) => type === 'bytes') === true
    this.rewrites = decoder !== undefined && changesWhole(decoder)
    this.vocabSize = model.vocabSize
    this.eosId = model.eosId
    this.unkId = model.unkId
  }

  /**
   * The token with an id: its content in the file.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id that isn't in the vocabulary
   */
  name (id: number): string {
    return this.#names.get(id) ?? this.#model.pieces.byId[id] ?? this.#refuse(id)
  }

  /** Whether an id is a special token. */
  isControl (id: number): boolean {
    return this.#specials.has(id)
  }

  /** Whether an id is a byte of a character that no other piece has. */
  isByte (id: number): boolean {
    return this.#hasBytes && byteOf(this.#model.pieces.byId[id] ?? '') !== undefined
  }

  /** What is decoded of an id; undefined for a special token. */
  tokenOf (id: number): string | undefined {
    const token = this.#contents.get(id) ?? this.#model.pieces.byId[id] ?? this.#refuse(id)
    return this.#skipped.has(token) ? undefined : token
  }

  /** The text of ids. @throws SluiceError `ERR_TOKENIZER` for an id that isn't in the vocabulary */
  decode (ids: Iterable<number>): string {
    const tokens = Array.from(ids, id => this.tokenOf(id)).filter(token => token !== undefined)
    return this.steps === undefined ? tokens.join(' ') : decodedTokens(tokens, this.steps)
  }

  /** Starts to decode a text id by id. */
  decoding (options?: DecodingOptions): PiecesDecoding {
    return new PiecesDecoding(this, options)
  }

  #refuse (id: number): never {
    const expected = `expected ids of its vocabulary, which are below ${this.vocabSize}`
    throw new SluiceError('ERR_TOKENIZER', `${this.#path}: cannot decode id ${id}: no token has it, ${expected}`)
  }
}

/** Whether steps after `fuse` change more than the beginning. */
function changesWhole (steps: readonly DecoderStep[]): boolean {
  const fused = steps.findIndex(({ type }) => type === 'fuse')
  const isPartial = (step: DecoderStep): boolean => step.type === 'fuse' || (step.type === 'strip' && step.stop === 0)
  return fused !== -1 && !steps.slice(fused).every(isPartial)
}
