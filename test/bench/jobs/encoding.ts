import type { Job, PathGiven } from './job.ts'
import { documentsOf } from './texts.ts'

interface EncodeGiven extends PathGiven {
  readonly model: string
}

/** Encodes texts one by one, like the stage `encode`. */
export const encode: Job<EncodeGiven> = async ({ path, model }) => {
  const { loadTokenizer } = await import('../../../lib/tokenizer/tokenizer.ts')
  const { encode } = await loadTokenizer(model)
  const documents = documentsOf(path)
  return () => documents.reduce((ids, { text }) => ids + encode(text).length, 0)
}
