import type { CorpusName } from '../corpora/corpora.ts'
import type { Inputs } from '../frame/inputs.ts'
import type { Package } from '../frame/python.ts'
import type { Bar, Prepared, Row } from '../frame/row.ts'
import { type MaybeSide, orSkipped, ours, prepared, python, withBars } from './sides.ts'

/** Loads or makes a model. @throws Missing */
type ModelOf = (inputs: Inputs) => Promise<string>

const unigram: ModelOf = async inputs => await Promise.resolve(inputs.tokenizer)
const bpe: ModelOf = async inputs => await inputs.models.bpe()
const largeUnigram: ModelOf = async inputs => await inputs.models.largeUnigram()
const cl100k: ModelOf = async inputs => await inputs.models.ranks('cl100k_base')
const qwen3: ModelOf = async inputs => await inputs.models.tokenizerJson('qwen3')

/** Encoding, with each word of a text new at its first occurrence; warm: all words are known. */
export const ENCODING_ROWS: readonly Row[] = [
  encoding('web', 'unigram', 'web', unigram, 12, [sentencePiece({ of: 'cold', wanted: 3 }), converted]),
  encoding('books', 'unigram', 'books', unigram, 2.5, [sentencePiece({ of: 'cold', wanted: 2 }), converted]),
  encoding('lines', 'unigram', 'lines', unigram, 3, [sentencePiece({ of: 'cold', wanted: 1.5 }), converted]),
  encoding('code', 'unigram', 'code', unigram, 9, [sentencePiece({ of: 'cold', wanted: 2.25 }), converted]),
  encoding('unspaced', 'unigram', 'unspaced', unigram, 2, [sentencePiece({ of: 'cold', wanted: 1.75 }), converted]),
  encoding('bpe', 'BPE', 'prose', bpe, 6, [sentencePiece(), converted]),
  encoding('cl100k', 'cl100k', 'web', cl100k, 7, [
    rival('tiktoken', { of: 'cold', wanted: 3 }, { of: 'warm', wanted: 4 }),
    rival('gigatoken', { of: 'cold', wanted: 1.3 })
  ]),
  namedOnly(encoding('cl100k-lines', 'cl100k', 'lines', cl100k, 4, [rival('tiktoken', { of: 'cold', wanted: 2 })])),
  namedOnly(encoding('qwen3', 'Qwen 3', 'web', qwen3, 18, [rival('tokenizers', { of: 'cold', wanted: 15 })])),
  namedOnly(encoding('bpe-web', 'BPE', 'web', bpe, 6, [sentencePiece({ of: 'cold', wanted: 5 })])),
  namedOnly(encoding('bpe-unspaced', 'BPE', 'unspaced', bpe, 2, [sentencePiece({ of: 'cold', wanted: 1 })])),
  namedOnly(encoding('unigram-250k', 'unigram, 250,000 pieces', 'lines', largeUnigram, 4, [
    sentencePiece({ of: 'cold', wanted: 1.25 })
  ])),
  unbroken('unbroken', 'no white space', 'unbroken'),
  unbroken('letter', 'one letter', 'letter')
]

/** A side that has the same model and text. */
type SideOf = (inputs: Inputs, given: Given) => MaybeSide | Promise<MaybeSide>

interface Given {
  readonly path: string
  readonly model: string
}

function encoding (
  name: string, about: string, corpus: CorpusName, modelOf: ModelOf, seconds: number, others: readonly SideOf[]
): Row {
  return {
    name: `encode-${name}`,
    about: `encode, ${about}`,
    corpus,
    of: 'text',
    seconds,
    async prepare (inputs): Promise<Prepared> {
      const model = await modelOf(inputs)
      const { path, textBytes } = await inputs.corpus(corpus)
      const sides = others.map(async sideOf => await sideOf(inputs, { path, model }))
      return prepared(
        textBytes,
        ours('encoding.encode', { path, model, isWarmWanted: true }),
        ...await Promise.all(sides)
      )
    }
  }
}

/** A package for Python that reads the same model. */
function rival (name: Package, ...bars: readonly Bar[]): SideOf {
  const isWarmWanted = bars.some(({ of }) => of === 'warm')
  return (inputs, given) =>
    withBars(python(inputs, { package: name }, 'encode', { encoder: name, ...given, isWarmWanted }), ...bars)
}

function sentencePiece (...bars: readonly Bar[]): SideOf {
  return rival('sentencepiece', ...bars)
}

/** Hugging Face's tokenizers, with a model of SentencePiece as transformers converts it: not all ids are the same. */
async function converted (inputs: Inputs, { path, model }: Given): Promise<MaybeSide> {
  return await orSkipped(async () =>
    await rival('tokenizers')(inputs, { path, model: await inputs.models.converted(model) }))
}

function namedOnly (row: Row): Row {
  return { ...row, isNamedOnly: true }
}

/** A text of 300 kB without a space, with each kind of model. */
function unbroken (name: string, about: string, corpus: CorpusName): Row {
  const models: ReadonlyArray<readonly [string, ModelOf]> = [
    ['unigram', unigram],
    ['unigram, 250,000 pieces', largeUnigram],
    ['BPE', bpe],
    ['cl100k', cl100k],
    ['o200k', async inputs => await inputs.models.ranks('o200k_base')],
    ['Qwen 3', qwen3],
    ['Llama 3', async inputs => await inputs.models.tokenizerJson('llama3')]
  ]
  return {
    name: `encode-${name}`,
    about: `encode, ${about}`,
    corpus,
    of: 'text',
    seconds: 8,
    isNamedOnly: true,
    async prepare (inputs): Promise<Prepared> {
      const { path, textBytes } = await inputs.corpus(corpus)
      const sides = models.map(async ([name, modelOf]) => await orSkipped(async () => withBars(
        ours('encoding.encode', { path, model: await modelOf(inputs) }, name), { of: 'seconds', wanted: 0.5 }
      )))
      return prepared(textBytes, ...await Promise.all(sides))
    }
  }
}
