import { SluiceError } from '../errors.ts'
import { byteOfPiece, nameOfByte } from './byte-pieces.ts'
import type { Piece, SentencePieceModel } from './model.ts'
import { Normalizer } from './normalizer.ts'

/** Stands for a space in pieces. */
const ESCAPED_SPACE = '\u2581'

/** Replaces a byte that isn't part of a character. */
const REPLACEMENT = '\ufffd'

const NO_BYTE = -1

/**
 * The number of pieces that are joined at a time: appending each piece to a string would take several times the memory.
 */
const JOINED_AT_ONCE = 16 * 1024

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

/** The decoding of one text, id by id. */
export class Decoding {
  readonly #decoder: Decoder
  #atBeginning: boolean
  #held: number[] = [] // the first bytes of a character
  #pieces: string[] = []
  #parts: string[] = []
  #chars = 0

  /** @param continues whether the ids begin inside a text @default false */
  constructor (decoder: Decoder, { continues = false }: { readonly continues?: boolean } = {}) {
    this.#decoder = decoder
    this.#atBeginning = !continues
  }

  /** Length of the text so far, in UTF-16 code units. */
  get chars (): number {
    return this.#chars
  }

  /** Adds an id, which must be in the vocabulary. */
  add (id: number): void {
    const byte = this.#decoder.bytes[id]!
    if (byte !== NO_BYTE) {
      this.#addByte(byte)
      return
    }
    if (this.#held.length > 0) this.#putHeld(() => REPLACEMENT)
    this.#put(this.#atBeginning ? this.#first(id) : this.#decoder.surfaces[id]!)
  }

  /** Adds a text that isn't that of an id. */
  mark (text: string): void {
    if (this.#held.length > 0) this.#putHeld(() => REPLACEMENT)
    this.#put(text)
  }

  /** Returns the text since the last call, without the bytes of a character that may be continued. */
  take (): string {
    this.#parts.push(this.#pieces.join(''))
    const text = this.#parts.join('')
    this.#pieces = []
    this.#parts = []
    this.#chars = 0
    return text
  }

  /** Returns the rest of the text. */
  end (): string {
    this.#putHeld(() => REPLACEMENT)
    return this.take()
  }

  /** Like `end`, for ids that end inside a text. The bytes of an incomplete character are shown by their names. */
  cut (): string {
    this.#putHeld(nameOfByte)
    return this.take()
  }

  /** The text of an id without text before it. */
  #first (id: number): string {
    const { surfaces, spaced, drops } = this.#decoder
    const drop = drops !== 'none' && spaced[id] === 1
    const text = drop ? surfaces[id]!.slice(1) : surfaces[id]!
    if (text !== '' || (drop && drops === 'one')) this.#atBeginning = false
    return text
  }

  #put (text: string): void {
    if (text === '') return
    this.#chars += text.length
    if (this.#pieces.push(text) < JOINED_AT_ONCE) return
    this.#parts.push(this.#pieces.join(''))
    this.#pieces = []
  }

  #addByte (byte: number): void {
    this.#atBeginning = false
    const held = this.#held
    held.push(byte)
    while (held.length > 0) {
      const character = characterOf(held)
      if (character === '') return
      if (character === undefined) { // drop the first byte; those after it may be a character
        held.shift()
        this.#put(REPLACEMENT)
      } else {
        held.length = 0
        this.#put(character)
      }
    }
  }

  #putHeld (shown: (byte: number) => string): void {
    for (const byte of this.#held) this.#put(shown(byte))
    this.#held = []
  }
}

/** Whether a byte of UTF-8 continues a character. */
export function isTrailByte (byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** By length in UTF-8: the bits of the first byte that belong to the code point, and the smallest code point. */
const LEADS = [[0, 0], [0x7f, 0], [0x1f, 0x80], [0x0f, 0x800], [0x07, 0x10000]] as const

/**
 * The character of bytes in UTF-8; '' if they are the beginning of a character; undefined if they can't be one. The
 * rules are those of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
function characterOf (bytes: readonly number[]): string | undefined {
  const first = bytes[0]!
  const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0
  if (length === 0) return undefined
  const [bits, least] = LEADS[length]
  let point = first & bits
  for (let i = 1; i < Math.min(length, bytes.length); i++) {
    if (!isTrailByte(bytes[i]!)) return undefined
    point = (point << 6) | (bytes[i]! & 0x3f)
  }
  if (bytes.length < length) return ''
  const isSurrogate = point >= 0xd800 && point < 0xe000
  return point < least || isSurrogate || point > 0x10ffff ? undefined : String.fromCodePoint(point)
}
