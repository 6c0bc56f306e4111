import { type Thrift, type ThriftFields, thriftStruct, varint } from './thrift.ts'

/** A column that can be written; it has no nulls. */
export interface WrittenColumn {
  readonly name: string
  readonly type: 'text' | 'json' | 'int32' | 'uint16' | 'uint32'
  /** Whether each row has a list of values. */
  readonly isList?: boolean
}

/** A column in a row group of a file that is being written. */
export interface WrittenChunk {
  /** Where its first page begins in the file. */
  readonly offset: number
  readonly values: number
  /** With the headers of the pages. */
  readonly bytes: number
  /** The same before the compression. */
  readonly unpacked: number
}

/** A row group of a file that is being written. */
export interface WrittenGroup {
  readonly rows: number
  readonly chunks: readonly WrittenChunk[]
}

/** The bytes at the start of a file. */
export const PARQUET_MAGIC = Buffer.from('PAR1')

const CODEC_ZSTD = 6
const [REQUIRED, REPEATED] = [0, 2]
const [ENCODING_PLAIN, ENCODING_RLE] = [0, 3]

/** Physical type, converted type and logical type; the numbers are those of parquet.thrift. */
const TYPES: Readonly<Record<WrittenColumn['type'], { physical: number, converted?: number, logical?: Thrift }>> = {
  int32: { physical: 1 },
  uint16: { physical: 1, converted: 12, logical: integer(16) },
  uint32: { physical: 1, converted: 13, logical: integer(32) },
  text: { physical: 6, converted: 0, logical: { struct: { 1: { struct: {} } } } },
  json: { physical: 6, converted: 19, logical: { struct: { 12: { struct: {} } } } }
}

function integer (bits: number): Thrift {
  return { struct: { 10: { struct: { 1: { i8: bits }, 2: { bool: false } } } } }
}

/** The values of a page, encoded as PLAIN. */
export interface PageValues {
  readonly count: number
  readonly bytes: Buffer
  /** Before the values; only in a list. */
  readonly levels?: Buffer
}

/** A data page, and its size before the compression. */
export interface WrittenPage {
  readonly bytes: Buffer
  readonly unpacked: number
}

/** @param compress with zstd */
export function dataPage (
  { count, bytes, levels = Buffer.alloc(0) }: PageValues, compress: (bytes: Buffer) => Buffer
): WrittenPage {
  const content = levels.length === 0 ? bytes : Buffer.concat([levels, bytes])
  const packed = compress(content)
  const header = thriftStruct({
    1: { i32: 0 }, // a data page of version 1
    2: { i32: content.length },
    3: { i32: packed.length },
    5: {
      struct: {
        1: { i32: count }, 2: { i32: ENCODING_PLAIN }, 3: { i32: ENCODING_RLE }, 4: { i32: ENCODING_RLE }
      }
    }
  })
  return { bytes: Buffer.concat([header, packed]), unpacked: header.length + content.length }
}

/** The repetition and definition levels of lists that all have the same length, which isn't 0. */
export function listLevels (lists: number, length: number): Buffer {
  const list = Buffer.concat([run(1, 0), ...(length > 1 ? [run(length - 1, 1)] : [])])
  const repetition = Buffer.concat(new Array<Buffer>(lists).fill(list))
  return Buffer.concat([sized(repetition), sized(run(lists * length, 1))])
}

/** A run of equal levels of one bit. */
function run (count: number, level: number): Buffer {
  return Buffer.concat([varint(2 * count), Buffer.of(level)])
}

function sized (bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(bytes.length)
  return Buffer.concat([size, bytes])
}

/** Texts as the values of a page. */
export function textValues (texts: readonly Buffer[]): PageValues {
  return { count: texts.length, bytes: Buffer.concat(texts.map(sized)) }
}

/** The end of a file, after the pages: the footer, its length, and the magic. */
export function parquetFooter (columns: readonly WrittenColumn[], groups: readonly WrittenGroup[]): Buffer {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0)
  const footer = thriftStruct({
    1: { i32: 1 },
    2: { list: [{ struct: { 4: { text: 'schema' }, 5: { i32: columns.length } } }, ...columns.flatMap(elementsOf)] },
    3: { i64: rows },
    4: { list: groups.map(group => ({ struct: groupFields(columns, group) })) },
    6: { text: 'sluice' }
  })
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(footer.length)
  return Buffer.concat([footer, tail, PARQUET_MAGIC])
}

function elementsOf ({ name, type, isList = false }: WrittenColumn): Thrift[] {
  const { physical, converted, logical } = TYPES[type]
  const element = (name: string): Thrift => ({
    struct: {
      1: { i32: physical },
      3: { i32: REQUIRED },
      4: { text: name },
      6: converted === undefined ? undefined : { i32: converted },
      10: logical
    }
  })
  if (!isList) return [element(name)]
  const list: ThriftFields = {
    3: { i32: REQUIRED },
    4: { text: name },
    5: { i32: 1 },
    6: { i32: 3 },
    10: { struct: { 3: { struct: {} } } }
  }
  const repeated: ThriftFields = { 3: { i32: REPEATED }, 4: { text: 'list' }, 5: { i32: 1 } }
  return [{ struct: list }, { struct: repeated }, element('element')]
}

function groupFields (columns: readonly WrittenColumn[], { rows, chunks }: WrittenGroup): ThriftFields {
  const sum = (key: 'bytes' | 'unpacked'): number => chunks.reduce((sum, chunk) => sum + chunk[key], 0)
  return {
    1: { list: chunks.map((chunk, i) => ({ struct: chunkFields(columns[i]!, chunk) })) },
    2: { i64: sum('unpacked') },
    3: { i64: rows },
    5: { i64: chunks[0]!.offset },
    6: { i64: sum('bytes') }
  }
}

function chunkFields (
  { name, type, isList = false }: WrittenColumn, { offset, values, bytes, unpacked }: WrittenChunk
): ThriftFields {
  const path = isList ? [name, 'list', 'element'] : [name]
  return {
    2: { i64: offset },
    3: {
      struct: {
        1: { i32: TYPES[type].physical },
        2: { list: [{ i32: ENCODING_PLAIN }, { i32: ENCODING_RLE }] },
        3: { list: path.map(text => ({ text })) },
        4: { i32: CODEC_ZSTD },
        5: { i64: values },
        6: { i64: unpacked },
        7: { i64: bytes },
        9: { i64: offset }
      }
    }
  }
}
