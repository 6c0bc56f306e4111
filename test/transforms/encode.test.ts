import { t } from '../tap.ts'
import type { Tokens } from '../../lib/document.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { encode, endOfSentence } from '../../transforms/encode.ts'
import { answers, doc, failure, fixture, through } from '../helpers.ts'

const MODEL = fixture('tiny.model')

t.test('ids are those of SentencePiece, followed by the end of sentence', async t => {
  const samples = answers().encoded.filter(({ model }) => model === 'tiny.model')
  const documents = samples.map(({ text }, i) => doc(`d${i}`, text, { i }))
  const stage = encode({ tokenizerPath: MODEL })
  const tokens = await through<Tokens>(documents, stage)
  t.strictSame(
    tokens.map(({ id, ids, meta }) => ({ id, ids: Array.from(ids), meta })),
    samples.map(({ ids }, i) => ({ id: `d${i}`, ids: [...ids, 2], meta: { i } }))
  )
  t.ok(tokens.every(({ ids }) => ids instanceof Int32Array))
  t.strictSame(stage.stats, { in: samples.length, out: samples.length, dropped: {} })
})

t.test('a loaded tokenizer can be passed', async t => {
  const tokens = await through<Tokens>([doc('a', '')], encode({ tokenizer: await loadTokenizer(MODEL) }))
  t.strictSame(tokens, [{ id: 'a', ids: Int32Array.of(2), meta: {} }])
})

t.test('the end of sentence is the given one, or the model\'s, or an error; never -1', async t => {
  const [tiny, noEos] = [await loadTokenizer(MODEL), await loadTokenizer(fixture('no-eos.model'))]
  t.equal(endOfSentence(tiny, -1), 2)
  t.equal(endOfSentence(tiny, 0), 0)
  t.equal(endOfSentence(tiny, 84), 84)
  t.equal(endOfSentence(noEos, 1), 1)
  t.throws(() => endOfSentence(noEos, -1), { code: 'ERR_TOKENIZER', message: /no EOS token.*--eos-id/ })
  t.throws(() => endOfSentence(tiny, 85), {
    code: 'ERR_TOKENIZER', message: /eos_id 85 is not in the vocabulary of 85 pieces, expected 0 to 84/
  })
  t.match(
    await failure(through([doc('a', 'x')], encode({ tokenizerPath: fixture('no-eos.model') }))),
    { code: 'ERR_TOKENIZER' }
  )
  t.strictSame(await through<Tokens>([doc('a', '')], encode({ tokenizerPath: fixture('no-eos.model'), eosId: 1 }))
    .then(([tokens]) => tokens!.ids), Int32Array.of(1))
})

t.test('a missing or wrong tokenizer is an error', async t => {
  t.throws(() => encode({}), { code: 'ERR_OPTION', message: /encode\.tokenizerPath/ })
  t.throws(() => encode({ tokenizerPath: MODEL, eosId: -2 }), { code: 'ERR_OPTION', message: /encode\.eosId/ })
  t.match(await failure(through([doc('a', 'x')], encode({ tokenizerPath: fixture('make.py') }))), {
    code: 'ERR_TOKENIZER', message: /make\.py: not a SentencePiece model/
  })
  t.match(
    await failure(through([], encode({ tokenizerPath: '/none.model' }))), { code: 'ERR_TOKENIZER' },
    'also without documents'
  )
})
