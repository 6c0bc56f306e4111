import { t } from '../../tap.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { UnigramEncoder } from '../../../lib/sentencepiece/unigram-encoder.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { encodings, recentEncodings, sameIds, sameText, shown } from '../../encodings.ts'
import { howMany, isThorough, put, temporaryFolder } from '../../helpers.ts'

const all = encodings()

/** For each model every n-th text is used, with another start, so that all texts are covered. */
const TEXTS_EACH = howMany(100, 1)

const isTaken = (place: number, model: number): boolean => place % TEXTS_EACH === model % TEXTS_EACH

/** Without a word table, which is several times slower, only every n-th text, and those that differ. */
const PLAINLY_EACH = 5

t.test('ids and decoded text are SentencePiece\'s, for unigram models of every kind; ' +
  'ids also once more, in the other order', async t => {
  const folder = temporaryFolder(t)
  for (const [model, { name, bytes, cases: make }] of all.entries()) {
    if (!isThorough() && model % 2 === 1) continue
    const cases = make().filter((_, place) => isTaken(place, model))
    const path = put(folder, `${name}.model`, bytes)
    const { encode, decode } = await loadTokenizer(path)
    const wrong: string[] = []
    for (const item of cases) {
      const ids = encode(item.text)
      if (!sameIds(ids, item.ids)) {
        wrong.push(`encode ${shown(item.text)}: got ${ids.slice(0, 60).join()}, ` +
        `expected ${String(item.ids)}`)
      } else if (!sameText(decode(ids), item)) wrong.push(`decode ${shown(item.text)}: got ${shown(decode(ids))}`)
    }
    // By now the encoder has seen all texts and cached their words.
    for (const { text, ids } of cases.toReversed().filter(({ text }) => text.length < 5000)) {
      if (!sameIds(encode(text), ids)) wrong.push(`encode again, backwards: ${shown(text)}`)
    }
    t.strictSame(wrong.slice(0, 5), [], `${name}: ${cases.length} texts, ${wrong.length} wrong`)
  }
})

t.test('with version 0.2.2 set, ids are those of SentencePiece 0.2.2, with and without a word table', async t => {
  const changed = recentEncodings()
  for (const [model, { name, bytes, cases: make }] of all.entries()) {
    if (!isThorough() && model % 2 === 0) continue
    const encoder = new UnigramEncoder(readModel(bytes, name), { version: '0.2.2' })
    const cases = make()
    const wrong = cases.filter((item, place) => {
      if (!isTaken(place, model)) return false
      const { text, ids } = item
      const expected = changed[name]![place] ?? ids
      const ways = changed[name]![place] !== undefined || place % PLAINLY_EACH === 0
        ? ['append', 'appendPlainly'] as const
        : ['append'] as const
      return ways.some(how => !sameIds(encoded(encoder, how, text), expected))
    })
    t.strictSame(
      wrong.slice(0, 5).map(({ text }) => shown(text)),
      [],
      `${name}: ${Object.keys(changed[name]!).length} texts of ${cases.length} differ between the versions`
    )
  }
})

function encoded (encoder: UnigramEncoder, how: 'append' | 'appendPlainly', text: string): Int32Array {
  const ids = new IdBuffer()
  encoder[how](text, ids)
  return ids.copy()
}
