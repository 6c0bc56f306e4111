import { readFileSync, readdirSync } from 'node:fs'
import { Bytes } from '../../../lib/arrow/bytes.ts'
import { readFileMessages } from '../../../lib/arrow/file-messages.ts'
import { readMessages } from '../../../lib/arrow/messages.ts'
import { ValueReader, readTables } from '../../../lib/arrow/tables.ts'
import { type RowOptions, MissingColumns } from '../../../lib/columns/selection.ts'
import type { RecordFile } from '../../../lib/records/reader.ts'
import { fixture } from '../../helpers.ts'
import { comparable, rangesOf } from '../parquet/helpers.ts'

/** The names of the fixtures, without extension. */
export function arrowNames (): string[] {
  return readdirSync(fixture('arrow')).map(name => name.replace('.arrow', '')).sort()
}

export function arrowBytes (name: string): Buffer {
  return readFileSync(fixture(`arrow/${name}.arrow`))
}

/** Bytes in chunks of a size. */
export async function * chunksOf (bytes: Buffer, size = 65_536): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** All rows from a row on, in the form of `rowsOf` for parquet. */
export async function rowsOf (
  bytes: Buffer,
  { from = 0, size, byFooter = false, ...options }: Partial<RowOptions> & {
    readonly from?: number
    readonly size?: number
    readonly byFooter?: boolean
  } = {}
): Promise<{ readonly columns: string[], readonly rows: unknown[][] }> {
  const values = new ValueReader(Infinity)
  const rows: unknown[][] = []
  let columns: string[] = []
  const first = options.textColumn === undefined ? await firstColumn(bytes) : ''
  const tables = readTables(isWanted => byFooter
    ? readFileMessages(rangesOf(bytes), isWanted)
    : readMessages(new Bytes(chunksOf(bytes, size)), 'a.arrow', isWanted), recordFile(from), {
    textColumn: first, columns: ['*'], maxRowBytes: Infinity, missing: new MissingColumns(), ...options
  })
  for await (const table of tables) {
    columns = table.columns.map(({ name }) => name)
    for (let row = Math.max(0, from - table.start); row < table.rows; row++) {
      rows.push(table.columns.map(({ vector }) => comparable(values.at(vector, row))))
    }
  }
  return { columns, rows }
}

/** A file of which only the name and the start offset are used. */
function recordFile (offset: number): RecordFile {
  return {
    index: 0,
    path: 'a.arrow',
    offset,
    isNamed: false,
    idAt: String,
    bytesFrom: () => chunksOf(Buffer.alloc(0)),
    onRead: () => {},
    count: () => {},
    signal: new AbortController().signal
  }
}

async function firstColumn (bytes: Buffer): Promise<string> {
  const { tableFromIPC } = await import('@uwdata/flechette')
  return tableFromIPC(new Uint8Array(bytes)).schema.fields[0]!.name
}

/** A field of a FlatBuffers table; null leaves it out. */
export type FlatField =
  | null
  | { readonly int8: number }
  | { readonly int16: number }
  | { readonly int32: number }
  | { readonly int64: bigint }
  | { readonly text: string }
  | { readonly table: readonly FlatField[] }
  | { readonly tables: ReadonlyArray<readonly FlatField[]> }
  | { readonly numbers: readonly bigint[], readonly length?: number }

/** The table, followed by the data of its fields; `at` is its start. */
function written (fields: readonly FlatField[]): { readonly bytes: Buffer<ArrayBuffer>, readonly at: number } {
  const at = 4 + 2 * fields.length
  const start = Buffer.alloc(at + 4 + 8 * fields.length)
  start.writeInt16LE(4 + 2 * fields.length, 0)
  start.writeInt32LE(at, at)
  const parts = [start]
  let end = start.length
  const append = (bytes: Buffer<ArrayBuffer>): void => { parts.push(bytes); end += bytes.length }
  for (const [i, field] of fields.entries()) {
    if (field === null) continue
    const place = at + 4 + 8 * i
    start.writeInt16LE(place - at, 4 + 2 * i)
    if ('int8' in field) start.writeInt8(field.int8, place)
    else if ('int16' in field) start.writeInt16LE(field.int16, place)
    else if ('int32' in field) start.writeInt32LE(field.int32, place)
    else if ('int64' in field) start.writeBigInt64LE(field.int64, place)
    else if ('table' in field) {
      const inner = written(field.table)
      start.writeInt32LE(end + inner.at - place, place)
      append(inner.bytes)
    } else {
      start.writeInt32LE(end - place, place)
      append(listed(field))
    }
  }
  return { bytes: Buffer.concat(parts), at }
}

