/** Invalid input that decoders must refuse, and valid input that no file of pyarrow has. */
import { t } from '../../tap.ts'
import { unpackDeltas } from '../../../lib/parquet/delta.ts'
import { decompress } from '../../../lib/parquet/codecs.ts'
import { conversionOf } from '../../../lib/parquet/convert.ts'
import { RleReader } from '../../../lib/parquet/rle.ts'
import { fieldsOf } from '../../../lib/parquet/schema.ts'

const bytes = (...values: number[]): Buffer => Buffer.from(values)

t.test('LZ4 blocks are decompressed', async t => {
  // a literal, then a match that overlaps itself, then the literals at the end
  const block = bytes(0x1f, 0x61, 1, 0, 5, 0x30, 0x62, 0x63, 0x64)
  t.equal(decompress('LZ4_RAW', block, 28).toString(), 'a'.repeat(25) + 'bcd')
  t.equal(decompress('LZ4', block, 28).toString(), 'a'.repeat(25) + 'bcd', 'a plain block')
  const frame = Buffer.concat([bytes(0, 0, 0, 28, 0, 0, 0, block.length), block])
  t.equal(
    decompress('LZ4', Buffer.concat([frame, frame]), 56).toString(),
    ('a'.repeat(25) + 'bcd').repeat(2),
    'Hadoop framing'
  )
  for (const [name, input, size] of [
    ['less than its size', block, 29],
    ['more than its size', block, 27],
    ['cut off', block.subarray(0, 5), 28],
    ['a match before the start', bytes(0x1f, 0x61, 2, 0, 5, 0x30, 0x62, 0x63, 0x64), 28],
    ['a distance of 0', bytes(0x1f, 0x61, 0, 0, 5, 0x30, 0x62, 0x63, 0x64), 28],
    ['nothing', bytes(), 4]
  ] as const) {
    t.throws(() => decompress('LZ4_RAW', input, size), name)
    t.throws(() => decompress('LZ4', input, size), name)
  }
})

t.test('other codecs refuse a size that differs from the data\'s', async t => {
  // "hello" by each codec, made with pyarrow.compress
  const hello: Readonly<Record<string, string>> = {
    SNAPPY: '051068656c6c6f',
    GZIP: '1f8b0800000000000203cb48cdc9c9070086a6103605000000',
    BROTLI: '0b028068656c6c6f03',
    ZSTD: '28b52ffd200529000068656c6c6f',
    UNCOMPRESSED: '68656c6c6f'
  }
  for (const [codec, hex] of Object.entries(hello)) {
    const data = Buffer.from(hex, 'hex')
    t.equal(decompress(codec, data, 5).toString(), 'hello', codec)
    for (const size of [4, 6, 500_000_000]) t.throws(() => decompress(codec, data, size), `${codec}: ${size}`)
    for (let length = 1; length < data.length; length++) {
      t.throws(() => decompress(codec, data.subarray(0, length), 5), `${codec}: cut off at ${length}`)
    }
  }
  t.throws(() => decompress('ZSTD', bytes(0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 1, 0, 0), 5), /repeated|cut off|gives/)
})

t.test('runs and bit-packed values are read', async t => {
  const packed = new RleReader(bytes(0x03, 0x88, 0xc6, 0xfa), 0, 3)
  t.strictSame(Array.from({ length: 8 }, () => packed.next()), [0, 1, 2, 3, 4, 5, 6, 7], 'the example of Encodings.md')
  t.throws(() => packed.next(), /cut off/)
  const run = new RleReader(bytes(0xfe, 0xff, 0xff, 0xff, 0x0f, 1), 0, 1)
  const levels = new Uint8Array(5)
  t.equal(run.fill(levels, 1), 5, 'the cost of a run of 2^31 values is that of the values read')
  t.throws(() => new RleReader(bytes(10, 7), 0, 3).fill(levels, 4), /a level of 7, expected at most 4/)
  t.throws(() => new RleReader(bytes(), 0, 33), /33 bits/)
})

