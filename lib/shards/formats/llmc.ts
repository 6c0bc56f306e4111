import type { Dtype } from '../npy.ts'
import { type FlatFormat, numbered } from './format.ts'

/** The header is 256 numbers of type int32. */
const HEADER_BYTES = 1024

/** Llama 3 has 128,000 pieces and 256 special tokens. */
const LLAMA3 = { min: 128_000, max: 128_256 }

/** Magic number and version, by the type of the ids. */
const KINDS: Readonly<Partial<Record<Dtype, readonly [number, number]>>> = {
  uint16: [20240520, 1],
  uint32: [20240801, 7] // only Llama 3
}

/**
 * The files of llm.c: a header, then the ids. Documents are separated by their tokens only.
 *
 * @see https://github.com/karpathy/llm.c/blob/master/dev/data/data_common.py
 */
export const llmc: FlatFormat = {
  name: 'llmc',
  kind: 'flat',
  readBy: 'llm.c and modded-nanogpt',
  fileName: numbered('bin'),
  maxTokens: 2 ** 31 - 1,
  limit: 'it holds ids up to 65535, or those of Llama 3',
  dtypesFor: vocabSize => vocabSize <= 2 ** 16
    ? ['uint16']
    : vocabSize >= LLAMA3.min && vocabSize <= LLAMA3.max ? ['uint32'] : [],
  header (dtype, tokens) {
    const header = Buffer.alloc(HEADER_BYTES)
    const [magic, version] = KINDS[dtype]!
    for (const [i, number] of [magic, version, tokens].entries()) header.writeInt32LE(number, 4 * i)
    return header
  },
  index: null
}
