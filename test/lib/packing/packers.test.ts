import fc from 'fast-check'
import { t } from '../../tap.ts'
import type { Sequence } from '../../../lib/document.ts'
import { ConcatPacker } from '../../../lib/packing/concat.ts'
import { documentIds } from '../../../lib/packing/document-id.ts'
import type { Packer } from '../../../lib/packing/packing.ts'
import { BestFitPacker } from '../../../lib/packing/window.ts'

const PAD = 1000
const documents = fc.array(fc.array(fc.nat(99), { maxLength: 30 }), { maxLength: 40 })

/** Packs documents whose id is their index. With `restarts`, each begins with a packer that is restored from JSON. */
function packed (
  create: () => Packer<unknown>, given: ReadonlyArray<readonly number[]>, restarts = false
): { readonly sequences: Sequence[], readonly packer: Packer<unknown> } {
  const sequences: Sequence[] = []
  const push = (sequence: Sequence): void => { sequences.push(sequence) }
  let packer = create()
  for (const [i, ids] of given.entries()) {
    packer.add(Int32Array.from(ids), push, BigInt(i))
    if (!restarts) continue
    const state = JSON.stringify(packer.save())
    packer = create()
    packer.restore(JSON.parse(state))
  }
  packer.finish(push)
  return { sequences, packer }
}

/** The documents that sequences have, by the parts. Each id must be in a part, or padding after them. */
function documentsIn (sequences: readonly Sequence[], padId: number | null): Map<number, number[]> {
  const found = new Map<number, Array<number | undefined>>()
  for (const sequence of sequences) {
    let end = 0
    for (const { id, offset, start, length } of sequence.parts!) {
      t.equal(start, end)
      end = start + length
      const ids = found.get(Number(id)) ?? []
      t.ok(sequence.subarray(start, end).every((_, i) => ids[offset + i] === undefined), 'no id is there twice')
      for (let i = 0; i < length; i++) ids[offset + i] = sequence[start + i]!
      found.set(Number(id), ids)
    }
    if (padId === null) t.equal(end, sequence.length)
    else t.ok(sequence.subarray(end).every(id => id === padId))
  }
  return found as Map<number, number[]>
}

t.test('property: the parts of concatenated sequences give the documents back, but for the tail', async t => {
  let checked = 0
  fc.assert(fc.property(documents, fc.integer({ min: 1, max: 12 }), (given, seqLen) => {
    const { sequences, packer } = packed(() => new ConcatPacker(seqLen), given)
    const found = [...documentsIn(sequences, null)].sort(([a], [b]) => a - b)
    t.equal(found.flatMap(([, ids]) => ids).length, given.flat().length - packer.rest)
    for (const [index, ids] of found) t.strictSame(ids, given[index]!.slice(0, ids.length))
    checked++
  }))
  t.equal(checked, 100)
})

t.test('property: best fit loses no id, repeats none, and cuts only documents longer than a sequence', async t => {
  let checked = 0
  const sizes = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 20 }))
  fc.assert(fc.property(documents, sizes, (given, [seqLen, window]) => {
    const { sequences, packer } = packed(() => new BestFitPacker({ seqLen, window, padId: PAD }), given)
    const found = documentsIn(sequences, PAD)
    t.strictSame([...found].sort(([a], [b]) => a - b), [...given.entries()].filter(([, ids]) => ids.length > 0))
    t.equal(packer.rest, 0)
    t.equal(packer.padding, sequences.length * seqLen - given.flat().length)
    for (const { id, offset, length } of sequences.flatMap(({ parts }) => parts!)) {
      t.equal(offset % seqLen, 0)
      t.ok(length === seqLen || offset + length === given[Number(id)]!.length)
    }
    checked++
  }))
  t.equal(checked, 100)
})

