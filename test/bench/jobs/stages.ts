import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Tokens } from '../../../lib/document.ts'
import { Feed, take } from '../feed.ts'
import type { Job, PathGiven, Run } from './job.ts'
import { documentsOf } from './texts.ts'

const SEQUENCE_LENGTH = 2048
/** Characters of text per token, so that the tokens have a realistic length. */
const BYTES_PER_ID = 4
const VOCABULARY = 32_000
const EOS = 2

export const normalize: Job<PathGiven> = async ({ path }) => {
  const { normalize } = await import('../../../transforms/normalize.ts')
  return through(documentsOf(path), () => normalize())
}

export const length: Job<PathGiven> = async ({ path }) => {
  const { length } = await import('../../../transforms/length.ts')
  return through(documentsOf(path), () => length({ minChars: 200, maxChars: 100_000 }))
}

export const language: Job<PathGiven & { readonly detector: 'cld3' | 'fasttext' }> = async ({ path, detector }) => {
  const { language } = await import('../../../transforms/language.ts')
  return through(documentsOf(path), () => language({ detector, keep: 'any' }))
}

export const dedup: Job<PathGiven> = async ({ path }) => {
  const { dedup } = await import('../../../transforms/dedup.ts')
  return through(documentsOf(path), () => dedup())
}

export const pack: Job<PathGiven> = async ({ path }) => {
  const { pack } = await import('../../../transforms/pack.ts')
  const tokens = documentsOf(path).map(({ id, text }): Tokens => {
    const ids = idsOf(Math.ceil(text.length / BYTES_PER_ID) + 1)
    ids[ids.length - 1] = EOS
    return { id, ids, meta: {} }
  })
  return through(tokens, () => pack({ seqLen: SEQUENCE_LENGTH }))
}

export const npy: Job<{ readonly folder: string, readonly sequences: number }> = async ({ folder, sequences }) => {
  const { npySink } = await import('../../../sinks/npy.ts')
  const items = Array.from({ length: sequences }, () => idsOf(SEQUENCE_LENGTH))
  return async () => {
    await pipeline(new Feed(items), npySink(folder))
    return sequences
  }
}

function idsOf (length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => EOS + 1 + i % (VOCABULARY - EOS - 1))
}

function through (items: readonly unknown[], make: () => Transform): Run {
  return async () => {
    let count = 0
    await pipeline(new Feed(items), make(), take(() => { count++ }))
    return count
  }
}
