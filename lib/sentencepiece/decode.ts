import { SluiceError } from '../errors.ts'
import { byteOfPiece, nameOfByte } from './byte-pieces.ts'
import type { Piece, SentencePieceModel } from './model.ts'
import { Normalizer } from './normalizer.ts'

/** What stands for a space in a piece: U+2581. */
const ESCAPED_SPACE = '\u2581'

/** What a byte becomes that is part of no character. */
const REPLACEMENT = '\ufffd'

const NO_BYTE = -1

/**
 * Pieces are joined this many at a time: a string that grew by one piece after the other would take several times its
 * size.
 */
const JOINED_AT_ONCE = 16 * 1024

/**
 * Ids to text, as `SentencePieceProcessor::Decode` of SentencePiece 0.1.97 has it (src/sentencepiece_processor.cc):
 * control pieces are nothing, an unknown one is the model's `unk_surface`, bytes are joined to characters, and the
 * space that normalization puts before a text is dropped.
 */
export class Decoder {
  /** Of each id that isn't a byte: its text. */
  readonly surfaces: readonly string[]
  /** Of each id: the byte that it stands for, or -1. */
  readonly bytes: Int16Array
  /** Of each id: whether its text begins with a space that may be dropped at the beginning. */
  readonly spaced: Uint8Array
  /**
   * How many spaces are dropped at the beginning: the one that was put there, or, where runs of spaces were removed,
   * all.
   */
  readonly drops: 'none' | 'one' | 'all'
  readonly #model: SentencePieceModel
  readonly #path: string
  readonly #denormalizer: Normalizer | undefined

  /** @param path for messages @throws Error when the table that decoded text is rewritten by is damaged */
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

  /** -1 where the model has no end-of-sentence piece. */
  get eosId (): number {
    return this.#model.eosId
  }

  get vocabSize (): number {
    return this.surfaces.length
  }

  /** Whether decoded text is rewritten by a table of the model's, as few models ask. */
  get rewrites (): boolean {
    return this.#denormalizer !== undefined
  }

  /**
   * A piece as the model names it: `</s>`, `<0xE6>`.
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

/** The text that a piece is decoded to, unless it is a byte. */
function surfaceOf ({ piece, type }: Piece, unkSurface: string): string {
  if (type === 'control') return ''
  return type === 'unknown' ? unkSurface : piece.replaceAll(ESCAPED_SPACE, ' ')
}

/** One text that is being decoded, id by id. */
export class Decoding {
  readonly #decoder: Decoder
  #atBeginning: boolean
  #held: number[] = [] // bytes that may become a character: its first one and those behind it
  #pieces: string[] = []
  #parts: string[] = []
  #chars = 0

  /** @param continues whether the ids are the rest of a text, not its beginning @default false */
  constructor (decoder: Decoder, { continues = false }: { readonly continues?: boolean } = {}) {
    this.#decoder = decoder
    this.#atBeginning = !continues
  }

  /** Length of the text so far, in UTF-16 code units. */
  get chars (): number {
    return this.#chars
  }

  /** Takes an id, which must be in the vocabulary. */
  add (id: number): void {
    const byte = this.#decoder.bytes[id]!
    if (byte !== NO_BYTE) {
      this.#addByte(byte)
      return
    }
    if (this.#held.length > 0) this.#putHeld(() => REPLACEMENT)
    this.#put(this.#atBeginning ? this.#first(id) : this.#decoder.surfaces[id]!)
  }

  /** Puts in a text that isn't a piece's. */
  mark (text: string): void {
    if (this.#held.length > 0) this.#putHeld(() => REPLACEMENT)
    this.#put(text)
  }

  /** The text since the last time, without bytes that may go on to be a character. */
  take (): string {
    this.#parts.push(this.#pieces.join(''))
    const text = this.#parts.join('')
    this.#pieces = []
    this.#parts = []
    this.#chars = 0
    return text
  }

  /** The rest of the text. */
  end (): string {
    this.#putHeld(() => REPLACEMENT)
    return this.take()
  }

  /**
   * As `end`, where the ids end before the text does: the bytes of a character that is cut are shown by their names.
   */
  cut (): string {
    this.#putHeld(nameOfByte)
    return this.take()
  }

  /** Text of a piece that has no text before it. */
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
      if (character === undefined) { // the first byte alone is none, those behind it may be one
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

/** Whether a byte is one that continues a character in UTF-8. */
export function isTrailByte (byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** Bits of the first byte that belong to the code point, and the least code point, by the length in UTF-8. */
const LEADS = [[0, 0], [0x7f, 0], [0x1f, 0x80], [0x0f, 0x800], [0x07, 0x10000]] as const

/**
 * The character that bytes are in UTF-8; '' where they begin one; undefined where their first byte begins none with
 * those behind it. The rules are those of RFC 3629: no longer form than needed, no surrogates, nothing above U+10FFFF.
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