t.test('property: within a window, no two sequences would fit into one', async t => {
  let checked = 0
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 16 }), { maxLength: 30 }), lengths => {
    const { sequences } = packed(() => new BestFitPacker({ seqLen: 16, window: 30, padId: PAD }),
      lengths.map(length => new Array<number>(length).fill(5)))
    const fills = sequences.map(({ parts }) => parts!.reduce((sum, { length }) => sum + length, 0))
    const [least = 16, second = 16] = fills.sort((a, b) => a - b)
    t.ok(fills.length < 2 || least + second > 16)
    checked++
  }))
  t.equal(checked, 100)
})

t.test('property: saved as JSON and restored after every document, the sequences are the same', async t => {
  let checked = 0
  fc.assert(fc.property(documents, fc.integer({ min: 1, max: 12 }), (given, seqLen) => {
    const options = { seqLen, window: 7, padId: PAD }
    for (const create of [() => new ConcatPacker(seqLen), () => new BestFitPacker(options)]) {
      const whole = packed(create, given)
      const restarted = packed(create, given, true)
      t.strictSame(restarted.sequences, whole.sequences)
      t.strictSame(restarted.sequences.map(({ parts }) => parts), whole.sequences.map(({ parts }) => parts))
      t.equal(restarted.packer.padding, whole.packer.padding)
    }
    checked++
  }), { numRuns: 50 })
  t.equal(checked, 50)
})

t.test('sequences of a window are in the order of their first documents', async t => {
  const given = [[1], [2, 2, 2], [3, 3, 3], [4], [5, 5]]
  const { sequences } = packed(() => new BestFitPacker({ seqLen: 4, window: 5, padId: 0 }), given)
  t.strictSame(sequences.map(sequence => Array.from(sequence)), [[1, 3, 3, 3], [2, 2, 2, 4], [5, 5, 0, 0]])
})

t.test('a window ends early before it has too many ids', async t => {
  const seqLen = 2 ** 22
  const packer = new BestFitPacker({ seqLen, window: 1000, padId: 0 })
  const ids = new Int32Array(seqLen - 1).fill(1)
  let sequences = 0
  let rest = 0
  for (let i = 0; i < 10; i++) {
    packer.add(ids, () => { sequences++ })
    rest = Math.max(rest, packer.rest)
  }
  t.equal(sequences, 9)
  t.ok(rest < 2 ** 25)
})

t.test('states of another kind are refused', async t => {
  const options = { seqLen: 4, window: 3, padId: 0 }
  const packer = new BestFitPacker(options)
  packer.add(Int32Array.of(7, 8), () => {}, 5n)
  const state = packer.save()
  t.strictSame(state, {
    packing: 'best_fit', ...options, padding: 0, pieces: [['0000000000000005', 0, 2]], ids: 'BwAAAAgAAAA='
  })
  for (const wrong of [
    undefined, {}, { seqLen: 4, rest: [] }, { ...state, seqLen: 5 }, { ...state, window: 1 }, { ...state, padId: 1 },
    { ...state, ids: 'BwAAAA==' }, { ...state, pieces: [['5', 0, 2]] }, { ...state, pieces: [[null, 0, 1]] }
  ]) {
    t.throws(() => { new BestFitPacker(options).restore(wrong) }, { code: 'ERR_STATE' })
  }
  t.throws(() => { new ConcatPacker(4).restore(state) }, { code: 'ERR_STATE' })
})

t.test('a sequence with ids of unknown documents has no parts', async t => {
  const sequences: Sequence[] = []
  const push = (sequence: Sequence): void => { sequences.push(sequence) }
  const packer = new ConcatPacker(3)
  packer.restore({ seqLen: 3, rest: [1, 2] }) // of a version without parts
  packer.add(Int32Array.of(3, 4, 5, 6, 7), push, 9n)
  packer.add(Int32Array.of(8), push)
  packer.add(Int32Array.of(9), push, 10n)
  t.strictSame(sequences.map(({ parts }) => parts), [
    undefined, [{ id: 9n, offset: 1, start: 0, length: 3 }], undefined
  ])
})

t.test('ids are hashed as xxHash64 of their UTF-8', async t => {
  const hash = await documentIds()
  t.equal(hash(''), 0xef46db3751d8e999n)
  t.equal(hash('a'), 0xd24ec4f1a98c6e5bn)
})
