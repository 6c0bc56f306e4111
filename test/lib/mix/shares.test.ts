import { t } from '../../tap.ts'
import { type Quota, type Source, checkShares, quotasOf } from '../../../lib/mix/shares.ts'

function source (name: string, share: number | null, tokens: number, maxEpochs: number | null = null): Source {
  return { name, share, tokens, maxEpochs }
}

const tokensOf = (quotas: readonly Quota[]): number[] => quotas.map(({ tokens }) => tokens)

t.test('a budget is divided by the shares, however large the sources are', async t => {
  const quotas = quotasOf([source('web', 0.6, 1000), source('books', 0.4, 100_000)], { tokens: 5000 })
  t.strictSame(quotas, [
    { name: 'web', tokens: 3000, epochs: 3, share: 0.6, isCapped: false },
    { name: 'books', tokens: 2000, epochs: 0.02, share: 0.4, isCapped: false }
  ])
})

t.test('a source gives at most the tokens of its epochs; the others share the rest in proportion', async t => {
  const sources = [source('web', 0.4, 1e6), source('wiki', 0.2, 1e6), source('code', 0.4, 1000, 2)]
  const quotas = quotasOf(sources, { tokens: 62_000 })
  t.strictSame(tokensOf(quotas), [40_000, 20_000, 2000])
  t.strictSame(quotas.map(({ isCapped }) => isCapped), [false, false, true])
  t.equal(quotas[2]!.epochs, 2)
})

t.test('what a capped source leaves may cap another one', async t => {
  const sources = [source('a', 0.5, 100, 1), source('b', 0.3, 400, 1), source('c', 0.2, 1e6, 1)]
  t.strictSame(tokensOf(quotasOf(sources, { tokens: 1000 })), [100, 400, 500])
})

t.test('caps that are reached exactly are enough, and a token more is refused with what each source gives', async t => {
  const sources = [source('a', 0.5, 100, 1), source('b', 0.5, 50, 4)]
  t.strictSame(tokensOf(quotasOf(sources, { tokens: 300 })), [100, 200])
  t.throws(() => quotasOf(sources, { tokens: 301 }), {
    code: 'ERR_OPTION',
    message: 'mixture.tokens: 301 are more than the sources give in their epochs, at most 300 ' +
      '(a: 100 tokens, 1 epochs; b: 50 tokens, 4 epochs); ask for fewer tokens, or raise max_epochs'
  })
})

t.test('an empty source gives nothing, and a share of 0 takes nothing', async t => {
  t.strictSame(tokensOf(quotasOf([source('a', 0.5, 0), source('b', 0.5, 10)], { tokens: 10 })), [0, 10])
  t.strictSame(tokensOf(quotasOf([source('a', 0, 10), source('b', 1, 10)], { tokens: 10 })), [0, 10])
  t.throws(() => quotasOf([source('a', 1, 0)], { tokens: 1 }), { code: 'ERR_OPTION' })
})

t.test('without shares, a source counts as much as it has', async t => {
  const sources = [source('a', null, 300), source('b', null, 100)]
  t.strictSame(tokensOf(quotasOf(sources, { epochs: 1 })), [300, 100])
  t.strictSame(tokensOf(quotasOf(sources, { epochs: 2.5 })), [750, 250])
  t.strictSame(tokensOf(quotasOf(sources, { tokens: 40 })), [30, 10])
})

t.test('with epochs and shares, the mixture is as large as the smallest source allows', async t => {
  const sources = [source('a', 0.5, 1000), source('b', 0.5, 100)]
  t.strictSame(tokensOf(quotasOf(sources, { epochs: 1 })), [100, 100])
  t.strictSame(tokensOf(quotasOf(sources, { epochs: 3 })), [300, 300])
  t.strictSame(tokensOf(quotasOf([sources[0]!, source('b', 0.5, 100, 2)], { epochs: 3 })), [200, 200])
})

t.test('shares sum to 1', async t => {
  t.doesNotThrow(() => { checkShares({ web: 0.4, wikipedia: 0.2, c4: 0.15, redpajama: 0.15, code: 0.1 }) })
  t.throws(() => { checkShares({ web: 0.4, code: 0.5 }) }, {
    code: 'ERR_OPTION',
    message: 'mixture.sources: the shares sum to 90.0 %, expected 1 (web 0.4, code 0.5)'
  })
})
