import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Shuffle } from '../../../lib/shuffle/shuffle.ts'
import { failure, folderInMemory, howMany } from '../../helpers.ts'
import {
  LEAST_MEMORY, type KeyedRecord, addAll, randomRecords, shuffled, sorted, takeAll
} from '../../shuffles.ts'
import { t } from '../../tap.ts'

const joined = (records: readonly Buffer[]): string => Buffer.concat(records).toString('latin1')

const CASES: Readonly<Record<string, readonly KeyedRecord[]>> = {
  'one length': randomRecords(8000, () => 256),
  'other lengths': randomRecords(8000, random => random(600)),
  'few keys, so that most are equal': randomRecords(12_000, random => random(300), 2).map(({ key, record }) =>
    ({ key: Math.floor(key / 2 ** 16), record })),
  'one key': randomRecords(10_000, () => 256).map(({ record }) => ({ key: 7, record })),
  'the smallest and the largest key': randomRecords(10_000, () => 256).map(({ record }, i) =>
    ({ key: i % 3 === 0 ? 0 : 2 ** 48 - 1, record })),
  'short records': randomRecords(40_000, () => 4),
  'empty records among others': randomRecords(40_000, random => random(3) * 5),
  'lengths around the size of a block': randomRecords(100, random => 65_520 + random(32)),
  'records that are larger than the memory': randomRecords(30, random => random(5) === 0 ? 1_500_000 : random(70_000)),
  'many runs, which are merged in several passes': randomRecords(24, () => 600_000)
}

for (const [name, records] of Object.entries(CASES)) {
  t.test(`records are sorted by key, and equal keys by their order: ${name}`, async t => {
    const folder = folderInMemory(t)
    const expected = joined(sorted(records))
    for (const memory of [LEAST_MEMORY, 3 * LEAST_MEMORY, 512_000_000]) {
      const taken = await shuffled(join(folder, 'shuffle'), records, { memory })
      t.equal(taken.length, records.length)
      t.ok(joined(taken) === expected, `with ${memory} bytes of memory`)
    }
    t.strictSame(readdirSync(folder), [], 'the folder is deleted')
  })
}

t.test('no records, and one empty record', async t => {
  const folder = folderInMemory(t)
  t.strictSame(await shuffled(folder, []), [])
  t.strictSame(await shuffled(folder, [{ key: 1, record: Buffer.alloc(0) }]), [Buffer.alloc(0)])
})

t.test('records that fit into the memory are written to no file', async t => {
  const folder = folderInMemory(t)
  const shuffle = await Shuffle.create(folder, { memory: 64_000_000 })
  await addAll(shuffle, randomRecords(1000, () => 256))
  t.equal((await takeAll(shuffle)).length, 1000)
  t.equal(shuffle.spilledBytes, 0)
  t.strictSame(readdirSync(folder), [])
})

t.test('six bytes are written in addition to a record, and a checksum of each block', async t => {
  const records = randomRecords(40_000, () => 128)
  const shuffle = await Shuffle.create(folderInMemory(t), { memory: 3 * LEAST_MEMORY })
  await addAll(shuffle, records)
  t.equal((await takeAll(shuffle)).length, 40_000)
  t.ok(shuffle.spilledBytes >= 40_000 * 134, `${shuffle.spilledBytes}`)
  t.ok(2 * shuffle.spilledBytes < 2.1 * 40_000 * 128, `${shuffle.spilledBytes}`)
  await shuffle.remove()
})

t.test('batches have the same records one after another', async t => {
  const records = randomRecords(8000, random => random(600))
  const shuffle = await Shuffle.create(folderInMemory(t), { memory: LEAST_MEMORY })
  await addAll(shuffle, records)
  const bytes: Buffer[] = []
  const views: Buffer[] = []
  for await (const batch of shuffle.batches()) {
    bytes.push(Buffer.from(batch.bytes))
    for (const record of batch) views.push(Buffer.from(record))
    t.equal(batch.endOf(batch.length - 1), batch.bytes.length)
  }
  t.equal(views.length, records.length)
  t.ok(joined(views) === joined(bytes))
  t.ok(joined(views) === joined(sorted(records)))
  await shuffle.remove()
})

t.test('the order depends on the seed and the identities, not on memory or on how records arrive', async t => {
  const { shuffleKey } = await import('../../../lib/shuffle/key.ts')
  const of = (seed: number): KeyedRecord[] => Array.from({ length: howMany(5000, 50_000) }, (_, index) => {
    const record = Buffer.alloc(300)
    record.writeUInt32LE(index)
    return { key: shuffleKey(seed, 0, 0, index), record }
  })
  const folder = folderInMemory(t)
  const expected = joined(await shuffled(folder, of(42), { memory: LEAST_MEMORY }))
  t.ok(joined(await shuffled(folder, of(42).reverse(), { memory: 5 * LEAST_MEMORY })) === expected)
  t.notOk(joined(await shuffled(folder, of(43), { memory: LEAST_MEMORY })) === expected)
})

t.test('wrong calls', async t => {
  const folder = folderInMemory(t)
  t.match(await failure(Shuffle.create(folder, { memory: 1000 })), {
    code: 'ERR_OPTION', message: 'shuffle.memory: expected at least 1048576, got 1000'
  })
  const shuffle = await Shuffle.create(folder, { memory: LEAST_MEMORY })
  const large = Buffer.alloc(LEAST_MEMORY)
  t.notOk(shuffle.add(1, large))
  t.throws(() => shuffle.add(1, large), { message: /before drain/ })
  t.equal((await takeAll(shuffle)).length, 1, 'reading drains what is left')
  t.throws(() => shuffle.add(1, Buffer.alloc(1)), { message: /after reading/ })
  await shuffle.remove()
})
