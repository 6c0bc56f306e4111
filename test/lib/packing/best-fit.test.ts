import fc from 'fast-check'
import { t } from '../../tap.ts'
import { howMany } from '../../helpers.ts'
import { OrderedSet, bestFitDecreasing } from '../../../lib/packing/best-fit.ts'

t.test('the longest items come first, each into the fullest bin with space for it', async t => {
  t.strictSame(bestFitDecreasing([2, 6, 3, 7, 4, 1], 10), [[0, 5], [1, 4], [2, 3]])
  t.strictSame(bestFitDecreasing([], 10), [])
  t.strictSame(bestFitDecreasing([10, 10], 10), [[0], [1]])
  t.strictSame(bestFitDecreasing([1, 1, 1], 1), [[0], [1], [2]])
})

/** Best fit by looking at every bin. */
function plainBestFit (lengths: readonly number[], capacity: number): number[] {
  const fills: number[] = []
  for (const length of lengths.toSorted((a, b) => b - a)) {
    const fitting = fills.filter(fill => fill + length <= capacity)
    if (fitting.length === 0) fills.push(length)
    else fills[fills.indexOf(Math.max(...fitting))]! += length
  }
  return fills.sort((a, b) => a - b)
}

t.test('property: each item once, no bin too full, and as a search of all bins packs them', async t => {
  let checked = 0
  const cases = fc.integer({ min: 1, max: 3000 }).chain(capacity =>
    fc.tuple(fc.constant(capacity), fc.array(fc.integer({ min: 1, max: capacity }), { maxLength: 80 })))
  fc.assert(fc.property(cases, ([capacity, lengths]) => {
    const bins = bestFitDecreasing(lengths, capacity)
    t.strictSame(bins.flat().sort((a, b) => a - b), lengths.map((_, i) => i))
    const fills = bins.map(bin => bin.reduce((sum, item) => sum + lengths[item]!, 0)).sort((a, b) => a - b)
    t.strictSame(fills, plainBestFit(lengths, capacity))
    t.ok(bins.every(bin => bin.every((item, i) => i === 0 || bin[i - 1]! < item)))
    checked++
  }), { numRuns: howMany(40, 1000) })
  t.equal(checked, howMany(40, 1000))
})

t.test('property: an ordered set finds the next integer', async t => {
  let checked = 0
  const size = 2 ** 16 + 5
  const numbers = fc.array(fc.tuple(fc.boolean(), fc.nat(size - 1)), { minLength: 1, maxLength: 60 })
  fc.assert(fc.property(numbers, changes => {
    const set = new OrderedSet(size)
    const plain = new Set<number>()
    for (const [adds, value] of changes) {
      if (adds) set.add(value)
      else set.delete(value)
      if (adds) plain.add(value)
      else plain.delete(value)
      const next = [...plain].filter(other => other >= value).sort((a, b) => a - b)[0] ?? -1
      t.equal(set.atLeast(value), next)
    }
    t.equal(set.atLeast(0), plain.size === 0 ? -1 : Math.min(...plain))
    checked++
  }))
  t.equal(checked, 100)
})
