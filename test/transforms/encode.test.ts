import { t } from '../tap.ts'
import type { Tokens } from '../../lib/document.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { boundariesOf, encode } from '../../transforms/encode.ts'
import { answers, doc, failure, fixture, through } from '../helpers.ts'

const MODEL = fixture('tiny.model')

t.test('ids are SentencePiece\'s, with the end of sentence behind them', async t => {
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

t.test('a tokenizer that is loaded already can be given', async t => {
  const tokens = await through<Tokens>([doc('a', '')], encode({ tokenizer: await loadTokenizer(MODEL) }))
  t.strictSame(tokens, [{ id: 'a', ids: Int32Array.of(2), meta: {} }])
})

t.test('the end of sentence: asked for, the model\'s own, or an error; never -1', async t => {
  const [tiny, noEos] = [await loadTokenizer(MODEL), await loadTokenizer(fixture('no-eos.model'))]
  t.strictSame(boundariesOf(tiny, { eosId: -1 }), { bosId: -1, eosId: 2 })
  t.strictSame(boundariesOf(tiny, { eosId: 0 }), { bosId: -1, eosId: 0 })
  t.strictSame(boundariesOf(tiny, { eosId: 84 }), { bosId: -1, eosId: 84 })
  t.strictSame(boundariesOf(noEos, { eosId: 1 }), { bosId: -1, eosId: 1 })
  t.throws(() => boundariesOf(noEos, { eosId: -1 }), { code: 'ERR_TOKENIZER', message: /no EOS token.*--eos-id/ })
  t.throws(() => boundariesOf(tiny, { eosId: 85 }), {
    code: 'ERR_TOKENIZER', message: /eos_id 85 is not in the vocabulary of 85 pieces, expected 0 to 84/
  })
  t.match(
    await failure(through([doc('a', 'x')], encode({ tokenizerPath: fixture('no-eos.model') }))),
    { code: 'ERR_TOKENIZER' }
  )
  t.strictSame(await through<Tokens>([doc('a', '')], encode({ tokenizerPath: fixture('no-eos.model'), eosId: 1 }))
    .then(([tokens]) => tokens!.ids), Int32Array.of(1))
})

t.test('without a tokenizer, or with a wrong one', async t => {
  t.throws(() => encode({}), { code: 'ERR_OPTION', message: /encode\.tokenizerPath/ })
  t.throws(() => encode({ tokenizerPath: MODEL, eosId: -2 }), { code: 'ERR_OPTION', message: /encode\.eosId/ })
  t.match(await failure(through([doc('a', 'x')], encode({ tokenizerPath: fixture('make.py') }))), {
    code: 'ERR_TOKENIZER', message: /make\.py: not a SentencePiece model/
  })
  t.match(
    await failure(through([], encode({ tokenizerPath: '/none.model' }))), { code: 'ERR_TOKENIZER' },
    'told even where there is nothing to encode'
  )
})