t.test('deltas with an invalid header are refused', async t => {
  // A block of 128 values in 4 parts. There are 5 values in all, from 1, with differences of 1.
  const header = [0x80, 0x01, 4, 5, 2, 2, 0, 0, 0, 0]
  const numbers = new Int32Array(5)
  t.equal(unpackDeltas(bytes(...header), 0, numbers), header.length)
  t.strictSame([...numbers], [1, 2, 3, 4, 5])
  t.throws(() => unpackDeltas(bytes(...header), 0, new Int32Array(6)), /5 delta values, expected 6/)
  t.throws(() => unpackDeltas(bytes(0x80, 0x01, 0, 5, 2), 0, numbers), /in 0 parts/)
  t.throws(() => unpackDeltas(bytes(0x80, 0x01, 3, 5, 2), 0, numbers), /in 3 parts/)
  t.throws(() => unpackDeltas(bytes(0x80, 0x01, 4, 5, 2, 2, 65, 0, 0, 0), 0, numbers), /65 bits/)
  t.throws(() => unpackDeltas(bytes(...header).subarray(0, 6), 0, numbers), /no bits/)
})

t.test('dates and times outside the range of Date and pyarrow are converted', async t => {
  const convert = (element: Parameters<typeof conversionOf>[0], raw: number | bigint): unknown =>
    conversionOf(element).convert(raw)
  const day = { name: 'd', type: 'INT32', converted_type: 'DATE' } as const
  t.equal(convert(day, -719_529), '-000001-12-31')
  t.equal(convert(day, 2 ** 31 - 1), '+5881580-07-11', 'as in java.time')
  t.equal(convert(day, -(2 ** 31)), '-5877641-06-23')
  const moment = (unit: 'MILLIS' | 'NANOS'): Parameters<typeof conversionOf>[0] => ({
    name: 't',
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit }
  })
  t.equal(convert(moment('NANOS'), 2n ** 63n - 1n), '2262-04-11T23:47:16.854775807Z')
  t.equal(convert(moment('NANOS'), -(2n ** 63n)), '1677-09-21T00:12:43.145224192Z')
  t.equal(convert(moment('MILLIS'), 2n ** 63n - 1n), '+292278994-08-17T07:12:55.807Z')
  t.equal(convert({ name: 't', type: 'INT64', converted_type: 'TIMESTAMP_MICROS' }, -1n), '1969-12-31T23:59:59.999999Z')
  t.equal(convert({ name: 't', type: 'INT32', converted_type: 'TIME_MILLIS' }, 3_723_004), '01:02:03.004')
  t.throws(
    () => convert({ name: 'n', type: 'INT32', converted_type: 'DECIMAL', scale: 2 ** 30 }, 1),
    /1073741824 digits/
  )
  t.equal(convert({ name: 'n', type: 'INT32', converted_type: 'UINT_32' }, -1), 4294967295)
  t.equal(convert({ name: 'n', type: 'INT64', converted_type: 'UINT_64' }, -1n), 2n ** 64n - 1n)
})

t.test('lists of old writers are read (LogicalTypes.md, backward compatibility)', async t => {
  const root = { name: 'root', num_children: 1 }
  const list = { name: 'l', num_children: 1, repetition_type: 'OPTIONAL', converted_type: 'LIST' } as const
  const leaf = (name: string, repetition: 'REQUIRED' | 'REPEATED' = 'REQUIRED') =>
    ({ name, type: 'INT32', repetition_type: repetition } as const)
  const group = (name: string, children: number) =>
    ({ name, num_children: children, repetition_type: 'REPEATED' } as const)
  const shape = (...elements: Parameters<typeof fieldsOf>[0]): string => {
    const [field] = fieldsOf([root, ...elements])
    return `${field!.is} of ${field!.children[0]?.is ?? 'nothing'}${field!.repeated ? ', repeated' : ''}`
  }
  t.equal(shape(list, leaf('element', 'REPEATED')), 'list of leaf')
  t.equal(shape(list, group('element', 2), leaf('a'), leaf('b')), 'list of struct')
  t.equal(shape(list, group('array', 1), leaf('a')), 'list of struct')
  t.equal(shape(list, group('l_tuple', 1), leaf('a')), 'list of struct')
  t.equal(shape(list, group('list', 1), leaf('element')), 'list of item')
  t.equal(shape(leaf('l', 'REPEATED')), 'leaf of nothing, repeated')
  t.throws(() => fieldsOf([{ name: 'root', num_children: 2 }, leaf('a')]), /ends within a group/)
  t.throws(() => fieldsOf([root, leaf('a'), leaf('b')]), /the schema has 3 elements, its groups 2/)
  t.throws(
    () => fieldsOf([root, { name: 'g', num_children: 0, repetition_type: 'OPTIONAL' }]),
    /the group g has no fields/
  )
})
