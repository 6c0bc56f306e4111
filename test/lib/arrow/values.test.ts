/** Values that no table of parquet has, and values out of range. */
import { t } from '../../tap.ts'
import { lz4Frame } from '../../../lib/columns/lz4-frame.ts'
import { type Vector, ValueReader } from '../../../lib/arrow/values.ts'
import { failure } from '../../helpers.ts'
import { END, type FlatField, arrowBytes, batch, message, rowsOf, schema, schemaField } from './helpers.ts'

const base64 = (text: string): unknown => ({ base64: text })

t.test('types that parquet has in another form or not at all', async t => {
  const { columns, rows } = await rowsOf(arrowBytes('more.stream'))
  t.strictSame(Object.fromEntries(columns.map((name, i) => [name, rows.map(row => row[i])])), {
    text: ['a', null, 'long enough not to be inlined in the view'],
    view: ['a', null, 'long enough not to be inlined in the view'],
    bytes_view: [base64('AA=='), null, base64('//////////////////////////8=')],
    large_bytes: [base64('AA=='), null, base64('')],
    date64: ['1969-12-31', null, '2024-02-29'],
    t_s: ['00:00:00.000', null, '23:59:59.000'],
    ts_s: ['1969-12-31T23:59:59.000', null, '2023-11-14T22:13:20.000'],
    duration: [{ int: '-1' }, null, { int: String(2n ** 62n) }],
    d32: ['-1.05', null, '9.99'],
    d64: ['-1.05', null, '12345678901.99'],
    list_view: [['x', null], null, []],
    large_list_view: [[1, null], null, []],
    numbers: [{ int: '7' }, null, { int: '7' }],
    lists: [['y', 'z'], null, ['x']]
  })
})

t.test('dictionaries grow and are replaced', async t => {
  t.strictSame((await rowsOf(arrowBytes('growing.stream'))).rows.flat(), ['a', 'b', null, 'b', 'c', 'a'])
  t.strictSame((await rowsOf(arrowBytes('replaced.stream'))).rows.flat(), ['a', 'b', null, 'y', 'y', 'x'])
  t.strictSame((await rowsOf(arrowBytes('growing.stream'), { from: 4 })).rows.flat(), ['c', 'a'])
})

t.test('columns of unsupported types can be ignored', async t => {
  const bytes = arrowBytes('unread.stream')
  t.strictSame((await rowsOf(bytes, { textColumn: 'text', columns: [] })).rows, [['a'], ['b']])
  for (const name of ['union', 'dense', 'interval', 'runs', 'in_list']) {
    t.match(await failure(rowsOf(bytes, { textColumn: 'text', columns: [name] })), {
      code: 'ERR_SOURCE',
      message: `a.arrow: its column ${name} has values of a type that isn't supported`
    })
  }
})

const TEXT = schemaField('text', 5)

t.test('messages in an invalid order are refused', async t => {
  const records = message(3, batch(1, [1, 0], [0, 0, 0, 8, 8, 1]), Buffer.concat([
    Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]),
    Buffer.from('x\0\0\0\0\0\0\0')
  ]))
  const read = async (...messages: readonly Buffer[]): Promise<unknown> => {
    const reading = rowsOf(Buffer.concat([...messages, END]), { textColumn: 'text' })
    return await reading.then(({ rows }) => rows, (error: unknown) => error)
  }
  t.strictSame(await read(schema(TEXT), records), [['x']])
  t.match(await read(records, schema(TEXT)), {
    code: 'ERR_SOURCE',
    message: /in the message at byte 0 \(there is no schema before the message\)/
  })
  t.match(await read(schema(TEXT), schema(TEXT)), { code: 'ERR_SOURCE', message: /a second schema/ })
  t.match(await read(schema(schemaField('text', 99))), {
    code: 'ERR_SOURCE',
    message: /damaged Arrow data in the message at byte 0/
  })
  t.match(await read(schema(schemaField('n', 1), TEXT), message(
    3,
    batch(1, [1, 0, 2, 0], [0, 0, 0, 8, 8, 1]),
    Buffer.alloc(16)
  )), { code: 'ERR_SOURCE', message: /2 values in column text of 1 rows/ })
  t.match(await read(schema(TEXT), message(3, batch(1, [], []))), { code: 'ERR_SOURCE' })
  const coded: FlatField[] = schemaField('text', 5, [], { dictionary: [{ int64: 7n }, { table: [{ int32: 8 }] }] })
  t.match(
    await read(schema(coded), message(3, batch(1, [1, 0], [0, 0, 0, 8]), Buffer.alloc(8))),
    { code: 'ERR_SOURCE' },
    'no dictionary'
  )
  t.match(await read(schema(coded), message(2, [
    { int64: 7n },
    { table: batch(0, [0, 0], [0, 0, 0, 0, 0, 0]) },
    { int8: 1 }
  ], Buffer.alloc(8))), [], 'an unused delta dictionary without a dictionary')
})

