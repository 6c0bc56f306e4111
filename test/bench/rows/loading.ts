import type { Inputs } from '../frame/inputs.ts'
import type { Package } from '../frame/python.ts'
import type { Row } from '../frame/row.ts'
import { ours, prepared, python, withBars } from './sides.ts'

/** Loading tokenizers, with the modules that do it. */
export const LOADING_ROWS: readonly Row[] = [
  loading('cl100k', 0.5, 'tiktoken', async ({ models }) => await models.ranks('cl100k_base')),
  loading('o200k', 1, 'tiktoken', async ({ models }) => await models.ranks('o200k_base')),
  loading('unigram', 0.25, 'sentencepiece', async ({ tokenizer }) => await Promise.resolve(tokenizer)),
  loading('bpe', null, 'sentencepiece', async ({ models }) => await models.bpe()),
  loading('qwen3', null, 'tokenizers', async ({ models }) => await models.tokenizerJson('qwen3'))
]

/** @param wanted seconds of CPU time, at most; null: a figure to know */
function loading (
  name: string, wanted: number | null, rival: Package, modelOf: (inputs: Inputs) => Promise<string>
): Row {
  return {
    name: `encode-load-${name}`,
    about: `load, ${name}`,
    corpus: null,
    of: null,
    seconds: 2,
    isNamedOnly: true,
    async prepare (inputs) {
      const model = await modelOf(inputs)
      const bars = wanted === null ? [] : [{ of: 'seconds', wanted } as const]
      return prepared(
        null,
        withBars(ours('encoding.load', { model }), ...bars),
        python(inputs, { package: rival }, 'load', { encoder: rival, model })
      )
    }
  }
}
