import { SluiceError } from '../errors.ts'
import { nameOfByte } from '../sentencepiece/byte-pieces.ts'
import type { DecodingOptions } from '../sentencepiece/decode.ts'
import { isTrailByte } from '../sentencepiece/text-of-bytes.ts'
import { TextParts } from '../text/text-parts.ts'
import { byteCharacters } from './byte-characters.ts'
import type { BpeModel } from './model.ts'

/** The content of added tokens is text, and BOM is a character like any other. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

interface Added {
  readonly content: string
  readonly special: boolean
  /** Of its text. */
  readonly bytes: Uint8Array
}

/**
 * Decodes the ids of a byte-level model: the bytes of the tokens, read as UTF-8. Bytes that are no character become
 * U+FFFD, as by `String::from_utf8_lossy` of Rust. Special tokens have no text; other added tokens are their content.
 */
export class ByteLevelDecoder {
  readonly vocabSize: number
  readonly eosId: number
  readonly unkId: number
  readonly rewrites = false
  readonly #model: BpeModel
  readonly #added: ReadonlyMap<number, Added>
  readonly #path: string

  /** @param path for messages */
  constructor (model: BpeModel, path: string) {
    this.#model = model
    this.#path = path
    this.#added = new Map(model.added.map(({ id, content, special }) =>
      [id, { content, special, bytes: special ? NO_BYTES : Buffer.from(content) }]))
    this.vocabSize = model.vocabSize
    this.eosId = model.eosId
    this.unkId = model.unkId
  }

  /**
   * The name of a token: the content of an added token, otherwise a character for each byte, as in a `tokenizer.json`
   * (`Ġthe`).
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id that isn't in the vocabulary
   */
  name (id: number): string {
    this.#check(id)
    return this.#added.get(id)?.content ?? byteCharacters(this.#model.vocabulary.bytesOf(id))
  }

  /** Whether an id is a special token, which has no text. */
  isControl (id: number): boolean {
    return this.#added.get(id)?.special === true
  }

  /** Whether an id is a single byte that isn't a character by itself. */
  isByte (id: number): boolean {
    const bytes = this.bytesOf(id)
    return bytes.length === 1 && bytes[0]! >= 0x80
  }

  /** The bytes of the text of an id. */
  bytesOf (id: number): Uint8Array {
    return this.#added.get(id)?.bytes ?? this.#model.vocabulary.bytesOf(id)
  }

  /** The text of ids. @throws SluiceError `ERR_TOKENIZER` for an id that isn't in the vocabulary */
  decode (ids: Iterable<number>): string {
    const parts: Uint8Array[] = []
    for (const id of ids) {
      this.#check(id)
      parts.push(this.bytesOf(id))
    }
    return UTF8.decode(Buffer.concat(parts))
  }

  /** Starts to decode a text id by id. */
  decoding (options?: DecodingOptions): ByteLevelDecoding {
    return new ByteLevelDecoding(this, options)
  }

  /** Ids may have gaps, which no token has. */
  #check (id: number): void {
    const { vocabulary } = this.#model
    const isInside = Number.isInteger(id) && id >= 0 && id < vocabulary.size
    if (this.#added.has(id) || (isInside && vocabulary.bytesOf(id).length > 0)) return
    const expected = `expected ids of its vocabulary, which are below ${this.vocabSize}`
    throw new SluiceError('ERR_TOKENIZER', `${this.#path}: cannot decode id ${id}: no token has it, ${expected}`)
  }
}

const NO_BYTES = new Uint8Array()

/** A character has at most three bytes after its first one. */
const MAX_TRAIL_BYTES = 3

/** The decoding of one text, id by id. */
class ByteLevelDecoding {
  readonly #decoder: ByteLevelDecoder
  readonly #text = new TextParts()
  #held: Uint8Array = NO_BYTES // the first bytes of a character
  #mayBeCut: number // how many more bytes can be the rest of a character of the ids before

  constructor (decoder: ByteLevelDecoder, { continues = false, namesCut = false }: DecodingOptions = {}) {
    this.#decoder = decoder
    this.#mayBeCut = continues && namesCut ? MAX_TRAIL_BYTES : 0
  }

  /** Length of the text since the last `take`, in UTF-16 code units. */
  get chars (): number {
    return this.#text.chars
  }

  /** Adds an id, which must be in the vocabulary. */
  add (id: number): void {
    let bytes = this.#decoder.bytesOf(id)
    while (this.#mayBeCut > 0 && bytes.length > 0) {
      this.#mayBeCut = isTrailByte(bytes[0]!) ? this.#mayBeCut - 1 : 0
      if (!isTrailByte(bytes[0]!)) break
      this.#text.add(nameOfByte(bytes[0]!))
      bytes = bytes.subarray(1)
    }
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const cut = all.length - cutBytes(all)
    this.#text.add(UTF8.decode(all.subarray(0, cut)))
    this.#held = all.subarray(cut)
  }

  /** Adds a text that isn't that of an id. */
  mark (text: string): void {
    this.#mayBeCut = 0
    this.#text.add(UTF8.decode(this.#held))
    this.#held = NO_BYTES
    this.#text.add(text)
  }

  /** Returns the text since the last call, without the bytes of a character that may be continued. */
  take (): string {
    return this.#text.take()
  }

  /** Returns the rest of the text. */
  end (): string {
    this.mark('')
    return this.take()
  }

  /** As `end`, for ids that end inside a text: the bytes of a character that is cut are shown by their names. */
  cut (): string {
    const names = Array.from(this.#held, nameOfByte)
    this.#held = NO_BYTES
    names.forEach(name => { this.#text.add(name) })
    return this.take()
  }
}

/** How many bytes at the end are the beginning of a character that isn't whole. */
export function cutBytes (bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(MAX_TRAIL_BYTES, bytes.length); count++) {
    const byte = bytes[bytes.length - count]!
    if (isTrailByte(byte)) continue
    const length = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1
    return length > count ? count : 0
  }
  return 0
}