t.test('compressed buffers of a wrong size are refused', async t => {
  const bytes = arrowBytes('tiny-row-groups.zstd')
  let found = 0
  for (let at = 300; found === 0 && at < bytes.length - 8; at++) {
    const copy = Buffer.from(bytes)
    copy.writeBigInt64LE(2n ** 40n, at)
    const outcome: unknown = await rowsOf(copy, { textColumn: 'text' }).catch((error: unknown) => error)
    if (outcome instanceof Error && outcome.message.includes('a buffer of')) found++
  }
  t.ok(found > 0)
})

t.test('LZ4 frames', async t => {
  const frame = (
    flags: number,
    blocks: ReadonlyArray<readonly [number, Buffer]>,
    { head = 2, tail = 0 } = {}
  ): Buffer => {
    const word = (number: number): Buffer => Buffer.from(Uint32Array.of(number).buffer)
    return Buffer.concat([
      word(0x184d2204),
      Buffer.of(flags),
      Buffer.alloc(head),
      ...blocks.flatMap(([size, block]) => [word(size), block, Buffer.alloc(tail)]),
      word(0)
    ])
  }
  const abc = Buffer.from('abc')
  const stored = 0x80000003
  t.equal(lz4Frame(frame(0x40, [[stored, abc], [stored, abc]]), 6).toString(), 'abcabc')
  t.equal(
    lz4Frame(frame(0x40, [[stored, abc], [5, Buffer.from([0x02, 0x03, 0x00, 0x10, 0x78])]]), 10).toString(),
    'abcabcabcx',
    'a block that refers to the previous block'
  )
  t.equal(lz4Frame(frame(0x58, [[stored, abc]], { head: 10, tail: 4 }), 3).toString(), 'abc',
    'with content size and checksums')
  for (const [bytes, size, says] of [
    [Buffer.from('abcdefgh'), 3, 'not an lz4 frame'],
    [frame(0x80, []), 0, 'unknown version'],
    [frame(0x41, []), 0, 'a dictionary'],
    [frame(0x40, [[stored, Buffer.alloc(0)]]).subarray(0, 11), 3, 'cut off'],
    [frame(0x40, [[stored, abc]]), 2, 'gives more than 2'],
    [frame(0x40, [[stored, abc]]), 4, 'gives 3 bytes, expected 4']
  ] as const) t.throws(() => lz4Frame(bytes, size), { message: new RegExp(says) })
})

t.test('indices and offsets out of range are refused', async t => {
  const at = (vector: object, index = 0): unknown =>
    new ValueReader(Infinity).at({ length: 1, nullCount: 0, ...vector } as unknown as Vector, index)
  const utf8 = { type: { typeId: 5 }, values: Buffer.from('abc') }
  t.equal(at({ ...utf8, offsets: Int32Array.of(0, 3) }), 'abc')
  for (const offsets of [[0], [0, 4], [2, 1], [-1, 1], []]) {
    t.throws(() => at({ ...utf8, offsets: Int32Array.from(offsets) }), { message: /of \d/ })
  }
  t.throws(() => at({ ...utf8, offsets: Int32Array.of(0, 3) }, 1), { message: /value 1 of 1/ })
  t.throws(
    () => at({ ...utf8, nullCount: 1, validity: new Uint8Array(0), offsets: Int32Array.of(0, 3) }),
    { message: /value 0 of 0/ }
  )
  t.throws(() => at({ type: { typeId: 2 } }), { message: /value 0 of 0/ })
  t.throws(() => at({
    type: { typeId: -1 },
    values: Int8Array.of(1),
    dictionary: { data: [{ ...utf8, length: 1, nullCount: 0, offsets: Int32Array.of(0, 1) }] }
  }), { message: /entry 1 of a dictionary of 1/ })
  t.throws(() => at({ type: { typeId: 15, stride: 4 }, values: Buffer.from('abc') }), { message: /0 to 4 of 3/ })
  const view = Buffer.alloc(16)
  view.writeInt32LE(13)
  t.throws(() => at({ type: { typeId: 24 }, values: view, data: [Buffer.alloc(12)] }), { message: /0 to 13 of 12/ })
  t.throws(() => at({ type: { typeId: 24 }, values: view, data: [] }), { name: 'TypeError' })
})
