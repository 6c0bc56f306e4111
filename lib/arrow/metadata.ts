import { MAX_SCALE } from '../columns/values.ts'
import { FlatTable } from './flat-table.ts'

/** The header of a message. It has been validated, because the decoder trusts it. */
export interface MessageHead {
  readonly kind: 'schema' | 'dictionary' | 'records'
  readonly bodyBytes: number
  /** The number of rows of a record batch. */
  readonly rows: number
  /** For a dictionary; otherwise null. */
  readonly dictionary: { readonly id: number, readonly isDelta: boolean } | null
}

/** MetadataVersion V4, of Arrow 0.8 (2017). Earlier versions store buffers differently. */
const OLDEST_VERSION = 3

const SCHEMA = 1
const DICTIONARY_BATCH = 2
const RECORD_BATCH = 3

/** Type IDs (`Type` in Schema.fbs). */
const DECIMAL = 7
const UNION = 14

const MAX_FIELDS = 100_000
const MAX_DEPTH = 100

/** A value takes at least one bit. In compressed data, one byte can stand for thousands of values. */
const VALUES_A_BYTE = { plain: 8, compressed: 100_000 }

/** @see Message.fbs and Schema.fbs of Apache Arrow @throws Error when it is damaged or not supported */
export function readHead (metadata: Buffer): MessageHead {
  const message = new FlatTable(metadata, 0)
  const version = message.int16(0)
  if (version < OLDEST_VERSION) throw new Error(`format version ${version + 1}, from before 2018, is not supported`)
  const type = message.int8(1)
  const header = message.table(2)
  const bodyBytes = message.size(3)
  if (header === null) throw new Error('a message without a header')
  switch (type) {
    case SCHEMA:
      checkSchema(header)
      return { kind: 'schema', bodyBytes, rows: 0, dictionary: null }
    case DICTIONARY_BATCH: {
      const data = header.table(1)
      if (data === null) throw new Error('a dictionary without data')
      const rows = checkBatch(data, bodyBytes)
      if (rows > bodyBytes * (data.table(3) === null ? VALUES_A_BYTE.plain : VALUES_A_BYTE.compressed)) {
        throw new Error(`a dictionary of ${rows} values in ${bodyBytes} bytes`)
      }
      return { kind: 'dictionary', bodyBytes, rows, dictionary: { id: header.size(0), isDelta: header.int8(2) !== 0 } }
    }
    case RECORD_BATCH: return { kind: 'records', bodyBytes, rows: checkBatch(header, bodyBytes), dictionary: null }
    default: throw new Error(`a message of the kind ${type}, expected a schema, a dictionary or records`)
  }
}

/** @throws Error when the schema is damaged or not supported */
export function checkSchema (schema: FlatTable): void {
  if (schema.int16(0) !== 0) {
    throw new Error('big-endian data is not supported')
  }
  schema.tables(2)
  let count = 0
  const check = (field: FlatTable, depth: number): void => {
    count += 1 + field.list(6, 4).length // metadata that all fields share is read for each of them
    if (count > MAX_FIELDS || depth > MAX_DEPTH) throw new Error('too many columns, or nested too deeply')
    field.tables(6)
    const type = field.table(3)
    if (type !== null && field.int8(2) === UNION) type.list(1, 4)
    const scale = type !== null && field.int8(2) === DECIMAL ? type.int32(1) : 0
    if (scale < 0 || scale > MAX_SCALE) throw new Error(`a decimal of ${scale} digits after the point`)
    for (const child of field.tables(5)) check(child, depth + 1)
  }
  for (const field of schema.tables(1)) check(field, 0)
}

/** Validates a record batch. @returns how many rows it has */
function checkBatch (batch: FlatTable, bodyBytes: number): number {
  const rows = batch.size(0)
  const [first] = batch.pairs(1)
  // Batches with 0 rows are skipped, so this one must really be empty.
  if (first === undefined ? rows + bodyBytes > 0 : first[0] !== rows) {
    throw new Error(`${first?.[0] ?? 'no'} values in a column of ${rows} rows`)
  }
  const buffers = batch.pairs(2)
  const outside = buffers.find(([offset, length]) => offset + length > bodyBytes)
  if (outside !== undefined) throw new Error(`${outside[1]} bytes at ${outside[0]} of a body of ${bodyBytes}`)
  if (batch.sizes(4).some(count => count > buffers.length)) throw new Error('more buffers than there are')
  return rows
}
