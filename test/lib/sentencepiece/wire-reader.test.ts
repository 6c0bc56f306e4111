import assert from 'node:assert/strict'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { WIRE, WireReader } from '../../../lib/sentencepiece/wire-reader.ts'
import '../../helpers.ts' // the same examples on every run

/** The values that both readers have, by their names. */
const READS = {
  tag: [reader => reader.tag(), reader => { const [number, type] = reader.tag(); return 8 * number + type }],
  uint32: [reader => reader.uint32(), reader => reader.uint32()],
  int32: [reader => reader.int32(), reader => reader.int32()],
  bool: [reader => reader.bool(), reader => reader.bool()],
  float: [reader => reader.float(), reader => reader.float()],
  bytes: [reader => [...reader.bytes()], reader => [...reader.bytes()]],
  skip: [
    reader => [...reader.skip(reader.tag())],
    reader => { const [number, type] = reader.tag(); return [...reader.skip(type, number)] }
  ]
} satisfies Record<string, readonly [(ours: WireReader) => unknown, (theirs: BinaryReader) => unknown]>

const names = Object.keys(READS) as Array<keyof typeof READS>

/** Reads values until one can't be read. */
function read<T> (of: T, reads: ReadonlyArray<(reader: T) => unknown>, at: () => number): unknown[] {
  const values: unknown[] = []
  for (const each of reads) {
    try {
      values.push(each(of), at())
    } catch {
      return [...values, 'an error']
    }
  }
  return values
}

t.test('values are read as by the BinaryReader of @bufbuild/protobuf', async t => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 8, 11, 12, 13, 0x80, 0xff))
  const bytes = fc.array(byte, { maxLength: 24 }).map(values => Uint8Array.from(values))
  t.doesNotThrow(() => {
    fc.assert(fc.property(bytes, fc.array(fc.constantFrom(...names), { maxLength: 8 }), (bytes, order) => {
      const [ours, theirs] = [new WireReader(bytes), new BinaryReader(bytes)]
      assert.deepEqual(
        read(ours, order.map(name => READS[name][0]), () => ours.pos),
        read(theirs, order.map(name => READS[name][1]), () => theirs.pos)
      )
    }), { numRuns: 3000 })
  })
})

t.test('groups are skipped whole, and not without limit', async t => {
  const [start, end] = [8 + WIRE.startGroup, 8 + WIRE.endGroup]
  const nested = (depth: number): number[] => [...Array<number>(depth).fill(start), ...Array<number>(depth).fill(end)]
  const skip = (bytes: readonly number[]): number => {
    const reader = new WireReader(Uint8Array.from(bytes))
    return reader.skip(reader.tag()).length
  }
  t.equal(skip([start, 16, 150, 1, ...nested(3), end, 8]), 10)
  t.equal(skip(nested(100)), 199)
  t.throws(() => skip(nested(101)), { message: 'more than 100 groups are one in another' })
  t.throws(() => skip([start, end + 8]), { message: 'field 2 ends the group of field 1' })
  t.throws(() => skip([end]), { message: 'field 1 ends a group that has no beginning' })
  t.throws(() => skip([start]), { message: 'it ends early' })
  t.throws(() => new WireReader(new Uint8Array(11).fill(0x80)).uint32(), { message: 'a number exceeds 64 bits' })
  t.throws(() => skip([0x88, 0x80, 0x80, 0x80, 0x10, 1]), { message: 'illegal tag: it exceeds 32 bits' })
  t.throws(() => skip([6]), { message: 'illegal tag: 6' })
})
