import { t } from '../../tap.ts'
import { MixRecords } from '../../../lib/mix/records.ts'
import { Sides } from '../../../lib/mix/sides.ts'
import { dtypes, maxId } from '../../../lib/shards/npy.ts'

t.test('documents and sequences are the same after they were records', async t => {
  for (const dtype of dtypes) {
    const records = new MixRecords(dtype)
    const most = Math.min(maxId(dtype), 2 ** 31 - 1)
    const document = { id: 2n ** 64n - 1n, offset: 70_000, ids: Int32Array.of(0, 1, most, 7) }
    t.strictSame(records.documentOf(records.ofDocument(document)), document)
    t.strictSame(records.documentOf(records.ofDocument({ ...document, ids: new Int32Array(0) })).ids, new Int32Array(0))
    const parts = [{ id: 5n, offset: 3, start: 0, length: 2 }, { id: 6n, offset: 0, start: 2, length: 1 }]
    const sequence = Object.assign(Int32Array.of(1, most, 3, 9), { parts })
    const read = records.sequenceOf(records.ofSequence(sequence), 4)
    t.strictSame(Array.from(read), Array.from(sequence))
    t.strictSame(read.parts, parts)
    t.strictSame(records.sequenceOf(records.ofSequence(Int32Array.of(1, 2)), 2).parts, [])
  }
})

t.test('records have as many bytes an id as shards, and 12 for a document', async t => {
  t.equal(new MixRecords('uint16').ofDocument({ id: 1n, offset: 0, ids: new Int32Array(10) }).length, 12 + 20)
  t.equal(new MixRecords('int32').ofDocument({ id: 1n, offset: 0, ids: new Int32Array(10) }).length, 12 + 40)
})

t.test('a share of the hashes is on the validation side, and a larger share holds a smaller one', async t => {
  const ids = Array.from({ length: 4096 }, (_, i) => BigInt(i) << 52n)
  const held = (share: number): bigint[] => ids.filter(id => new Sides(share).isValidation(id))
  t.equal(held(0).length, 0)
  t.equal(held(0.25).length, 1024)
  t.equal(held(0.001).length, 5)
  t.strictSame(held(0.25).slice(0, 5), held(0.001))
})
