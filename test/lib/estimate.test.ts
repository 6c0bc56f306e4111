import fc from 'fast-check'
import t from 'tap'
import { estimateTotal, scaleEstimate } from '../../lib/estimate.ts'

t.test('a sample that is the whole gives its sum, without a spread', async t => {
  t.strictSame(estimateTotal([{ size: 10, amount: 3 }, { size: 5, amount: 0 }], 15), { guess: 3, low: 3, high: 3 })
  t.strictSame(estimateTotal([{ size: 10, amount: 3 }], 10), { guess: 3, low: 3, high: 3 })
})

t.test('what is exactly in proportion has no spread; nothing gives nothing', async t => {
  t.strictSame(estimateTotal([{ size: 10, amount: 5 }, { size: 20, amount: 10 }], 3000), { guess: 1500, low: 1500, high: 1500 })
  t.strictSame(estimateTotal([], 100), { guess: 0, low: 0, high: 0 })
  t.strictSame(estimateTotal([{ size: 10, amount: 0 }, { size: 20, amount: 0 }], 3000), { guess: 0, low: 0, high: 0 })
})

t.test('one document tells little', async t => {
  t.strictSame(estimateTotal([{ size: 1, amount: 100 }], 1000), { guess: 100_000, low: 100, high: 100_000 + Math.round(1.96 * 1000 * Math.sqrt(0.999 * 100 ** 2)) })
})

t.test('the truth lies within the bounds in about 19 of 20 samples', async t => {
  // A whole with known total: amounts that hang loosely on sizes.
  let state = 7
  const random = (): number => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647
  const whole = Array.from({ length: 5000 }, () => {
    const size = 50 + Math.floor(1000 * random() ** 2)
    return { size, amount: Math.round(size * (0.2 + 0.2 * random())) }
  })
  const wholeSize = whole.reduce((sum, { size }) => sum + size, 0)
  const truth = whole.reduce((sum, { amount }) => sum + amount, 0)
  const hits = Array.from({ length: 400 }, () => {
    const { low, high } = estimateTotal(Array.from({ length: 100 }, () => whole[Math.floor(random() * whole.length)]!), wholeSize)
    return low <= truth && truth <= high
  }).filter(Boolean).length
  t.ok(hits >= 360 && hits <= 398, `${hits} of 400`)
})

t.test('bounds are around the guess, and scaling keeps their order', async t => {
  fc.assert(fc.property(fc.array(fc.record({ size: fc.integer({ min: 1, max: 1000 }), amount: fc.integer({ min: 0, max: 1000 }) }), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 5, noNaN: true }), (sample, times, factor) => {
    const estimate = estimateTotal(sample, times * sample.reduce((sum, { size }) => sum + size, 0))
    for (const { guess, low, high } of [estimate, scaleEstimate(estimate, factor), scaleEstimate(estimate, 1, 50)]) {
      if (!(low <= guess && guess <= high)) return false
    }
    return scaleEstimate(estimate, 1, 50).high <= 50
  }))
  t.pass('held')
})
