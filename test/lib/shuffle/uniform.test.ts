import { shuffleKey } from '../../../lib/shuffle/key.ts'
import { howMany } from '../../helpers.ts'
import { isUniform, statisticsOf } from '../../shuffle-statistics.ts'
import { folderInMemory } from '../../helpers.ts'
import { LEAST_MEMORY, randomNumbers, shuffled } from '../../shuffles.ts'
import { t } from '../../tap.ts'

const COUNT = howMany(20_000, 200_000)
const ENDS = [0.4, 0.6, 0.75, 0.9, 1].map(share => share * COUNT)
const sourceOf = (index: number): number => ENDS.findIndex(end => index < end)

/** The names of the statistics that a uniform permutation doesn't have. */
function missed (order: Uint32Array): string[] {
  return statisticsOf(order, sourceOf).filter(statistic => !isUniform(statistic)).map(({ what, value }) =>
    `${what}: ${value}`)
}

/** The order of records that are identified by their source, and their index in it. */
async function order (folder: string, seed: number, epoch = 0): Promise<Uint32Array> {
  const records = Array.from({ length: COUNT }, (_, index) => {
    const record = Buffer.alloc(128)
    record.writeUInt32LE(index)
    return { key: shuffleKey(seed, sourceOf(index), epoch, index), record }
  })
  return Uint32Array.from(await shuffled(folder, records, { memory: LEAST_MEMORY }), record => record.readUInt32LE())
}

t.test('a shuffle has the statistics of a uniform permutation', async t => {
  const folder = folderInMemory(t)
  for (let seed = 0; seed < howMany(1, 4); seed++) t.strictSame(missed(await order(folder, seed)), [], `seed ${seed}`)
  t.strictSame(missed(await order(folder, 0, 1)), [], 'another epoch')
})

t.test('the orders of two seeds, or of two epochs, are independent', async t => {
  const folder = folderInMemory(t)
  const [first, ...others] = [await order(folder, 1), await order(folder, 2), await order(folder, 1, 1)]
  const places = new Uint32Array(COUNT)
  first.forEach((index, place) => { places[index] = place })
  for (const other of others) t.strictSame(missed(other.map(index => places[index]!)), [])
})

t.test('the statistics find worse shuffles', async t => {
  const random = randomNumbers(5)
  /** Exchanges each element with a random one before it (Fisher and Yates). */
  const permute = <Items extends Uint32Array | Uint32Array[]>(items: Items): Items => {
    for (let i = items.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!]
    }
    return items
  }
  const original = Uint32Array.from({ length: COUNT }, (_, i) => i)
  const blocks = (size: number): Uint32Array[] => Array.from({ length: COUNT / size }, (_, i) =>
    original.slice(i * size, (i + 1) * size))
  const joined = (parts: readonly Uint32Array[]): Uint32Array =>
    Uint32Array.from({ length: COUNT }, (_, i) => parts[Math.floor(i * parts.length / COUNT)]![i % parts[0]!.length]!)
  t.strictSame(missed(permute(original.slice())), [], 'a permutation by Fisher and Yates is uniform')
  const worse = {
    none: original,
    'blocks of 1 %': joined(permute(blocks(COUNT / 100))),
    'blocks of 10': joined(permute(blocks(10))),
    'blocks, and records in them': joined(permute(blocks(COUNT / 100).map(permute))),
    'a buffer of 10 %': throughBuffer(original, COUNT / 10, random),
    'evenly spaced': original.map(i => i * 7919 % COUNT)
  }
  for (const [name, order] of Object.entries(worse)) t.not(missed(order).length, 0, name)
})

/** Each record takes the place of a random one in a buffer, as in loaders that shuffle a stream. */
function throughBuffer (original: Uint32Array, size: number, random: (below: number) => number): Uint32Array {
  const buffer = [...original.subarray(0, size)]
  const order: number[] = []
  for (const index of original.subarray(size)) {
    const place = random(size)
    order.push(buffer[place]!)
    buffer[place] = index
  }
  return Uint32Array.from([...order, ...buffer])
}
