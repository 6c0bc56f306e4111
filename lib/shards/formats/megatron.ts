import { SluiceError } from '../../errors.ts'
import { type Dtype, bytesPerId } from '../npy.ts'
import { type Ends, type FlatFormat, numbered } from './format.ts'
import { readRange, readWords } from './read-file.ts'

const MAGIC = Buffer.from('MMIDIDX\0\0', 'latin1')
const HEADER_BYTES = MAGIC.length + 8 + 1 + 8 + 8

/** The codes of types in the index. */
const CODES: Readonly<Partial<Record<Dtype, number>>> = { int32: 4, uint16: 8 }

/** Megatron stores larger vocabularies as int32. */
const UINT16_BELOW = 65_500

/**
 * The indexed dataset of Megatron-LM: `.bin` has the ids, `.idx` the length and the place of each document.
 *
 * @see https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/core/datasets/indexed_dataset.py
 */
export const megatron: FlatFormat = {
  name: 'megatron',
  kind: 'flat',
  readBy: 'Megatron-LM and NeMo',
  fileName: numbered('bin'),
  maxTokens: 2 ** 31 - 1,
  dtypesFor: vocabSize => vocabSize < UINT16_BELOW
    ? ['uint16', 'int32']
    : vocabSize <= 2 ** 16 ? ['int32', 'uint16'] : ['int32'],
  header: () => Buffer.alloc(0),
  index: { fileName: numbered('idx'), write, read }
}

/** Each document is a sequence of the index; it has no other sequences. */
async function * write (ends: Ends): AsyncGenerator<Buffer> {
  const { count, dtype } = ends
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeBigUInt64LE(1n, 9) // version
  header[17] = CODES[dtype]!
  header.writeBigUInt64LE(BigInt(count), 18)
  header.writeBigUInt64LE(BigInt(count + 1), 26)
  yield header
  for await (const { block, begins } of withBegins(ends)) {
    yield bytesOf(Int32Array.from(block, (end, i) => end - begins[i]!))
  }
  const idBytes = bytesPerId(dtype)
  for await (const { begins } of withBegins(ends)) yield bytesOf(BigInt64Array.from(begins, n => BigInt(n * idBytes)))
  let documents = 0
  yield bytesOf(BigInt64Array.of(0n))
  for await (const block of ends.blocks()) {
    yield bytesOf(BigInt64Array.from(block, () => BigInt(++documents)))
  }
}

/** The ends with the begins of the same documents. */
async function * withBegins (ends: Ends): AsyncGenerator<{ readonly block: Uint32Array, readonly begins: number[] }> {
  let last = 0
  for await (const block of ends.blocks()) {
    const begins = [last, ...block.subarray(0, -1)]
    last = block.at(-1)!
    yield { block, begins }
  }
}

async function * read (path: string): AsyncGenerator<Uint32Array> {
  const header = await readRange(path, 0, HEADER_BYTES)
  if (!header.subarray(0, MAGIC.length).equals(MAGIC) || header.length < HEADER_BYTES) {
    throw new SluiceError('ERR_SHARD', `${path}: is not an index of Megatron-LM, which begins with MMIDIDX`)
  }
  const count = Number(header.readBigUInt64LE(18))
  let end = 0
  for await (const lengths of readWords(path, { from: HEADER_BYTES, to: HEADER_BYTES + 4 * count })) {
    yield lengths.map(length => (end += length))
  }
}

function bytesOf ({ buffer, byteOffset, byteLength }: Int32Array | BigInt64Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
