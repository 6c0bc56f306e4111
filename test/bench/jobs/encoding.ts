import { createHash } from 'node:crypto'
import type { EncodePath } from '../frame/row.ts'
import type { Job, PathGiven } from './job.ts'
import { documentsOf } from './texts.ts'

interface EncodeGiven extends PathGiven {
  readonly model: string
}

/** Encodes texts one by one into an array each, as the stage `encode` does. */
export const encode: Job<EncodeGiven> = async ({ path, model }) => {
  const { loadTokenizer } = await import('../../../lib/tokenizer/tokenizer.ts')
  const tokenizer = await loadTokenizer(model)
  const documents = documentsOf(path)
  return () => {
    const ids = documents.map(({ text }) => tokenizer.encode(text))
    const count = ids.reduce((sum, { length }) => sum + length, 0)
    return { count, digest: () => digestOf(ids), path: pathOf(tokenizer) }
  }
}

/** Loads a tokenizer, with its modules. */
export const load: Job<Pick<EncodeGiven, 'model'>> = async ({ model }) => await Promise.resolve(async () => {
  const { loadTokenizer } = await import('../../../lib/tokenizer/tokenizer.ts')
  const tokenizer = await loadTokenizer(model)
  return { count: tokenizer.vocabSize, path: pathOf(tokenizer) }
})

/** Over the number of ids of each text and its ids, as `rivals.py` does it. */
function digestOf (texts: readonly Int32Array[]): string {
  const hash = createHash('sha256')
  for (const ids of texts) hash.update(Int32Array.of(ids.length)).update(ids)
  return hash.digest('hex')
}

/** A tokenizer that uses a kernel shares tables. Earlier releases have no kernel: they share words, or nothing. */
function pathOf (tokenizer: { readonly shared?: unknown }): EncodePath {
  const { kind } = (tokenizer.shared ?? {}) as { readonly kind?: string }
  return kind === undefined || kind === 'words' ? 'plain' : 'kernel'
}
