import { isUtf8 } from 'node:buffer'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** A field that wasn't asked for. */
export interface UnknownField {
  /** Its number, behind those of the messages that it stands in. */
  readonly path: readonly number[]
  readonly wireType: number
  /** Its value as it is encoded; for text and messages with the length in front. */
  readonly bytes: Uint8Array
}

/** A message that is being read. */
interface Reading {
  /** All that is read. */
  readonly encoded: Buffer
  readonly reader: BinaryReader
  /** Numbers of the messages around what is read now. */
  readonly path: number[]
  readonly unknown: UnknownField[]
}

/** How a field of the message `T` is written, and what is done with its value. */
interface Field<T> {
  readonly wireType: WireType
  readonly read: (reading: Reading, into: T, number: number) => void
}

/** The fields of a message by their numbers. */
export type Fields<T> = Readonly<Record<number, Field<T>>>

type Setter<T, V> = (into: T, value: V) => void

export function string<T> (set: Setter<T, string>): Field<T> {
  return { wireType: WireType.LengthDelimited, read: (reading, into) => { set(into, readString(reading)) } }
}

export function bytes<T> (set: Setter<T, Uint8Array>): Field<T> {
  return { wireType: WireType.LengthDelimited, read: ({ reader }, into) => { set(into, reader.bytes()) } }
}

export function float<T> (set: Setter<T, number>): Field<T> {
  return { wireType: WireType.Bit32, read: ({ reader }, into) => { set(into, reader.float()) } }
}

export function integer<T> (set: Setter<T, number>): Field<T> {
  return { wireType: WireType.Varint, read: ({ reader }, into) => { set(into, reader.int32()) } }
}

export function boolean<T> (set: Setter<T, boolean>): Field<T> {
  return { wireType: WireType.Varint, read: ({ reader }, into) => { set(into, reader.bool()) } }
}

/**
 * A message inside another.
 *
 * @param begin gives what it is read into: one with its defaults, or, of a field that isn't repeated, what is there
 *   already
 */
export function message<T, M> (fields: Fields<M>, begin: (into: T) => M, set: Setter<T, M>): Field<T> {
  return {
    wireType: WireType.LengthDelimited,
    read: (reading, into, number) => {
      const { reader, path } = reading
      const end = reader.uint32() + reader.pos
      const value = begin(into)
      path.push(number)
      readFields(reading, end, fields, value)
      path.pop()
      set(into, value)
    }
  }
}

/**
 * Reads a protocol buffer into a message, and tells what it was not asked for.
 *
 * @throws Error for bytes that are none
 */
export function readMessage<T> (encoded: Uint8Array, fields: Fields<T>, into: T): readonly UnknownField[] {
  const reading: Reading = {
    encoded: Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length),
    reader: new BinaryReader(encoded),
    path: [],
    unknown: []
  }
  readFields(reading, encoded.length, fields, into)
  return reading.unknown
}

function readFields<T> (reading: Reading, end: number, fields: Fields<T>, into: T): void {
  const { reader, path, unknown } = reading
  while (reader.pos < end) {
    const tag = reader.tag()
    const number = tag[0] // a model has a hundred thousand tags: taking them out of an array by a pattern is slower
    const wireType = tag[1]
    const field = fields[number]
    if (field === undefined) unknown.push({ path: [...path, number], wireType, bytes: reader.skip(wireType, number) })
    else if (field.wireType === wireType) field.read(reading, into, number)
    else throw new Error(`field ${[...path, number].join('.')} has wire type ${wireType}, expected ${field.wireType}`)
  }
  if (reader.pos !== end) throw new Error(`message ${path.join('.')} ends inside a field`)
}

/** Unlike the reader's own, which is slower, and takes a byte order mark for none of the text. */
function readString ({ encoded, reader }: Reading): string {
  const end = reader.uint32() + reader.pos
  if (end > encoded.length) throw new Error('a text is cut off')
  const text = encoded.toString('utf8', reader.pos, end)
  // What isn't UTF-8 became U+FFFD, which may stand in a text itself.
  if (text.includes('\ufffd') && !isUtf8(encoded.subarray(reader.pos, end))) throw new Error('a text is not UTF-8')
  reader.pos = end
  return text
}
