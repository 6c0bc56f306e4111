import { type DataType, DateUnit, Type } from '@uwdata/flechette'
import { type Kind, type Value, date, decimal, float16, text, time, timestamp } from '../columns/values.ts'

type Numbers =
  | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array
  | BigInt64Array | BigUint64Array

/**
 * The values of a column in one message, in flechette's memory layout. They are read here, without flechette, to keep
 * every digit and check every offset.
 */
export interface Vector {
  readonly type: DataType
  readonly length: number
  readonly nullCount: number
  /** A bit for each value; 0 means null. */
  readonly validity?: Uint8Array
  readonly values?: Numbers
  readonly offsets?: Int32Array | BigInt64Array
  readonly sizes?: Int32Array | BigInt64Array
  readonly children?: readonly Vector[]
  /** For views: the buffers of strings that don't fit into the view itself. */
  readonly data?: readonly Uint8Array[]
  readonly dictionary?: { readonly data: readonly Vector[] }
}

/** The kind of a type, in parquet's terms; null for unsupported types: unions, intervals and run-end encoded ones. */
export function kindOf (type: DataType): Kind | null {
  const inner = (kind: Kind, children: ReadonlyArray<{ readonly type: DataType }>): Kind | null =>
    children.every(child => kindOf(child.type) !== null) ? kind : null
  switch (type.typeId) {
    case Type.Dictionary: return kindOf(type.dictionary)
    case Type.Null: case Type.Int: case Type.Duration: return 'integer'
    case Type.Float: return 'float'
    case Type.Bool: return 'boolean'
    case Type.Decimal: return 'decimal'
    case Type.Date: return 'date'
    case Type.Time: return 'time'
    case Type.Timestamp: return 'timestamp'
    case Type.Utf8: case Type.LargeUtf8: case Type.Utf8View: return 'string'
    case Type.Binary: case Type.LargeBinary: case Type.BinaryView: case Type.FixedSizeBinary: return 'bytes'
    case Type.List: case Type.LargeList: case Type.ListView: case Type.LargeListView: case Type.FixedSizeList:
      return inner('list', type.children)
    case Type.Map: return inner('map', type.children)
    case Type.Struct: return inner('struct', type.children)
    default: return null
  }
}

/** Decimal digits of a second by unit. Seconds are converted to milliseconds, because parquet has no seconds. */
const DIGITS = [3, 3, 6, 9]

/** Converts values, and counts their bytes. */
export class ValueReader {
  /** Bytes of the values that were converted so far. */
  bytes = 0
  readonly #max: number

  /** @param max maximum number of bytes to convert; beyond it, texts are null and lists end */
  constructor (max: number) {
    this.#max = max
  }

  /** @throws Error when the index or an offset is out of bounds */
  at (vector: Vector, index: number): Value {
    within(index, vector.length)
    const { type } = vector
    if (type.typeId === Type.Null || isNull(vector, index)) return null
    switch (type.typeId) {
      case Type.Dictionary: return this.#entry(vector, Number(numberAt(vector.values, index)))
      case Type.Utf8: case Type.LargeUtf8: case Type.Utf8View: return this.#text(bytesAt(vector, index))
      case Type.Binary: case Type.LargeBinary: case Type.BinaryView: case Type.FixedSizeBinary: {
        const bytes = bytesAt(vector, index)
        this.bytes += bytes.length
        return Buffer.from(bytes) // a view would keep the whole message in memory
      }
      case Type.Bool:
        this.bytes++
        return bitAt(vector.values as Uint8Array, index)
      case Type.List: case Type.LargeList: case Type.ListView: case Type.LargeListView: case Type.FixedSizeList: {
        const [child] = vector.children as readonly [Vector]
        return this.#list(range(vector, index, child.length), at => this.at(child, at))
      }
      case Type.Map: {
        const [entries] = vector.children as readonly [Vector]
        const [keys, values] = entries.children as readonly [Vector, Vector]
        return this.#list(range(vector, index, entries.length), at => [this.at(keys, at), this.at(values, at)])
      }
      case Type.Struct: {
        const struct = Object.create(null) as Record<string, Value>
        for (const [i, { name }] of type.children.entries()) struct[name] = this.at(vector.children![i]!, index)
        return struct
      }
      default: return this.#plain(vector, index)
    }
  }

