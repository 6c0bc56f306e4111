/** Ids and decoded text, by the kernel and the plain path, against those of Hugging Face's tokenizers. */
import { PiecesDecoder } from '../../../../lib/tokenizer/pieces/decoder.ts'
import { type PiecesEncoder, piecesEncoder, plainPieces } from '../../../../lib/tokenizer/pieces/encoder.ts'
import { howMany } from '../../../helpers.ts'
import { t } from '../../../tap.ts'
import { FAMILIES, RECORDED, hashOf, idsOf, piecesFile, piecesModel } from './fixtures.ts'

/** Those that the kernel encodes. */
const BY_KERNEL = ['llama2', 'mistral', 'phi3', 'gemma', 'codellama', 'fused']

/** The plain path is slow: `npm test` takes each of so many texts. */
const EVERY = howMany(32, 1)

for (const family of FAMILIES) {
  t.test(`${family}: the ids of all texts, and the text of the ids`, async t => {
    const { hashes } = RECORDED.families[family]!
    const model = piecesModel(piecesFile(family))
    const encoders: PiecesEncoder[] = [piecesEncoder(model, 'encode')]
    if (model.algorithm.type === 'bpe') {
      t.equal(encoders[0]!.shared !== undefined, BY_KERNEL.includes(family), 'whether the kernel encodes')
      encoders.push(plainPieces(model, 'encode'))
    }
    const decoder = new PiecesDecoder(model, family)
    const wrong: unknown[] = []
    for (const [path, encoder] of encoders.entries()) {
      for (const [i, text] of RECORDED.texts.entries()) {
        if (path > 0 && i % EVERY !== 0) continue
        const ids = idsOf(encoder, text)
        const decoded = decoder.decode(ids)
        if (hashOf(ids, decoded) !== hashes[i]) wrong.push({ text, ids, decoded })
        if (decodedInParts(decoder, ids) !== decoded) wrong.push({ text, ids, decoded, isInParts: true })
      }
    }
    t.strictSame(wrong.slice(0, 3), [])
  })
}

function decodedInParts (decoder: PiecesDecoder, ids: readonly number[]): string {
  const decoding = decoder.decoding()
  const parts = ids.map((id, i) => {
    decoding.add(id)
    return i % 3 === 0 ? decoding.take() : ''
  })
  return parts.join('') + decoding.end()
}

t.test('tokenizers with any settings: the same ids and text, or a named error', async t => {
  const wrong: unknown[] = []
  const refused: string[] = []
  for (const { file, texts, ids, decoded } of RECORDED.random.filter((_, i) => i % howMany(8, 1) === 0)) {
    try {
      const model = piecesModel(file)
      const decoder = new PiecesDecoder(model, 'random')
      for (const encoder of [piecesEncoder(model, 'encode'), plainPieces(model, 'encode')]) {
        for (const [i, text] of texts.entries()) {
          const [got, shown] = [idsOf(encoder, text), decoder.decode(ids[i]!)]
          if (got.join() !== ids[i]!.join()) wrong.push({ ...settingsOf(file), text, got, expected: ids[i] })
          if (shown !== decoded[i]) wrong.push({ decoder: file.decoder, ids: ids[i], shown, expected: decoded[i] })
          if (!decoder.rewrites) t.equal(decodedInParts(decoder, ids[i]!), shown)
        }
      }
    } catch (error) {
      refused.push((error as Error).message)
    }
  }
  t.strictSame(wrong.slice(0, 3), [])
  t.strictSame(refused.filter(message => !/prepend_scheme "first"|after normalization, as is/.test(message)), [])
  t.ok(refused.length < RECORDED.random.length / 4, `${refused.length} of ${RECORDED.random.length} are refused`)
})

function settingsOf ({ normalizer, pre_tokenizer: preTokenizer, added_tokens: added }: object & {
  readonly [key: string]: unknown
}): object {
  return { normalizer, preTokenizer, added }
}
