/** Messages are split as they were written, and truncated or damaged ones are reported. */
import { t } from '../../tap.ts'
import { Bytes } from '../../../lib/arrow/bytes.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { type Message, readMessages } from '../../../lib/arrow/messages.ts'
import { failure } from '../../helpers.ts'
import { END, type FlatField, arrowBytes, batch, chunksOf, flat, message, schema, schemaField } from './helpers.ts'

async function cut (bytes: Buffer, isWanted = true): Promise<Message[]> {
  const found: Message[] = []
  for await (const message of readMessages(new Bytes(chunksOf(bytes, 100)), 'a.arrow', () => isWanted)) {
    found.push(message)
  }
  return found
}

const NAME = 'tiny-row-groups'

t.test('a stream, a file, and the formats of older versions have the same messages', async t => {
  const kinds = (found: readonly Message[]): unknown[] => found.map(({ kind, rows }) => [kind, rows])
  const expected = [['schema', 0], ...[3, 3, 3, 3, 3, 3, 2].map(rows => ['records', rows])]
  for (const name of [`${NAME}.stream`, `${NAME}.file`]) t.strictSame(kinds(await cut(arrowBytes(name))), expected)
  const found = await cut(arrowBytes('types.legacy'))
  t.strictSame(kinds(found), kinds(await cut(arrowBytes('types.stream'))))
  for (const { bytes } of found) t.strictSame([bytes.byteOffset % 8, bytes.length % 8], [0, 0], 'aligned')
  t.ok((await cut(arrowBytes(`${NAME}.stream`), false)).every(({ bytes }) => bytes.length === 0),
    'skipped bodies')
})

t.test('a truncated stream is reported, also if it ends between messages', async t => {
  for (const name of [`${NAME}.stream`, `${NAME}.file`, 'types.legacy']) {
    const bytes = arrowBytes(name)
    const starts = (await cut(bytes)).map(({ at }) => at)
    const spread = Array.from({ length: 60 }, (_, i) => 13 + i * 41 % (bytes.length - 13))
    for (const end of new Set([...starts, ...starts.map(at => at + 4), bytes.length - 1, ...spread])) {
      for (const isWanted of [true, false]) {
        const error = await failure(cut(bytes.subarray(0, end), isWanted))
        t.match(error, { code: 'ERR_SOURCE', message: /^a\.arrow: / }, `${name}, ${end}`)
        if (end > 60 && end < bytes.length - 400) {
          t.match(error, { message: /cut off at byte \d+, in the message at byte \d+, without a mark of its end/ })
        }
      }
    }
  }
})

