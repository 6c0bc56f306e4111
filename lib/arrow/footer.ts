import { FlatTable } from './flat-table.ts'
import { checkSchema } from './metadata.ts'

/** The position of a message, from the file's footer. */
export interface Block {
  readonly offset: number
  /** Bytes of the metadata, including the length before it and the padding after it. The body follows. */
  readonly metadataBytes: number
  readonly bodyBytes: number
}

/** The footer of a file (File.fbs of Apache Arrow). */
export interface FileFooter {
  /** The schema, as a message of the stream format. */
  readonly schema: Uint8Array
  readonly dictionaries: readonly Block[]
  readonly records: readonly Block[]
}

const BLOCK_BYTES = 24

/** Bytes of a message's metadata before its header: the table's offset, the table's layout (vtable), and the table. */
const HEAD_BYTES = 32

/** MetadataVersion V5. A schema is the same in V4. */
const VERSION = 4

/** @throws Error when the footer is damaged, or its schema isn't supported */
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
 * Creates a schema message from the footer's schema. Some writers (Polars from 2.0 on, apache-arrow for JavaScript)
 * don't store the schema anywhere else. All offsets in FlatBuffers are relative, so the footer's bytes are used
 * unchanged.
 */
function schemaMessage (footer: Buffer, schemaAt: number): Uint8Array {
  const padded = Math.ceil(footer.length / 8) * 8
  const bytes = Buffer.alloc(8 + HEAD_BYTES + padded)
  bytes.writeUInt32LE(0xffffffff, 0)
  bytes.writeUInt32LE(HEAD_BYTES + padded, 4)
  const metadata = bytes.subarray(8)
  metadata.writeInt32LE(20, 0) // the table
  // The vtable: its own length, the table's length, and the positions of version, type and header in the table.
  for (const [i, number] of [10, 12, 4, 6, 8].entries()) metadata.writeInt16LE(number, 6 + 2 * i)
  metadata.writeInt32LE(14, 20)
  metadata.writeInt16LE(VERSION, 24)
  metadata.writeInt8(1, 26)
  metadata.writeInt32LE(HEAD_BYTES + schemaAt - 28, 28)
  footer.copy(metadata, HEAD_BYTES)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