function listed (field:
  | { readonly text: string } | { readonly tables: ReadonlyArray<readonly FlatField[]> }
  | { readonly numbers: readonly bigint[], readonly length?: number }): Buffer<ArrayBuffer> {
  if ('text' in field) {
    const bytes = Buffer.from(field.text)
    const length = Buffer.alloc(4)
    length.writeInt32LE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  if ('numbers' in field) {
    const bytes = Buffer.alloc(4 + 8 * field.numbers.length)
    bytes.writeInt32LE(field.length ?? field.numbers.length)
    for (const [i, number] of field.numbers.entries()) bytes.writeBigInt64LE(number, 4 + 8 * i)
    return bytes
  }
  const inner = field.tables.map(written)
  const head = Buffer.alloc(4 + 4 * inner.length)
  head.writeInt32LE(inner.length)
  let end = head.length
  for (const [i, { bytes, at }] of inner.entries()) {
    head.writeInt32LE(end + at - (4 + 4 * i), 4 + 4 * i)
    end += bytes.length
  }
  return Buffer.concat([head, ...inner.map(({ bytes }) => bytes)])
}

/** A table as the root of a FlatBuffer. */
export function flat (fields: readonly FlatField[]): Buffer {
  const { bytes, at } = written(fields)
  const root = Buffer.alloc(4)
  root.writeInt32LE(4 + at)
  return Buffer.concat([root, bytes])
}

/** A message of the stream format. @param type of its header: 1 schema, 2 dictionary, 3 records */
export function message (
  type: number,
  header: readonly FlatField[] | null,
  body = Buffer.alloc(0),
  { version = 4, bodyBytes = body.length } = {}
): Buffer {
  const metadata = flat([
    { int16: version }, { int8: type }, header === null ? null : { table: header }, { int64: BigInt(bodyBytes) }
  ])
  const padded = Math.ceil(metadata.length / 8) * 8
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0xffffffff)
  head.writeUInt32LE(padded, 4)
  return Buffer.concat([head, metadata, Buffer.alloc(padded - metadata.length), body])
}

/** The end marker. */
export const END = Buffer.from('ffffffff00000000', 'hex')

/** The field of a schema. @param type the type's number, and its table */
export function schemaField (
  name: string,
  type: number,
  of: readonly FlatField[] = [],
  { children = [], dictionary = null }: {
    readonly children?: ReadonlyArray<readonly FlatField[]>
    readonly dictionary?: readonly FlatField[] | null
  } = {}
): FlatField[] {
  return [
    { text: name }, { int8: 1 }, { int8: type }, { table: of }, dictionary === null ? null : { table: dictionary },
    { tables: children }
  ]
}

/** The message of a schema. */
export function schema (...fields: ReadonlyArray<readonly FlatField[]>): Buffer {
  return message(1, [null, { tables: fields }])
}

/** The header of a record batch: nodes of length and null count, buffers of offset and length. */
export function batch (
  rows: number,
  nodes: readonly number[],
  buffers: readonly number[],
  more: readonly FlatField[] = []
): FlatField[] {
  const pairs = (numbers: readonly number[]): FlatField =>
    ({ numbers: numbers.map(BigInt), length: numbers.length / 2 })
  return [{ int64: BigInt(rows) }, pairs(nodes), pairs(buffers), ...more]
}