t.test('data that isn\'t Arrow, and data after the end', async t => {
  const stream = arrowBytes(`${NAME}.stream`)
  const file = arrowBytes(`${NAME}.file`)
  for (const [bytes, says] of [
    [Buffer.alloc(0), /a\.arrow: is not an Arrow file or stream: it is empty/],
    [Buffer.from('{"id":'), /not an Arrow.*begins with "\{\\"id\\":"/],
    [Buffer.from('{"id": "a", "text": "b"}'), /not an Arrow/],
    [Buffer.from('ffffffff07000000', 'hex'), /not an Arrow/],
    [Buffer.concat([stream, Buffer.of(0, 0, 1)]), /more data follows the end mark/],
    [Buffer.concat([file, Buffer.of(0)]), /the footer is cut off, or more follows it/],
    [file.subarray(0, -20), /the footer is cut off/],
    [
      Buffer.concat([file.subarray(0, -10), Buffer.from('ffffff7f', 'hex'), Buffer.from('ARROW1')]),
      /the footer is cut off/
    ],
    [
      Buffer.concat([Buffer.from('ARROW1\0\0'), stream, Buffer.from('ffff000008000000', 'hex'), Buffer.from('ARROW1')]),
      /damaged Arrow data in the message at byte/
    ],
    [Buffer.concat([Buffer.from('ARROW1\0\0'), stream]), /the footer is cut off/]
  ] as const) t.match(await failure(cut(bytes)), { code: 'ERR_SOURCE', message: says })
  const empty = flat([null, { table: [] }])
  const length = Buffer.alloc(4)
  length.writeInt32LE(empty.length)
  t.match(
    await failure(cut(Buffer.concat([Buffer.from('ARROW1\0\0'), stream, empty, length, Buffer.from('ARROW1')]))),
    { message: /the footer lists 0 batches of records, there are 7/ }
  )
  const other = Buffer.from(file)
  const at = file.length - 10 - file.readInt32LE(file.length - 10)
  const start = file.indexOf(Buffer.from(BigInt64Array.of(BigInt((await cut(file))[1]!.at)).buffer), at)
  other.writeInt32LE(8, start)
  t.match(await failure(cut(other)), {
    code: 'ERR_SOURCE', message: /the batches of records are not in the order of the footer/
  })
  for (const junk of ['04000000f2ffffff0000000000000000', message(3, batch(1, [1, 0], [0, 0, 0, 0])).toString('hex')]) {
    t.match(
      await failure(cut(Buffer.concat([Buffer.from('ARROW1\0\0'), Buffer.from(junk, 'hex'), file]))),
      { code: 'ERR_SOURCE', message: /doesn't begin with a schema.*decompress it to a file/ }
    )
  }
  t.equal((await cut(Buffer.concat([stream, Buffer.alloc(300)]))).length, 8, 'zeros after the end are padding')
})

t.test('metadata is validated before it is used', async t => {
  const start = schema(schemaField('text', 5))
  const text = schemaField('text', 5)
  const nested = (depth: number): FlatField[] =>
    schemaField('x', 13, [], { children: depth === 0 ? [] : [nested(depth - 1)] })
  for (const [bytes, says] of [
    [message(1, [], Buffer.alloc(0), { version: 2 }), /format version 3/],
    [message(1, null), /without a header/],
    [message(4, []), /of the kind 4/],
    [message(2, [{ int64: 0n }]), /a dictionary without data/],
    [
      message(2, [{ int64: 0n }, { table: batch(9, [9, 0], [0, 1]) }], Buffer.alloc(1)),
      /a dictionary of 9 values in 1 bytes/
    ],
    [
      message(2, [{ int64: 0n }, { table: batch(100_001, [100_001, 0], [0, 1], [{ table: [] }]) }], Buffer.alloc(1)),
      /a dictionary of 100001 values/
    ],
    [message(2, [{ int64: -1n }, { table: batch(1, [1, 0], [0, 1]) }], Buffer.alloc(1)), /a size of -1/],
    [message(3, batch(1, [1, 0], [0, 9]), Buffer.alloc(8)), /9 bytes at 0 of a body of 8/],
    [message(3, [], Buffer.alloc(8)), /no values in a column of 0 rows/],
    [message(3, batch(0, [1, 0], [0, 8]), Buffer.alloc(8)), /1 values in a column of 0 rows/],
    [message(3, batch(1, [-1, 0], [0, 8]), Buffer.alloc(8)), /a size of -1/],
    [message(3, [{ int64: 1n }, { numbers: [], length: 2 ** 31 - 1 }]), /a list of 2147483647 in/],
    [message(3, [{ int64: 1n }, { numbers: [], length: -1 }]), /a list of -1 in/],
    [message(3, batch(1, [1, 0], [0, 8], [null, { numbers: [2n] }]), Buffer.alloc(8)), /more buffers than there are/],
    [
      message(3, batch(1, [1, 0], []), Buffer.alloc(0), { bodyBytes: 2 ** 30 }),
      /a message of \d+ bytes at byte 0, more than 536870912/
    ],
    [message(1, [{ int16: 1 }]), /big-endian data is not supported/],
    [schema(schemaField('d', 7, [null, { int32: 1001 }])), /a decimal of 1001 digits/],
    [schema(schemaField('u', 14, [null, { numbers: [], length: 99_999 }])), /a list of 99999/],
    [schema(nested(101)), /too many columns, or nested too deeply/],
    [Buffer.from('ffffffff0000007f', 'hex'), /is not an Arrow/],
    [Buffer.concat([start, Buffer.from('ffffffff0000007f', 'hex')]), /metadata of 2130706432 bytes/]
  ] as const) t.match(await failure(cut(Buffer.concat([bytes, END]))), { code: 'ERR_SOURCE', message: says })
  t.equal((await cut(Buffer.concat([
    schema(text, nested(3), schemaField('d', 7, [null, { int32: 2 }]), [{ text: 'none' }]),
    END
  ]))).length, 1)
})

t.test('an error of the input is passed on, and the input is closed', async t => {
  let closed = false
  const broken = async function * (): AsyncGenerator<Buffer> {
    try {
      yield Buffer.alloc(0)
      yield arrowBytes(`${NAME}.stream`).subarray(0, 300)
      throw new SluiceError('ERR_HUB', 'gone')
    } finally {
      closed = true
    }
  }
  t.match(await failure(
    (async () => { for await (const found of readMessages(new Bytes(broken()), 'a', () => true)) t.ok(found) })()
  ), { code: 'ERR_HUB' })
  t.ok(closed)
  const stuck = {
    next: () => Promise.reject(new Error('x')),
    return: () => Promise.reject(new Error('y'))
  } as unknown as AsyncGenerator<Buffer>
  t.match(await failure((async () => {
    for await (const found of readMessages(new Bytes(stuck), 'a', () => true)) t.ok(found)
  })()), { message: 'x' })
})