  /** Numbers, and types that are stored as numbers. */
  #plain ({ type, values }: Vector, index: number): Value {
    if (type.typeId === Type.Decimal) {
      this.bytes += type.bitWidth / 8
      return decimal(unscaled(values, index, type.bitWidth), type.scale)
    }
    const value = numberAt(values, index)
    this.bytes += values!.BYTES_PER_ELEMENT
    switch (type.typeId) {
      case Type.Float: return values instanceof Uint16Array ? float16(value as number) : value
      case Type.Date: return date(type.unit === DateUnit.DAY ? value as number : Math.floor(Number(value) / 86_400_000))
      case Type.Time: return time(inUnit(value, type.unit), DIGITS[type.unit]!)
      case Type.Timestamp: {
        const zone = (type.timezone ?? '') === '' ? '' : 'Z'
        return timestamp(inUnit(value, type.unit), DIGITS[type.unit]!, zone)
      }
      default: return value
    }
  }

  #text (bytes: Buffer): Value {
    this.bytes += bytes.length
    return this.bytes > this.#max ? null : text(bytes)
  }

  #entry ({ dictionary }: Vector, key: number): Value {
    let before = 0
    for (const part of dictionary!.data) {
      if (key < before + part.length) return this.at(part, key - before)
      before += part.length
    }
    throw new Error(`entry ${key} of a dictionary of ${before}`)
  }

  #list ([start, end]: readonly [number, number], valueAt: (at: number) => Value): Value[] {
    const list: Value[] = []
    for (let at = start; at < end && this.bytes <= this.#max; at++) {
      this.bytes++ // so that a list of nulls ends, too
      list.push(valueAt(at))
    }
    return list
  }
}

function within (index: number, length: number): void {
  if (!(index >= 0 && index < length)) throw new Error(`value ${index} of ${length}`)
}

function isNull ({ nullCount, validity }: Vector, index: number): boolean {
  return nullCount > 0 && !bitAt(validity!, index)
}

function bitAt (bits: Uint8Array, index: number): boolean {
  within(index >>> 3, bits.length)
  return (bits[index >>> 3]! >>> (index & 7) & 1) === 1
}

function numberAt (values: Numbers | undefined, index: number): number | bigint {
  const value = values?.[index]
  if (value === undefined) throw new Error(`value ${index} of ${values?.length ?? 0}`)
  return value
}

function inUnit (value: number | bigint, unit: number): bigint {
  return BigInt(value) * (unit === 0 ? 1000n : 1n)
}

/** Reads an integer in two's complement, lowest word first. */
function unscaled (values: Numbers | undefined, index: number, bitWidth: number): bigint {
  if (bitWidth === 32) return BigInt(numberAt(values, index))
  const words = bitWidth / 64
  let sum = 0n
  for (let i = words - 1; i >= 0; i--) sum = sum << 64n | numberAt(values, index * words + i) as bigint
  return BigInt.asIntN(bitWidth, sum)
}

function bytesAt (vector: Vector, index: number): Buffer {
  const { type, values, data } = vector
  const bytes = values as Uint8Array
  if (type.typeId !== Type.Utf8View && type.typeId !== Type.BinaryView) {
    const [start, end] = type.typeId === Type.FixedSizeBinary
      ? fixed(type.stride, index, bytes.length)
      : range(vector, index, bytes.length)
    return cut(bytes, start, end)
  }
  const view = cut(bytes, ...fixed(16, index, bytes.length))
  const length = view.readInt32LE()
  if (length <= 12) return cut(view, ...inside(4, 4 + length, 16))
  const [buffer, start] = [data![view.readInt32LE(8)], view.readInt32LE(12)]
  return cut(buffer!, ...inside(start, start + length, buffer!.length))
}

function cut ({ buffer, byteOffset }: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset + start, end - start)
}

/** The start and end of a list's elements, or of a string's bytes. */
function range ({ type, offsets, sizes }: Vector, index: number, length: number): readonly [number, number] {
  if (type.typeId === Type.FixedSizeList) return fixed(type.stride, index, length)
  const start = Number(numberAt(offsets, index))
  const end = sizes === undefined ? Number(numberAt(offsets, index + 1)) : start + Number(numberAt(sizes, index))
  return inside(start, end, length)
}

function fixed (stride: number, index: number, length: number): readonly [number, number] {
  return inside(index * stride, (index + 1) * stride, length)
}

function inside (start: number, end: number, length: number): readonly [number, number] {
  if (!(start >= 0 && start <= end && end <= length)) throw new Error(`${start} to ${end} of ${length}`)
  return [start, end]
}
