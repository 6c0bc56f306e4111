import { isUtf8 } from 'node:buffer'
import { WIRE, WireReader } from './wire-reader.ts'

/** A field that isn't read. */
export interface UnknownField {
  /** The numbers of the enclosing messages, then its own number. */
  readonly path: readonly number[]
  readonly wireType: number
  /** Its encoded value; for text and messages, including the length. */
  readonly bytes: Uint8Array
}

/** A message that is being read. */
interface Reading {
  /** The whole input. */
  readonly encoded: Buffer
  readonly reader: WireReader
  /** Field numbers of the messages around the current field. */
  readonly path: number[]
  readonly unknown: UnknownField[]
}

/** How a field of the message `T` is encoded, and what is done with its value. */
interface Field<T> {
  readonly wireType: number
  readonly read: (reading: Reading, into: T, number: number) => void
}

/** The fields of a message by their numbers. */
export type Fields<T> = Readonly<Record<number, Field<T>>>

type Setter<T, V> = (into: T, value: V) => void

export function string<T> (set: Setter<T, string>): Field<T> {
  return { wireType: WIRE.lengthDelimited, read: (reading, into) => { set(into, readString(reading)) } }
}

export function bytes<T> (set: Setter<T, Uint8Array>): Field<T> {
  return { wireType: WIRE.lengthDelimited, read: ({ reader }, into) => { set(into, reader.bytes()) } }
}

export function float<T> (set: Setter<T, number>): Field<T> {
  return { wireType: WIRE.bits32, read: ({ reader }, into) => { set(into, reader.float()) } }
}

export function integer<T> (set: Setter<T, number>): Field<T> {
  return { wireType: WIRE.varint, read: ({ reader }, into) => { set(into, reader.int32()) } }
}

export function boolean<T> (set: Setter<T, boolean>): Field<T> {
  return { wireType: WIRE.varint, read: ({ reader }, into) => { set(into, reader.bool()) } }
}

/**
 * A message inside another.
 *
 * @param begin returns the object to read into: one with defaults, or the existing one if the field isn't repeated
 */
export function message<T, M> (fields: Fields<M>, begin: (into: T) => M, set: Setter<T, M>): Field<T> {
  return {
    wireType: WIRE.lengthDelimited,
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
 * Reads a protocol buffer into a message.
 *
 * @returns the fields that aren't in `fields`
 * @throws Error for bytes that aren't a protocol buffer
 */
export function readMessage<T> (encoded: Uint8Array, fields: Fields<T>, into: T): readonly UnknownField[] {
  const reading: Reading = {
    encoded: Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length),
    reader: new WireReader(encoded),
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
    const number = tag >>> 3
    const wireType = tag & 7
    const field = fields[number]
    if (field === undefined) unknown.push({ path: [...path, number], wireType, bytes: reader.skip(tag) })
    else if (field.wireType === wireType) field.read(reading, into, number)
    else throw new Error(`field ${[...path, number].join('.')} has wire type ${wireType}, expected ${field.wireType}`)
  }
  if (reader.pos !== end) throw new Error(`message ${path.join('.')} ends inside a field`)
}

/** A byte order mark is part of the text. */
function readString ({ encoded, reader }: Reading): string {
  const end = reader.uint32() + reader.pos
  if (end > encoded.length) throw new Error('a text is cut off')
  const text = encoded.toString('utf8', reader.pos, end)
  // Invalid UTF-8 became U+FFFD, but a text may also have this character.
  if (text.includes('\ufffd') && !isUtf8(encoded.subarray(reader.pos, end))) throw new Error('a text is not UTF-8')
  reader.pos = end
  return text
}
