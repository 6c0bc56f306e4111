import { stat } from 'node:fs/promises'
import { SluiceError } from '../../errors.ts'
import { MDS_LIST } from '../names.ts'
import { type Dtype, bytesPerId } from '../npy.ts'
import type { FormatShard, RowFormat, Rows, StoredRows } from './format.ts'
import { readBlocks, readRange } from './read-file.ts'

/** Offsets in a file are numbers of four bytes. */
const MAX_FILE_BYTES = 2 ** 32 - 1
/** For offsets and the header. */
const SPARE_BYTES = 2 ** 27

/**
 * The shards of MosaicML Streaming, with one column, `tokens`; `index.json` lists them.
 *
 * @see https://github.com/mosaicml/streaming/blob/main/streaming/base/format/mds/writer.py
 */
export const mds: RowFormat = {
  name: 'mds',
  kind: 'rows',
  readBy: 'MosaicML Streaming and LLM Foundry',
  fileName: index => `shard.${String(index).padStart(5, '0')}.mds`,
  maxBytes: MAX_FILE_BYTES - SPARE_BYTES,
  dtypesFor: vocabSize => vocabSize <= 2 ** 16 ? ['int32', 'uint16', 'uint32'] : ['int32', 'uint32'],
  write,
  read,
  list: { file: MDS_LIST, content: listOf }
}

/** What precedes the ids of each sample: their size with the array's shape, and the shape. */
function sampleHead ({ dtype, columns }: Omit<Rows, 'rows'>): Buffer {
  const power = columns < 2 ** 8 ? 0 : columns < 2 ** 16 ? 1 : 2 // the shape is an uint8, uint16 or uint32
  const head = Buffer.alloc(5 + 2 ** power)
  head.writeUInt32LE(1 + 2 ** power + columns * bytesPerId(dtype))
  head[4] = 1 << 2 | power // one dimension
  head.writeUIntLE(columns, 5, 2 ** power)
  return head
}

/** The fields of a shard that depend on the type of the ids only. */
function config (dtype: Dtype) {
  return {
    column_encodings: [`ndarray:${dtype}`],
    column_names: ['tokens'],
    column_sizes: [null],
    compression: null,
    format: 'mds',
    hashes: [],
    size_limit: null,
    version: 2
  }
}

function header (shape: Rows): Buffer {
  const json = Buffer.from(pythonJson(config(shape.dtype)))
  const words = Buffer.alloc(4 * (shape.rows + 2))
  const first = words.length + json.length
  const sampleBytes = sampleHead(shape).length + shape.columns * bytesPerId(shape.dtype)
  words.writeUInt32LE(shape.rows)
  for (let i = 0; i <= shape.rows; i++) words.writeUInt32LE(first + i * sampleBytes, 4 * (i + 1))
  return Buffer.concat([words, json])
}

async function * write (rows: StoredRows): AsyncGenerator<Buffer> {
  yield header(rows)
  const head = sampleHead(rows)
  const rowBytes = rows.columns * bytesPerId(rows.dtype)
  for await (const block of rows.blocks()) {
    const parts: Buffer[] = []
    for (let at = 0; at < block.length; at += rowBytes) parts.push(head, block.subarray(at, at + rowBytes))
    yield Buffer.concat(parts)
  }
}

async function * read (path: string, shape: Omit<Rows, 'rows'>): AsyncGenerator<Buffer> {
  const head = sampleHead(shape)
  const rowBytes = shape.columns * bytesPerId(shape.dtype)
  const sampleBytes = head.length + rowBytes
  const start = await readRange(path, 0, 4)
  const rows = start.length < 4 ? 0 : start.readUInt32LE()
  const size = 4 * (rows + 2) + pythonJson(config(shape.dtype)).length + rows * sampleBytes
  const { size: found } = await stat(path)
  if (found !== size) {
    throw new SluiceError('ERR_SHARD', `${path}: has ${found} bytes, expected ${size} for ${rows} samples of ` +
      `${shape.columns} ids of ${shape.dtype}`)
  }
  const expected = header({ ...shape, rows })
  if (!(await readRange(path, 0, expected.length)).equals(expected)) {
    throw new SluiceError('ERR_SHARD', `${path}: has another header, expected ${pythonJson(config(shape.dtype))}`)
  }
  const step = sampleBytes * Math.max(1, Math.floor(2 ** 20 / sampleBytes))
  for await (const block of readBlocks(path, { from: expected.length, step })) {
    const parts: Buffer[] = []
    for (let at = 0; at < block.length; at += sampleBytes) {
      if (!block.subarray(at, at + head.length).equals(head)) {
        throw new SluiceError('ERR_SHARD', `${path}: has a sample of another size, expected ${shape.columns} ids`)
      }
      parts.push(block.subarray(at + head.length, at + sampleBytes))
    }
    yield Buffer.concat(parts)
  }
}

function listOf (shards: readonly FormatShard[], { dtype }: Omit<Rows, 'rows'>): string {
  const entries = shards.map(({ file, bytes, sequences }) => ({
    ...config(dtype), raw_data: { basename: file, bytes, hashes: {} }, samples: sequences, zip_data: null
  }))
  return pythonJson({ shards: entries, version: 2 })
}

/** JSON as Python's `json.dumps(value, sort_keys=True)` writes it, for the values of this format. */
function pythonJson (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item)}`).join(', ')}}`
}
