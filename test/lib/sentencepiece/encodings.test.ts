import t from 'tap'
import { loadTokenizer } from '../../../lib/tokenizer.ts'
import { encodings, sameIds, sameText, shown } from '../../encodings.ts'
import { put, temporaryFolder } from '../../helpers.ts'

/** Its decoded text is to be rewritten, which sluice refuses to do. */
const REWRITES = 'back-rules'

const all = encodings()

t.test('ids and decoded text are SentencePiece\'s, for unigram models of every kind; ids also once more, in the other order', async t => {
  const folder = temporaryFolder(t)
  for (const { name, bytes, cases: make } of all) {
    const cases = make()
    const path = put(folder, `${name}.model`, bytes)
    const { encode, decode } = await loadTokenizer(path)
    const wrong: string[] = []
    for (const item of cases) {
      const ids = encode(item.text)
      if (!sameIds(ids, item.ids)) wrong.push(`encode ${shown(item.text)}: got ${ids.slice(0, 60).join()}, expected ${String(item.ids)}`)
      else if (name !== REWRITES && !sameText(decode(ids), item)) wrong.push(`decode ${shown(item.text)}: got ${shown(decode(ids))}`)
    }
    // By now the encoder has seen all texts, with whatever it keeps of them.
    for (const { text, ids } of cases.toReversed().filter(({ text }) => text.length < 20_000)) {
      if (!sameIds(encode(text), ids)) wrong.push(`encode again, backwards: ${shown(text)}`)
    }
    t.strictSame(wrong.slice(0, 5), [], `${name}: ${cases.length} texts, ${wrong.length} wrong`)
  }
})

t.test('a model whose decoded text is to be rewritten encodes, and says that it doesn\'t decode', async t => {
  const { bytes } = all.find(({ name }) => name === REWRITES)!
  const { encode, decode } = await loadTokenizer(put(temporaryFolder(t), 'a.model', bytes))
  const ids = encode('the water')
  t.ok(ids.length > 0)
  t.throws(() => decode(ids), { code: 'ERR_TOKENIZER', message: /denormalizer_spec/ })
})
