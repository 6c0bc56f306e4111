import fc from 'fast-check'
import { t } from '../../tap.ts'
import {
  estimateShare, estimateTotal, estimateSizeShare, scaleEstimate, multiplyEstimates
} from '../../../lib/sampling/estimate.ts'
import { PrioritySample, UniformSample } from '../../../lib/sampling/draw.ts'
import '../../helpers.ts' // the seed of the properties

/** The same numbers on every run, from 0 to 1. */
function random (seed: number): () => number {
  let state = seed
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647
}

t.test('a sample of everything gives the exact sum', async t => {
  t.strictSame(
    estimateTotal([{ size: 10, amount: 3, weight: 10 }, { size: 5, amount: 0, weight: 5 }], 15),
    { guess: 3, low: 3, high: 3 }
  )
  t.strictSame(
    estimateSizeShare([{ size: 10, weight: 10, has: true }, { size: 5, weight: 5, has: false }]),
    { guess: 2 / 3, low: 2 / 3, high: 2 / 3 }
  )
  t.strictSame(estimateShare(0.3, Infinity), { guess: 0.3, low: 0.3, high: 0.3 })
})

t.test('an empty sample gives the widest bounds', async t => {
  t.strictSame(estimateTotal([], 100), { guess: 0, low: 0, high: 0 })
  t.strictSame(estimateSizeShare([]), { guess: 0, low: 0, high: 1 })
  t.strictSame(estimateShare(0, 0), { guess: 0, low: 0, high: 1 })
})

t.test('a share of 0 or 1 in a sample has an uncertainty', async t => {
  const [none, all] = [estimateShare(0, 100), estimateShare(1, 100)]
  t.match([none.guess, none.low, all.guess, all.high], [0, 0, 1, 1])
  t.ok(none.high > 0.03 && none.high < 0.05, String(none.high))
  t.equal(all.low.toFixed(6), (1 - none.high).toFixed(6))
})

t.test('the guess is within its bounds, also for products and factors', async t => {
  const drawn = fc.record({
    size: fc.integer({ min: 1, max: 1000 }),
    amount: fc.integer({ min: 0, max: 1000 }),
    weight: fc.integer({ min: 0, max: 5000 }),
    has: fc.boolean()
  }).map(one => ({ ...one, weight: one.size + one.weight }))
  const samples = fc.array(drawn, { minLength: 1 })
  const factors = fc.double({ min: 0, max: 5, noNaN: true })
  fc.assert(fc.property(samples, fc.integer({ min: 1, max: 1e6 }), factors, (sample, whole, factor) => {
    const [total, share] = [estimateTotal(sample, whole), estimateSizeShare(sample)]
    const bounded = scaleEstimate(total, 1, 50)
    return [total, share, multiplyEstimates(total, share), scaleEstimate(total, factor), bounded]
      .every(({ guess, low, high }) => low <= guess && guess <= high) && bounded.high <= 50
  }))
  t.pass('the bounds hold')
})

t.test('the true value is within the bounds in about 19 of 20 samples, also for sizes with a long tail', async t => {
  const next = random(7)
  const whole = Array.from({ length: 3000 }, () => {
    const size = Math.ceil(50 / next() ** 0.7) // some are a large part of the total
    return { size, amount: Math.round(size * (0.2 + 0.2 * next())), has: size < 2000 && next() < 0.8 }
  })
  const sum = (of: (one: typeof whole[number]) => number): number => whole.reduce((sum, one) => sum + of(one), 0)
  const truth = {
    total: sum(({ amount }) => amount),
    weight: sum(({ size, has }) => has ? size : 0) / sum(({ size }) => size),
    share: sum(({ has }) => Number(has)) / whole.length
  }
  const hits = { total: 0, weight: 0, share: 0 }
  for (let run = 0; run < 200; run++) {
    const priority = new PrioritySample<typeof whole[number]>(100)
    const uniform = new UniformSample<typeof whole[number]>(100)
    for (const one of [...whole].sort(() => next() - 0.5)) { // the random numbers of samples are the same on every run
      priority.add(one, one.size)
      uniform.add(one)
    }
    const drawn = priority.items.map(({ item, size, weight }) => ({ ...item, size, weight }))
    t.equal(drawn.length, 100)
    const estimates = {
      total: estimateTotal(drawn, sum(({ size }) => size)),
      weight: estimateSizeShare(drawn),
      share: estimateShare(uniform.items.filter(({ has }) => has).length / 100, 100)
    }
    for (const key of ['total', 'weight', 'share'] as const) {
      if (estimates[key].low <= truth[key] && truth[key] <= estimates[key].high) hits[key]++
    }
  }
  for (const [key, n] of Object.entries(hits)) t.ok(n >= 180, `${key}: ${n} of 200`)
})

t.test('a priority sample contains the largest items, and a small sample contains all', async t => {
  const sample = new PrioritySample<string>(5)
  for (let i = 0; i < 1000; i++) sample.add(i === 500 ? 'large' : 'small', i === 500 ? 10_000 : 1)
  t.ok(sample.items.some(({ item, weight }) => item === 'large' && weight === 10_000))
  const few = new PrioritySample<number>(5)
  for (let i = 1; i < 5; i++) few.add(i, i)
  t.strictSame(few.items.map(({ size, weight }) => [size, weight]).sort(), [[1, 1], [2, 2], [3, 3], [4, 4]])
})
