import { packerOf } from '../../../../lib/packing/packer.ts'
import type { Sequence } from '../../../../lib/document.ts'
import { FlatLayout, SequenceLayout } from '../../../../recipes/mixture/tasks/layout.ts'
import { shareOf } from '../../../../recipes/mixture/tasks/share.ts'
import { randomNumbers } from '../../../shuffles.ts'
import { t } from '../../../tap.ts'

const SEQ_LEN = 16
const PER_SHARD = 3

t.test('a packer that begins where a shard does makes the sequences of the shard', t => {
  for (const [packing, seed] of [['concat', 1], ['concat', 2], ['best_fit', 3], ['best_fit', 4]] as const) {
    const below = randomNumbers(seed)
    const documents = Array.from({ length: 120 }, (_, i) => {
      // Lengths around multiples of a sequence are frequent.
      const length = below(3) === 0 ? SEQ_LEN * (1 + below(4)) - below(2) : 1 + below(3 * SEQ_LEN)
      return Int32Array.from({ length }, (_, j) => i * 1000 + j)
    })
    const packer = () => packerOf({ seqLen: SEQ_LEN, packing, packingWindow: 5, padId: 0 })
    const all: Sequence[] = []
    const whole = packer()
    for (const [i, ids] of documents.entries()) whole.add(ids, sequence => all.push(sequence), BigInt(i))
    whole.finish(sequence => all.push(sequence))

    const layout = new SequenceLayout(packer(), { packing, seqLen: SEQ_LEN, perShard: PER_SHARD })
    for (const [document, ids] of documents.entries()) layout.add({ unit: 0, document }, ids.length)
    layout.finish()
    t.equal(layout.items, all.length)
    t.equal(layout.tail, whole.rest)
    t.equal(layout.padding, whole.padding)
    t.equal(layout.starts.length, Math.ceil(all.length / PER_SHARD))
    for (const [shard, { document, offset, skip, item }] of layout.starts.entries()) {
      const part = packer()
      const made: Sequence[] = []
      for (const [i, ids] of documents.entries()) {
        const from = i === document ? offset : 0
        if (i >= document) part.add(ids.subarray(from), sequence => made.push(sequence), BigInt(i), from)
      }
      part.finish(sequence => made.push(sequence))
      const wanted = all.slice(item, item + PER_SHARD)
      const found = made.slice(skip, skip + wanted.length)
      const shown = (sequences: readonly Sequence[]): unknown => sequences.map(ids => [[...ids], ids.parts])
      t.strictSame(shown(found), shown(wanted), `${packing} ${seed}, shard ${shard}`)
    }
  }
  t.end()
})

t.test('shards of a flat format begin where its sink begins them', t => {
  const layout = new FlatLayout(10)
  for (const [document, size] of [4, 4, 4, 30, 1, 9, 10, 2].entries()) layout.add({ unit: 0, document }, size)
  t.strictSame(layout.starts.map(({ document }) => document), [0, 2, 3, 4, 6, 7])
  t.strictSame(layout.starts.map(({ item }) => item), [0, 2, 3, 4, 6, 7])
  t.equal(layout.tokens, 64)
  t.end()
})

t.test('each item belongs to one task, whatever the weights', t => {
  const below = randomNumbers(5)
  for (let round = 0; round < 50; round++) {
    const weights = Array.from({ length: below(40) }, () => below(5) === 0 ? 0 : below(1000))
    const world = 1 + below(12)
    const shares = Array.from({ length: world }, (_, rank) => shareOf(weights, rank, world))
    const items = shares.flatMap(([from, to]) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i))
    t.strictSame(items, [...weights.keys()], `${weights.length} items, ${world} tasks`)
  }
  const total = (weights: readonly number[]): number => weights.reduce((sum, weight) => sum + weight, 0)
  const weights = Array.from({ length: 1000 }, () => 1 + below(100))
  const sums = [0, 1, 2, 3].map(rank => total(weights.slice(...shareOf(weights, rank, 4))))
  t.ok(sums.every(sum => Math.abs(sum - total(weights) / 4) <= 100), 'the tasks have about the same weight')
  t.end()
})
