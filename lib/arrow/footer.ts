import { FlatTable } from './flat-table.ts'
import { checkSchema } from './metadata.ts'

/** Where the footer of a file says that a message lies. */
export interface Block {
  readonly offset: number
  /** Of its metadata, with the length before it and the padding behind it; the body follows. */
  readonly metadataBytes: number
  readonly bodyBytes: number
}

/** The footer of a file (File.fbs of Apache Arrow). */
export interface FileFooter {
  /** The schema as the message of a stream. */
  readonly schema: Uint8Array
  readonly dictionaries: readonly Block[]
  readonly records: readonly Block[]
}

const BLOCK_BYTES = 24

/** Metadata of a message before its header: the offset of a table, what says where its fields lie, and the table. */
const HEAD_BYTES = 32

/** MetadataVersion V5; a schema is the same in V4. */
const VERSION = 4

/** @throws Error when it is damaged, or its schema is one that isn't read */
export function readFooter (footer: Buffer): FileFooter {
  const table = new FlatTable(footer, 0)
  const schema = table.table(1)
  if (schema === null) throw new Error('the footer has no schema')
  checkSchema(schema)
  return {
    schema: schemaMessage(footer, schema.at),
    dictionaries: blocksIn(table, 2, footer),
    records: blocksIn(table, 3, footer)
  }
}

function blocksIn (table: FlatTable, field: number, footer: Buffer): Block[] {
  return table.list(field, BLOCK_BYTES).map(at => {
    const offset = Number(footer.readBigInt64LE(at))
    const metadataBytes = footer.readInt32LE(at + 8)
    const bodyBytes = Number(footer.readBigInt64LE(at + 16))
    if (!(offset >= 0 && metadataBytes > 0 && bodyBytes >= 0)) {
      throw new Error(`a block of ${metadataBytes} and ${bodyBytes} bytes at ${offset}`)
    }
    return { offset, metadataBytes, bodyBytes }
  })
}

/**
 * A message whose header is the footer's schema: some writers (Polars from 2.0 on, apache-arrow for JavaScript) leave
 * it nowhere else. All offsets in FlatBuffers are relative, so that what the footer has can stay as it is.
 */
function schemaMessage (footer: Buffer, schemaAt: number): Uint8Array {
  const padded = Math.ceil(footer.length / 8) * 8
  const bytes = Buffer.alloc(8 + HEAD_BYTES + padded)
  bytes.writeUInt32LE(0xffffffff, 0)
  bytes.writeUInt32LE(HEAD_BYTES + padded, 4)
  const metadata = bytes.subarray(8)
  metadata.writeInt32LE(20, 0) // the table
  // Its own length, the table's, and where in it are the version, the type and the header.
  for (const [i, number] of [10, 12, 4, 6, 8].entries()) metadata.writeInt16LE(number, 6 + 2 * i)
  metadata.writeInt32LE(14, 20)
  metadata.writeInt16LE(VERSION, 24)
  metadata.writeInt8(1, 26)
  metadata.writeInt32LE(HEAD_BYTES + schemaAt - 28, 28)
  footer.copy(metadata, HEAD_BYTES)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
