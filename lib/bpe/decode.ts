import { SluiceError } from '../errors.ts'
import { byteCharacters, bytesOfCharacters } from './byte-characters.ts'
import type { BpeModel } from './model.ts'

/** Decodes the ids of a byte-level model. */
export class BpeDecoder {
  readonly #model: BpeModel
  readonly #path: string
  readonly #added: ReadonlyMap<number, string>
  readonly #addedIds: ReadonlyMap<string, number>
  readonly #special: ReadonlySet<number>

  /** @param path for messages */
  constructor (model: BpeModel, path: string) {
    this.#model = model
    this.#path = path
    this.#added = new Map(model.added.map(({ id, content }) => [id, content]))
    this.#addedIds = new Map(model.added.map(({ id, content }) => [content, id]))
    this.#special = new Set(model.added.filter(({ special }) => special).map(({ id }) => id))
  }

  /**
   * The text of ids: the bytes of their tokens, decoded as UTF-8. Bytes that aren't UTF-8 become U+FFFD. Special tokens
   * are written as their names.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id that no token has
   */
  decode (ids: Iterable<number>): string {
    const parts: Uint8Array[] = []
    for (const id of ids) parts.push(this.bytesOf(id))
    return Buffer.concat(parts).toString()
  }

  /** The bytes of a token. @throws SluiceError `ERR_TOKENIZER` for an id that no token has */
  bytesOf (id: number): Uint8Array {
    const content = this.#added.get(id)
    if (content !== undefined) return Buffer.from(content)
    const { vocabulary, vocabSize } = this.#model
    const bytes = Number.isInteger(id) && id >= 0 && id < vocabulary.size ? vocabulary.bytesOf(id) : undefined
    if (bytes !== undefined && bytes.length > 0) return bytes
    throw new SluiceError('ERR_TOKENIZER', `${this.#path}: no token has the id ${id}, expected ids of its ` +
      `vocabulary, which are below ${vocabSize}`)
  }

  /**
   * A token as it is in `tokenizer.json`: a character for each byte, in which `Ġ` stands for a space; an added token as
   * its text.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id that no token has
   */
  idToPiece (id: number): string {
    return this.#added.get(id) ?? byteCharacters(this.bytesOf(id))
  }

  /** The id of a token in the spelling of `idToPiece`; undefined if there is none. */
  pieceToId (piece: string): number | undefined {
    const id = this.#addedIds.get(piece)
    if (id !== undefined) return id
    const bytes = bytesOfCharacters(piece)
    return bytes === undefined ? undefined : this.#model.vocabulary.idOf(bytes)
  }

  /** Whether an id is of a special token. */
  isSpecial (id: number): boolean {
    return this.#special.has(id)
  }
}
