import type { SchemaElement } from 'hyparquet'
import { unpackDeltas } from './delta.ts'
import type { Encoding } from './page-header.ts'
import { RleReader } from './rle.ts'

/** A stored value, before its type annotation is applied. A Buffer is a view of the page. */
export type Raw = boolean | number | bigint | Buffer

/**
 * Iterates over the values of a page, without nulls. Each is decoded on request, so that a page takes no more memory
 * than its bytes.
 */
export interface Values {
  /** @throws Error after the last value */
  next (): Raw
}

/** A chunk's dictionary. */
export interface Dictionary {
  at (index: number): Raw
}

/** The values of a page in their stored form. */
export interface EncodedValues {
  readonly encoding: Encoding | undefined
  readonly element: SchemaElement
  readonly bytes: Buffer
  readonly count: number
  /** The column's dictionary in this chunk. */
  readonly dictionary: Dictionary | undefined
}

/** @throws Error for an encoding that is unknown or can't have the type */
export function valuesOf ({ encoding, element, bytes, count, dictionary }: EncodedValues): Values {
  if (count === 0) return { next: () => { throw new Error('there are fewer values than levels') } }
  const { type } = element
  switch (encoding) {
    case 'PLAIN': return plain(element, bytes)
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === undefined) throw new Error('a page refers to a missing dictionary')
      const indices = new RleReader(bytes, 1, bytes.readUInt8(0))
      return { next: () => dictionary.at(indices.next()) }
    }
    case 'RLE': {
      if (type !== 'BOOLEAN') break
      const bits = new RleReader(bytes.subarray(0, 4 + bytes.readUInt32LE(0)), 4, 1)
      return { next: () => bits.next() === 1 }
    }
    case 'BYTE_STREAM_SPLIT': return splitStreams(fixed(element), bytes, count)
    case 'DELTA_BINARY_PACKED': {
      if (type !== 'INT32' && type !== 'INT64') break
      const numbers = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count)
      unpackDeltas(bytes, 0, numbers)
      return { next: each(i => numbers[i]) }
    }
    case 'DELTA_LENGTH_BYTE_ARRAY': {
      if (type !== 'BYTE_ARRAY') break
      const lengths = new Int32Array(count)
      let at = unpackDeltas(bytes, 0, lengths)
      const next = each(i => {
        const length = lengths[i]
        if (length === undefined) return undefined
        at += length
        return slice(bytes, at - length, at)
      })
      return { next }
    }
    case 'DELTA_BYTE_ARRAY': {
      if (type !== 'BYTE_ARRAY' && type !== 'FIXED_LEN_BYTE_ARRAY') break
      return sharedPrefixes(bytes, count)
    }
  }
  throw new Error(`the encoding ${encoding ?? 'of its page'} isn't supported for the type ${type ?? 'of the column'}`)
}

/** @throws Error when the page has fewer values than its header claims */
export function dictionaryOf (element: SchemaElement, bytes: Buffer, count: number): Dictionary {
  if (element.type !== 'BYTE_ARRAY') {
    const { width, read } = fixed(element)
    if (count * width > bytes.length) throw new Error(`a dictionary of ${count} values has only ${bytes.length} bytes`)
    return { at: index => read(bytes, index < count ? index * width : outside(index, count)) }
  }
  if (count * 4 > bytes.length) throw new Error(`a dictionary of ${count} values has only ${bytes.length} bytes`)
  const starts = new Uint32Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    starts[i] = at
    at += 4 + bytes.readUInt32LE(at)
  }
  if (at > bytes.length) throw new Error('the dictionary is cut off')
  return {
    at (index) {
      const start = starts[index] ?? outside(index, count)
      return bytes.subarray(start + 4, start + 4 + bytes.readUInt32LE(start))
    }
  }
}

function outside (index: number, count: number): never {
  throw new Error(`an index of ${index} into a dictionary of ${count}`)
}

function plain (element: SchemaElement, bytes: Buffer): Values {
  let at = 0
  if (element.type === 'BYTE_ARRAY') {
    return {
      next () {
        const start = at + 4
        at = start + bytes.readUInt32LE(at)
        return slice(bytes, start, at)
      }
    }
  }
  if (element.type === 'BOOLEAN') {
    return { next: each(i => i >>> 3 < bytes.length ? (bytes[i >>> 3]! >>> (i & 7)) % 2 === 1 : undefined) }
  }
  const { width, read } = fixed(element)
  return {
    next () {
      const value = read(bytes, at)
      at += width
      return value
    }
  }
}

interface Fixed {
  /** Bytes per value. */
  readonly width: number
  readonly read: (bytes: Buffer, offset: number) => Raw
}

/** How values of a fixed width are read. Reading past the end throws. */
function fixed ({ type, type_length: length = 0 }: SchemaElement): Fixed {
  switch (type) {
    case 'INT32': return { width: 4, read: (bytes, offset) => bytes.readInt32LE(offset) }
    case 'INT64': return { width: 8, read: (bytes, offset) => bytes.readBigInt64LE(offset) }
    case 'INT96': return { width: 12, read: (bytes, offset) => slice(bytes, offset, offset + 12) }
    case 'FLOAT': return { width: 4, read: (bytes, offset) => bytes.readFloatLE(offset) }
    case 'DOUBLE': return { width: 8, read: (bytes, offset) => bytes.readDoubleLE(offset) }
    case 'FIXED_LEN_BYTE_ARRAY':
      if (length < 1) throw new Error(`values of ${length} bytes`)
      return { width: length, read: (bytes, offset) => slice(bytes, offset, offset + length) }
    default: throw new Error(`the type ${type ?? 'of the column'} has no fixed width`)
  }
}

/** BYTE_STREAM_SPLIT: byte k of all values is stored together, in the k-th of `width` streams. */
function splitStreams ({ width, read }: Fixed, bytes: Buffer, count: number): Values {
  if (count * width > bytes.length) throw new Error(`${count} values of ${width} bytes in ${bytes.length} bytes`)
  return {
    next: each(i => {
      if (i >= count) return undefined
      const joined = Buffer.allocUnsafe(width)
      for (let k = 0; k < width; k++) joined[k] = bytes[k * count + i]!
      return read(joined, 0)
    })
  }
}

/** DELTA_BYTE_ARRAY: how many bytes each value shares with the previous one, and the rest of its bytes. */
function sharedPrefixes (bytes: Buffer, count: number): Values {
  const prefixes = new Int32Array(count)
  const lengths = new Int32Array(count)
  let at = unpackDeltas(bytes, unpackDeltas(bytes, 0, prefixes), lengths)
  let before: Buffer = Buffer.alloc(0)
  return {
    next: each(i => {
      const [prefix, length] = [prefixes[i], lengths[i]]
      if (prefix === undefined || length === undefined) return undefined
      at += length
      const rest = slice(bytes, at - length, at)
      before = prefix === 0 ? rest : Buffer.concat([slice(before, 0, prefix), rest])
      return before
    })
  }
}

/** Like `subarray`, but throws when there are fewer bytes. */
function slice (bytes: Buffer, start: number, end: number): Buffer {
  if (start > end || end > bytes.length) throw new Error(`a value ends at byte ${end} of ${bytes.length}`)
  return bytes.subarray(start, end)
}

/** Creates a `next` from a function by index. Its undefined means that there are no more values. */
function each (value: (index: number) => Raw | undefined): () => Raw {
  let index = 0
  return () => value(index++) ?? missing(index)
}

function missing (count: number): never {
  throw new Error(`there are only ${count - 1} values`)
}
