import { SluiceError } from '../errors.ts'
import { byteOfPiece, nameOfByte } from './byte-pieces.ts'
import type { Piece, SentencePieceModel } from './model.ts'
import { Normalizer } from './normalizer.ts'
import { TextOfBytes, isTrailByte } from './text-of-bytes.ts'

/** Stands for a space in pieces. */
const ESCAPED_SPACE = '\u2581'

const NO_BYTE = -1

/**
 * Decodes ids to text, as does `SentencePieceProcessor::Decode` of SentencePiece 0.1.97
 * (src/sentencepiece_processor.cc). Control pieces are left out, an unknown piece becomes the model's `unk_surface`,
 * bytes are joined to characters, and the space that normalization adds before a text is dropped.
 */
export class Decoder {
  /** The text of each id that isn't a byte. */
  readonly surfaces: readonly string[]
  /** The byte of each id, or -1. */
  readonly bytes: Int16Array
  /** For each id, whether its text begins with a space that may be dropped at the beginning. */
  readonly spaced: Uint8Array
  /** How many spaces are dropped at the beginning: none, the one that was added, or all if extra spaces are removed. */
  readonly drops: 'none' | 'one' | 'all'
  readonly #model: SentencePieceModel
  readonly #path: string
  readonly #denormalizer: Normalizer | undefined

  /** @param path for messages @throws Error when the denormalization table is damaged */
  constructor (model: SentencePieceModel, path: string) {
    const { pieces, trainer, denormalizer, normalizer: { addDummyPrefix, removeExtraWhitespaces } } = model
    const isText = pieces.map(({ type }) => type !== 'control' && type !== 'unknown')
    this.#model = model
    this.#path = path
    if (denormalizer !== undefined && denormalizer.precompiledCharsmap.length > 0) {
      this.#denormalizer = new Normalizer(denormalizer)
    }
    this.surfaces = pieces.map(piece => surfaceOf(piece, trainer.unkSurface))
    this.bytes = Int16Array.from(pieces, ({ piece, type }) => type === 'byte' ? byteOfPiece(piece)! : NO_BYTE)
    this.spaced = Uint8Array.from(pieces, ({ piece }, id) => isText[id]! && piece.startsWith(ESCAPED_SPACE) ? 1 : 0)
    this.drops = removeExtraWhitespaces ? 'all' : addDummyPrefix ? 'one' : 'none'
  }

  get unkId (): number {
    return this.#model.unkId
  }

  /** -1 if the model has no EOS token. */
  get eosId (): number {
    return this.#model.eosId
  }

  get vocabSize (): number {
    return this.surfaces.length
  }

  /** Whether decoded text is rewritten by a denormalization table, which few models have. */
  get rewrites (): boolean {
    return this.#denormalizer !== undefined
  }

  /**
   * The name of a piece in the model: `</s>`, `<0xE6>`.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id that isn't in the vocabulary
   */
  name (id: number): string {
    return (this.#model.pieces[id] ?? this.#refuse(id)).piece
  }

  isControl (id: number): boolean {
    return this.#model.pieces[id]!.type === 'control'
  }

  /** Whether an id is a byte of a character that no other piece has. */
  isByte (id: number): boolean {
    return this.bytes[id] !== NO_BYTE
  }

  /** The text of ids. @throws SluiceError `ERR_TOKENIZER` for an id that isn't in the vocabulary */
  decode (ids: Iterable<number>): string {
    const decoding = new Decoding(this)
    for (const id of ids) {
      if (this.bytes[id] === undefined) this.#refuse(id)
      decoding.add(id)
    }
    const text = decoding.end()
    return this.#denormalizer?.normalize(text) ?? text
  }

  /** Starts to decode a text id by id. */
  decoding (options?: DecodingOptions): Decoding {
    return new Decoding(this, options)
  }

  #refuse (id: number): never {
    const expected = `expected ids from 0 to ${this.vocabSize - 1}`
    throw new SluiceError('ERR_TOKENIZER', `${this.#path}: cannot decode id ${id}, ${expected}`)
  }
}

/** The text of a piece that isn't a byte. */
function surfaceOf ({ piece, type }: Piece, unkSurface: string): string {
  if (type === 'control') return ''
  return type === 'unknown' ? unkSurface : piece.replaceAll(ESCAPED_SPACE, ' ')
}

/** How a text is decoded. */
export interface DecodingOptions {
  /** Whether the ids begin inside a text. @default false */
  readonly continues?: boolean
  /** Whether bytes that continue a character of the ids before are shown by their names. @default false */
  readonly namesCut?: boolean
}

/** A character has at most three bytes after its first one. */
const MAX_TRAIL_BYTES = 3

/** The decoding of one text, id by id. */
export class Decoding {
  readonly #decoder: Decoder
  readonly #text = new TextOfBytes()
  #atBeginning: boolean
  #mayBeCut: number // how many more ids can be the rest of a character of the ids before

  constructor (decoder: Decoder, { continues = false, namesCut = false }: DecodingOptions = {}) {
    this.#decoder = decoder
    this.#atBeginning = !continues
    this.#mayBeCut = continues && namesCut ? MAX_TRAIL_BYTES : 0
  }

  /** Length of the text since the last `take`, in UTF-16 code units. */
  get chars (): number {
    return this.#text.chars
  }

  /** Adds an id, which must be in the vocabulary. */
  add (id: number): void {
    const byte = this.#decoder.bytes[id]!
    if (this.#mayBeCut > 0) {
      this.#mayBeCut = byte !== NO_BYTE && isTrailByte(byte) ? this.#mayBeCut - 1 : 0
      if (byte !== NO_BYTE && isTrailByte(byte)) {
        this.#text.put(nameOfByte(byte))
        return
      }
    }
    if (byte === NO_BYTE) {
      this.#text.put(this.#atBeginning ? this.#first(id) : this.#decoder.surfaces[id]!)
    } else {
      this.#atBeginning = false
      this.#text.putByte(byte)
    }
  }

  /** Adds a text that isn't that of an id. */
  mark (text: string): void {
    this.#mayBeCut = 0
    this.#text.put(text)
  }

  /** Returns the text since the last call, without the bytes of a character that may be continued. */
  take (): string {
    return this.#text.take()
  }

  /** Returns the rest of the text. */
  end (): string {
    return this.#text.end()
  }

  /** Like `end`, for ids that end inside a text. The bytes of an incomplete character are shown by their names. */
  cut (): string {
    return this.#text.end(nameOfByte)
  }

  /** The text of an id without text before it. */
  #first (id: number): string {
    const { surfaces, spaced, drops } = this.#decoder
    const drop = drops !== 'none' && spaced[id] === 1
    const text = drop ? surfaces[id]!.slice(1) : surfaces[id]!
    if (text !== '' || (drop && drops === 'one')) this.#atBeginning = false
    return text
  }
}
