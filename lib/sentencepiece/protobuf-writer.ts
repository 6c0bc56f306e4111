import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/**
 * Writes the fields of a protocol buffer message, in the order in which they are given. A field whose value is
 * undefined is left out, so that readers take its default; all others are written, defaults as well.
 */
export class MessageWriter {
  readonly #writer: BinaryWriter

  constructor (writer = new BinaryWriter()) {
    this.#writer = writer
  }

  /**
   * A field of one of the integer types that are encoded alike: int32, int64, uint32, uint64, enums, bool.
   *
   * @throws RangeError for what isn't a safe integer
   */
  integer (field: number, value: number | boolean | undefined): this {
    if (value === undefined) return this
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw new RangeError(`field ${field} is ${number}, expected an integer`)
    this.#writer.tag(field, WireType.Varint).int64(number)
    return this
  }

  /** A field of 32 bits: the nearest such number is written. */
  float (field: number, value: number | undefined): this {
    if (value !== undefined) this.#writer.tag(field, WireType.Bit32).float(Math.fround(value))
    return this
  }

  /** @throws RangeError for text with half a surrogate pair, which UTF-8 can't say */
  string (field: number, value: string | undefined): this {
    if (value === undefined) return this
    if (!value.isWellFormed()) throw new RangeError(`field ${field} is ${JSON.stringify(value)}, which isn't Unicode`)
    this.#writer.tag(field, WireType.LengthDelimited).string(value)
    return this
  }

  /** A repeated field: each text for itself, none for undefined. @throws RangeError as `string` */
  strings (field: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.string(field, value)
    return this
  }

  bytes (field: number, value: Uint8Array | undefined): this {
    if (value !== undefined) this.#writer.tag(field, WireType.LengthDelimited).bytes(value)
    return this
  }

  /** A message inside this one. @param write writes its fields */
  message (field: number, write: (message: MessageWriter) => void): this {
    this.#writer.tag(field, WireType.LengthDelimited).fork()
    write(new MessageWriter(this.#writer))
    this.#writer.join()
    return this
  }

  /** The bytes of the message. Only the outermost one has an end of its own. */
  finish (): Uint8Array {
    return this.#writer.finish()
  }
}
