/** A value of Thrift's compact protocol. */
export type Thrift =
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly i8: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly list: readonly Thrift[] }
  | { readonly struct: ThriftFields }

/** Values by the ids of their fields, which ascend; undefined is left out. */
export type ThriftFields = Readonly<Record<number, Thrift | undefined>>

/** Writes a struct of Thrift's compact protocol (thrift-compact-protocol.md). */
export function thriftStruct (fields: ThriftFields): Buffer {
  const parts: Buffer[] = []
  addStruct(parts, fields)
  return Buffer.concat(parts)
}

function addStruct (parts: Buffer[], fields: ThriftFields): void {
  let last = 0
  for (const [key, value] of Object.entries(fields)) { // in ascending order, as for all keys that are integers
    if (value === undefined) continue
    const id = Number(key)
    const step = id - last
    parts.push(step < 16 ? Buffer.of(step << 4 | typeOf(value)) : Buffer.concat([Buffer.of(typeOf(value)), zigzag(id)]))
    last = id
    if (!('bool' in value)) addValue(parts, value) // a boolean is its type
  }
  parts.push(Buffer.of(0))
}

function typeOf (value: Thrift): number {
  if ('bool' in value) return value.bool ? 1 : 2
  if ('i8' in value) return 3
  if ('i32' in value) return 5
  if ('i64' in value) return 6
  if ('text' in value) return 8
  return 'list' in value ? 9 : 12
}

function addValue (parts: Buffer[], value: Thrift): void {
  if ('i8' in value) parts.push(Buffer.of(value.i8))
  else if ('i32' in value) parts.push(zigzag(value.i32))
  else if ('i64' in value) parts.push(zigzag(value.i64))
  else if ('text' in value) {
    const bytes = Buffer.from(value.text)
    parts.push(varint(bytes.length), bytes)
  } else if ('list' in value) {
    const { list } = value
    const type = list.length === 0 ? 12 : typeOf(list[0]!)
    parts.push(list.length < 15
      ? Buffer.of(list.length << 4 | type)
      : Buffer.concat([Buffer.of(0xf0 | type), varint(list.length)]))
    for (const item of list) addValue(parts, item)
  } else if ('struct' in value) addStruct(parts, value.struct)
}

/** An unsigned number with 7 bits in each byte; exact up to 2^53. */
export function varint (value: number): Buffer {
  const bytes: number[] = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128)
  bytes.push(value)
  return Buffer.from(bytes)
}

/** A number whose sign is in the lowest bit. */
function zigzag (value: number): Buffer {
  return varint(value < 0 ? -2 * value - 1 : 2 * value)
}
