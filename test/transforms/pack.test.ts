import fc from 'fast-check'
import { t } from '../tap.ts'
import type { Sequence } from '../../lib/document.ts'
import { ConcatPacker } from '../../lib/packing/concat.ts'
import { pack } from '../../transforms/pack.ts'
import { answers, through } from '../helpers.ts'

const tokens = (ids: readonly number[]): unknown => ({ id: '', ids: Int32Array.from(ids), meta: {} })

async function packed (documents: ReadonlyArray<readonly number[]>, seqLen: number): Promise<number[][]> {
  return (await through<Sequence>(documents.map(tokens), pack({ seqLen }))).map(sequence => Array.from(sequence))
}

t.test('documents are concatenated and cut; one may span sequences; the tail is dropped and counted', async t => {
  const stage = pack({ seqLen: 4 })
  const sequences = await through<Sequence>([[1, 2, 3], [4, 5], [6, 7, 8, 9, 10, 11, 12, 13], [14]].map(tokens), stage)
  t.strictSame(sequences.map(sequence => Array.from(sequence)), [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
  t.strictSame(stage.stats, { in: 4, out: 3, dropped: {}, tokens: 14, tail: 2 })
})

t.test('no document, an empty one, and one that fills sequences exactly', async t => {
  t.strictSame(await packed([], 2), [])
  t.strictSame(await packed([[]], 2), [])
  t.strictSame(await packed([[1, 2, 3, 4]], 2), [[1, 2], [3, 4]])
  t.strictSame(await packed([[1, 2]], 1), [[1], [2]])
})

t.test('property: no id but the tail is lost, repeated or reordered', async t => {
  let checked = 0
  const lists = fc.array(fc.array(fc.nat(99), { maxLength: 20 }), { maxLength: 12 })
  await fc.assert(fc.asyncProperty(lists, fc.integer({ min: 1, max: 9 }), async (documents, seqLen) => {
    const all = documents.flat()
    const sequences = await packed(documents, seqLen)
    t.strictSame(sequences.flat(), all.slice(0, Math.floor(all.length / seqLen) * seqLen))
    t.ok(sequences.every(({ length }) => length === seqLen))
    checked++
  }))
  t.equal(checked, 100)
})

t.test('sequences share no memory with the input or with later sequences', async t => {
  const packer = new ConcatPacker(2)
  const given: Sequence[] = []
  const ids = Int32Array.of(1, 2, 3)
  packer.add(ids, sequence => given.push(sequence))
  ids.fill(9)
  packer.add(Int32Array.of(4), sequence => given.push(sequence))
  t.strictSame(given, [Int32Array.of(1, 2), Int32Array.of(3, 4)])
})

t.test('state: split at any document and restored from JSON, the sequences are the same', async t => {
  const documents = answers().packed.rows.slice(0, 3)
  const whole = await packed(documents, 50)
  for (let at = 0; at <= documents.length; at++) {
    const first = pack({ seqLen: 50 })
    const before = await through<Sequence>(documents.slice(0, at).map(tokens), first)
    const second = pack({ seqLen: 50 })
    second.restore(JSON.parse(JSON.stringify(first.save())) as never)
    const after = await through<Sequence>(documents.slice(at).map(tokens), second)
    t.strictSame([...before, ...after].map(sequence => Array.from(sequence)), whole)
  }
})

t.test('state of another sequence length, or with a tail that is too long, is refused', async t => {
  t.throws(() => { new ConcatPacker(4).restore({ seqLen: 5, rest: [] }) }, {
    code: 'ERR_STATE', message: /sequences of 4 ids, got 0 ids of a sequence of 5/
  })
  t.throws(() => { new ConcatPacker(4).restore({ seqLen: 4, rest: [1, 2, 3, 4] }) }, { code: 'ERR_STATE' })
})

t.test('a sequence length of 0 is refused', async t => {
  t.throws(() => pack({ seqLen: 0 }), { code: 'ERR_OPTION', message: /pack\.seqLen/ })
})

t.test('values that are no state are refused, and a restored tail is counted', async t => {
  for (const state of [
    undefined, {}, { seqLen: 4 }, { seqLen: 4, rest: ['x'] }, { seqLen: 4, rest: [1.5] }, { seqLen: 4, rest: [-1] }
  ]) {
    t.throws(() => { new ConcatPacker(4).restore(state) }, { code: 'ERR_STATE' })
  }
  const stage = pack({ seqLen: 4 })
  stage.restore({ seqLen: 4, rest: [1, 2, 3] })
  t.equal(stage.stats.tail, 3)
  t.throws(() => pack({ seqLen: 2 ** 30 }), { code: 'ERR_OPTION' })
})
