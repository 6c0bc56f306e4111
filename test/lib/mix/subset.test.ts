import { t } from '../../tap.ts'
import { type Candidate, KEYS, Subset } from '../../../lib/mix/subset.ts'

/** Numbers from 0 to 1, the same in every run. */
function random (seed: number): () => number {
  let state = seed
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647
}

function documents (count: number, seed: number, longest = 2000): Candidate[] {
  const next = random(seed)
  return Array.from({ length: count }, (_, index) => ({
    index, key: Math.floor(next() * KEYS), tokens: 1 + Math.floor(next() ** 3 * longest)
  }))
}

function subsetOf (
  given: readonly Candidate[], wanted: number, tolerance = 0
): { subset: Subset, chosen: Candidate[] } {
  const subset = new Subset(wanted, tolerance)
  for (const { key, tokens } of given) subset.count(key, tokens)
  for (const document of given) subset.offer(document)
  subset.end()
  return {
    subset,
    chosen: given.flatMap(document => {
      const tokens = subset.tokensOf(document)
      return tokens === 0 ? [] : [{ ...document, tokens }]
    })
  }
}

const sum = (given: readonly Candidate[]): number => given.reduce((total, { tokens }) => total + tokens, 0)

t.test('a subset has the tokens that are wanted: at most one document is cut, and none without need', async t => {
  for (const count of [10, 1000, 200_000]) {
    const given = documents(count, count)
    for (const share of [0, 0.001, 0.1, 0.5, 0.999, 1]) {
      const wanted = Math.round(share * sum(given))
      const { subset, chosen } = subsetOf(given, wanted)
      t.equal(subset.tokens, sum(chosen))
      t.equal(sum(chosen), wanted)
      t.ok(chosen.filter(({ index, tokens }) => tokens !== given[index]!.tokens).length <= 1)
      const whole = subsetOf(given, wanted, 2000)
      t.ok(whole.chosen.every(({ index, tokens }) => tokens === given[index]!.tokens))
      t.ok(sum(whole.chosen) <= wanted && sum(whole.chosen) >= wanted - 2000)
    }
  }
})

t.test('documents are taken by their keys, whatever their order', async t => {
  const given = documents(50_000, 7)
  const { chosen } = subsetOf(given, sum(given) / 3)
  const reversed = subsetOf([...given].reverse(), sum(given) / 3)
  t.strictSame(reversed.chosen.reverse(), chosen)
  const last = chosen.map(({ key }) => key).sort((a, b) => a - b)[chosen.length - 1025]!
  t.ok(given.filter(({ key }) => key < last).length <= chosen.length, 'almost all are those with the lowest keys')
})

t.test('a larger subset holds almost all of a smaller one', async t => {
  const given = documents(20_000, 3)
  const indexes = (share: number): number[] => subsetOf(given, sum(given) * share).chosen.map(({ index }) => index)
  const large = new Set(indexes(0.4))
  t.ok(indexes(0.3).filter(index => !large.has(index)).length < 1024)
})

t.test('of documents with one key some are taken', async t => {
  const given = Array.from({ length: 5000 }, (_, index) => ({ index, key: 5, tokens: 10 }))
  t.equal(subsetOf(given, 20_000).chosen.length, 2000)
})

t.test('a document that is longer than all that is wanted is cut, if more is missing than may be', async t => {
  const given = [{ index: 0, key: 1, tokens: 100 }]
  t.strictSame(subsetOf(given, 60, 59).chosen, [{ index: 0, key: 1, tokens: 60 }])
  t.strictSame(subsetOf(given, 60, 60).chosen, [])
  t.equal(subsetOf([], 40).subset.tokens, 0)
})
