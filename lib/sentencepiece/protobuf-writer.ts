import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/**
 * Writes the fields of a protocol buffer message, in the order of the calls. A field with the value undefined is left
 * out, so that readers use its default; all other values are written, even if they are defaults.
 */
export class MessageWriter {
  readonly #writer: BinaryWriter

  constructor (writer = new BinaryWriter()) {
    this.#writer = writer
  }

  /**
   * Writes a field of type int32, int64, uint32, uint64, enum or bool, which are encoded in the same way.
   *
   * @throws RangeError for anything but a safe integer
   */
  integer (field: number, value: number | boolean | undefined): this {
    if (value === undefined) return this
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw new RangeError(`field ${field} is ${number}, expected an integer`)
    this.#writer.tag(field, WireType.Varint).int64(number)
    return this
  }

  /** Writes a field of type float, as the nearest number of 32 bits. */
  float (field: number, value: number | undefined): this {
    if (value !== undefined) this.#writer.tag(field, WireType.Bit32).float(Math.fround(value))
    return this
  }

  /** @throws RangeError for text with half a surrogate pair, which UTF-8 doesn't have */
  string (field: number, value: string | undefined): this {
    if (value === undefined) return this
    if (!value.isWellFormed()) throw new RangeError(`field ${field} is ${JSON.stringify(value)}, which isn't Unicode`)
    this.#writer.tag(field, WireType.LengthDelimited).string(value)
    return this
  }

  /** Writes a repeated field, with no values for undefined. @throws RangeError as `string` */
  strings (field: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.string(field, value)
    return this
  }

  bytes (field: number, value: Uint8Array | undefined): this {
    if (value !== undefined) this.#writer.tag(field, WireType.LengthDelimited).bytes(value)
    return this
  }

  /** Writes a message inside this one. @param write writes its fields */
  message (field: number, write: (message: MessageWriter) => void): this {
    this.#writer.tag(field, WireType.LengthDelimited).fork()
    write(new MessageWriter(this.#writer))
    this.#writer.join()
    return this
  }

  /** The bytes of the message. Call it on the outermost message only. */
  finish (): Uint8Array {
    return this.#writer.finish()
  }
}
