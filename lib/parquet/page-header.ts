import { ByteReader } from './bits.ts'

/** A page header, unchecked. Missing numbers are NaN. */
export interface PageHeader {
  readonly type: 'data' | 'data_v2' | 'dictionary' | 'other'
  /** Bytes in the file. */
  readonly size: number
  /** Bytes after decompression. */
  readonly unpackedSize: number
  readonly crc: number | undefined
  readonly values: number
  /** Undefined for an unknown encoding. */
  readonly encoding: Encoding | undefined
  /** Only in version 1. */
  readonly levelEncodings: { readonly definition: Encoding | undefined, readonly repetition: Encoding | undefined }
  /** Only in version 2. */
  readonly rows: number
  readonly definitionBytes: number
  readonly repetitionBytes: number
  readonly isCompressed: boolean
}

/** In the format's order. The second one was never used. */
const ENCODINGS = [
  'PLAIN', 'GROUP_VAR_INT', 'PLAIN_DICTIONARY', 'RLE', 'BIT_PACKED', 'DELTA_BINARY_PACKED', 'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY', 'RLE_DICTIONARY', 'BYTE_STREAM_SPLIT'
] as const
export type Encoding = typeof ENCODINGS[number]

const TYPES = ['data', 'other', 'dictionary', 'data_v2'] as const

/**
 * Reads the page header at the start of the bytes.
 *
 * @returns the header and its length
 * @throws Error when there is none, or it is cut off
 * @see parquet.thrift, PageHeader: the numbers below are its field ids
 */
export function readPageHeader (bytes: Buffer): { readonly header: PageHeader, readonly length: number } {
  const reader = new ByteReader(bytes)
  const page = readStruct(reader)
  const type = TYPES[number(page[1])] ?? 'other'
  const own = page[{ data: 5, dictionary: 7, data_v2: 8, other: 0 }[type]]
  const fields = typeof own === 'object' && own !== null ? own : {}
  const encodingAt = (field: number): Encoding | undefined => ENCODINGS[number(fields[field])]
  const header: PageHeader = {
    type,
    size: number(page[3]),
    unpackedSize: number(page[2]),
    crc: page[4] === undefined ? undefined : number(page[4]),
    values: number(fields[1]),
    encoding: encodingAt(type === 'data_v2' ? 4 : 2),
    levelEncodings: { definition: encodingAt(3), repetition: encodingAt(4) },
    rows: number(fields[3]),
    definitionBytes: number(fields[5]),
    repetitionBytes: number(fields[6]),
    isCompressed: fields[7] !== false
  }
  return { header, length: reader.offset }
}

function number (value: ThriftValue | undefined): number {
  return typeof value === 'number' ? value : NaN
}

type ThriftValue = boolean | number | ThriftStruct | null
interface ThriftStruct { [field: number]: ThriftValue }

/** Parquet's own structs are nested less deeply. */
const MAX_DEPTH = 16

/** Reads a struct of Thrift's compact protocol (thrift-compact-protocol.md). Its strings and lists are skipped. */
function readStruct (reader: ByteReader, depth = 0): ThriftStruct {
  if (depth > MAX_DEPTH) throw new Error(`structs in more than ${MAX_DEPTH} levels`)
  const struct: ThriftStruct = {}
  let id = 0
  for (let head; (head = reader.byte()) !== 0;) {
    id = head >>> 4 === 0 ? Number(reader.zigzag()) : id + (head >>> 4)
    struct[id] = readValue(reader, head & 15, depth)
  }
  return struct
}

function readValue (reader: ByteReader, type: number, depth: number): ThriftValue {
  switch (type) {
    case 1: return true
    case 2: return false
    case 3: return reader.byte()
    case 4: case 5: case 6: return Number(reader.zigzag())
    case 7: return pass(reader, 8)
    case 8: return pass(reader, reader.varint())
    case 9: case 10: {
      const head = reader.byte()
      const count = head >>> 4 === 15 ? reader.varint() : head >>> 4
      // An item takes at least one byte, even a boolean. A count that is too large ends at the end of the bytes.
      for (let i = 0; i < count; i++) (head & 15) <= 2 ? reader.byte() : readValue(reader, head & 15, depth + 1)
      return null
    }
    case 12: return readStruct(reader, depth + 1)
    default: throw new Error(`the unknown Thrift type ${type}`)
  }
}

function pass (reader: ByteReader, bytes: number): null {
  reader.offset += bytes
  if (reader.offset > reader.bytes.length) throw new Error('the data is cut off')
  return null
}
