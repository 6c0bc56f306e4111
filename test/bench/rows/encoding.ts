import type { CorpusName } from '../corpora/corpora.ts'
import type { Inputs } from '../frame/inputs.ts'
import type { Prepared, Row } from '../frame/row.ts'
import { orSkipped, ours, prepared, python } from './sides.ts'

/** Encoding, with each word of a text new at its first occurrence; warm: all words are known. */
export const ENCODING_ROWS: readonly Row[] = [
  encoding('web', 12),
  encoding('books', 2.5),
  encoding('lines', 3),
  encoding('code', 9),
  encoding('unspaced', 2),
  {
    name: 'encode-bpe',
    about: 'encode, BPE',
    corpus: 'prose',
    of: 'text',
    seconds: 6,
    prepare: async inputs => await sides(inputs, 'prose', await inputs.bpeModel(), 'bpe')
  }
]

function encoding (corpus: CorpusName, seconds: number): Row {
  return {
    name: `encode-${corpus}`,
    about: 'encode, unigram',
    corpus,
    of: 'text',
    seconds,
    prepare: async inputs => await sides(inputs, corpus, inputs.tokenizer, 'unigram')
  }
}

async function sides (inputs: Inputs, corpus: CorpusName, model: string, type: string): Promise<Prepared> {
  const { path, textBytes } = await inputs.corpus(corpus)
  return prepared(
    textBytes,
    ours('encoding.encode', { path, model, isWarmWanted: true }),
    python(inputs, { package: 'sentencepiece' }, 'encode_sentencepiece', { path, model }),
    await orSkipped(async () => {
      const tokenizer = await inputs.tokenizerJson(model, type)
      return python(inputs, { package: 'tokenizers' }, 'encode_tokenizers', { path, tokenizer })
    })
  )
}
