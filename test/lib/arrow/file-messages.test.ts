/** Files are read by their footers, wherever their messages are, and a damaged footer is reported. */
import { t } from '../../tap.ts'
import { readFileMessages } from '../../../lib/arrow/file-messages.ts'
import { failure } from '../../helpers.ts'
import { rangesOf } from '../parquet/helpers.ts'
import { type FlatField, arrowBytes, batch, flat, message, rowsOf, schema, schemaField } from './helpers.ts'

const TEXT = schemaField('text', 5)
const HEAD = Buffer.from('ARROW1\0\0')

/** A batch of texts. */
function records (texts: readonly string[]): Buffer {
  const [offsets, data] = [Buffer.alloc(Math.ceil((texts.length + 1) / 2) * 8), Buffer.from(texts.join(''))]
  let end = 0
  for (const [i, text] of texts.entries()) offsets.writeInt32LE(end += text.length, 4 * i + 4)
  return message(
    3, batch(texts.length, [texts.length, 0], [0, 0, 0, offsets.length, offsets.length, data.length]),
    Buffer.concat([offsets, data, Buffer.alloc((8 - data.length % 8) % 8)])
  )
}

interface Place { readonly offset: number, readonly metadata: number, readonly body: number }

/** The position of a message that starts at an offset. */
function placeOf (bytes: Buffer, offset: number): Place {
  const metadata = 8 + bytes.readUInt32LE(4)
  return { offset, metadata, body: bytes.length - metadata }
}

function withFooter (
  bytes: Buffer,
  places: readonly Place[],
  { dictionaries = [], fields = [TEXT], length }: {
    readonly dictionaries?: readonly Place[]
    readonly fields?: ReadonlyArray<readonly FlatField[]> | null
    readonly length?: number
  } = {}
): Buffer {
  const blocks = (places: readonly Place[]): FlatField => ({
    numbers: places.flatMap(({ offset, metadata, body }) => [offset, metadata, body].map(BigInt)),
    length: places.length
  })
  const footer = flat([
    { int16: 4 },
    fields === null ? null : { table: [null, { tables: fields }] },
    blocks(dictionaries),
    blocks(places)
  ])
  const tail = Buffer.alloc(4)
  tail.writeInt32LE(length ?? footer.length)
  return Buffer.concat([bytes, footer, tail, Buffer.from('ARROW1')])
}

async function texts (bytes: Buffer, from = 0): Promise<unknown[]> {
  return (await rowsOf(bytes, { from, byFooter: true, textColumn: 'text' })).rows.flat()
}

const [first, second] = [records(['a', 'bc']), records(['', 'uu', 'd'])]

t.test('a file may lack the schema before the footer, have padding, and have messages in any order', async t => {
  const padded = Buffer.concat([HEAD, second, Buffer.alloc(56), first, Buffer.alloc(40)])
  const places = [placeOf(first, 8 + second.length + 56), placeOf(second, 8)]
  t.strictSame(await texts(withFooter(padded, places)), ['a', 'bc', '', 'uu', 'd'])
  for (let from = 1; from <= 5; from++) {
    t.strictSame(await texts(withFooter(padded, places), from), ['a', 'bc', '', 'uu', 'd'].slice(from))
  }
  const junk = Buffer.from('04000000f2ffffff', 'hex') // Polars 2 starts files with a schema that isn't a message
  t.strictSame(await texts(withFooter(
    Buffer.concat([HEAD, junk, Buffer.alloc(200, 7), first]), [placeOf(first, 8 + 208)]
  )), ['a', 'bc'])
  t.strictSame(await texts(withFooter(HEAD, [])), [])
})

t.test('a batch may include bytes that the footer counts and its message doesn\'t', async t => {
  const place = placeOf(first, 8)
  t.strictSame(await texts(withFooter(Buffer.concat([HEAD, first, Buffer.alloc(24)]), [{
    ...place, body: place.body + 24
  }])), ['a', 'bc'])
})

t.test('dictionaries are read before all records, including delta dictionaries', async t => {
  const keys = schemaField('text', 5, [], { dictionary: [{ int64: 0n }] })
  const offsets = (...ends: number[]): Buffer => {
    const bytes = Buffer.alloc(8 * Math.ceil((ends.length + 1) / 2))
    for (const [i, end] of ends.entries()) bytes.writeInt32LE(end, 4 * i + 4)
    return bytes
  }
  const words = (word: string, isDelta: boolean): Buffer => message(2, [
    { int64: 0n }, { table: batch(1, [1, 0], [0, 0, 0, 8, 8, word.length]) }, { int8: isDelta ? 1 : 0 }
  ], Buffer.concat([offsets(word.length), Buffer.from(word.padEnd(8, '\0'))]))
  const rows = message(3, batch(2, [2, 0], [0, 0, 0, 8]), Buffer.from('0100000000000000', 'hex'))
  const build = (...dictionaries: Buffer[]): Buffer => {
    const parts = [HEAD, rows, ...dictionaries]
    const offsets = parts.map((_, i) => parts.slice(0, i).reduce((sum, { length }) => sum + length, 0))
    return withFooter(Buffer.concat(parts), [placeOf(rows, 8)], {
      dictionaries: dictionaries.map((bytes, i) => placeOf(bytes, offsets[i + 2]!)), fields: [keys]
    })
  }
  t.strictSame(await texts(build(words('one', false), words('two', true))), ['two', 'one'])
  t.match(await failure(texts(build(words('one', false), words('two', false)))), {
    code: 'ERR_SOURCE', message: /dictionary 0 occurs twice/
  }, 'as pyarrow: only streams replace one')
})

t.test('a damaged footer is reported, and no memory is allocated for its claims', async t => {
  const bytes = Buffer.concat([HEAD, first, second])
  const places = [placeOf(first, 8), placeOf(second, 8 + first.length)] as const
  const whole = withFooter(bytes, places)
  t.strictSame(await texts(whole), ['a', 'bc', '', 'uu', 'd'])
  for (const [damaged, says] of [
    [whole.subarray(0, -1), /the Arrow file is cut off/],
    [HEAD, /cut off/],
    [withFooter(bytes, places, { length: 2 ** 31 - 1 }), /damaged Arrow footer \(its length is 2147483647 bytes/],
    [withFooter(bytes, places, { length: -5 }), /its length is -5 bytes/],
    [withFooter(bytes, places, { length: 7 }), /damaged Arrow footer/],
    [withFooter(bytes, places, { fields: null }), /the footer has no schema/],
    [withFooter(bytes, [places[0], places[0]]), /a message at byte 8, within another one/],
    [withFooter(bytes, [places[0], { ...places[1], body: 2 ** 40 }]), /the footer begins at/],
    [withFooter(bytes, [places[0], { ...places[1], offset: -8 }]), /a block of .* at -8/],
    [
      withFooter(bytes, [places[0], { ...places[1], metadata: 16 }]),
      /damaged Arrow data in the message at byte \d+ \(metadata of \d+ bytes, the footer has 16/
    ],
    [
      withFooter(bytes, [places[0], { ...places[1], body: places[1].body - 8 }]),
      /a body of 24 bytes, where the footer has 16/
    ],
    [withFooter(bytes, [places[0]]), /a message of the kind records at byte \d+ is not listed/],
    [
      withFooter(Buffer.concat([HEAD, schema(TEXT), first, second]), [placeOf(second, 8 + schema(TEXT).length +
        first.length)]),
      /a message of the kind records at byte/
    ],
    [
      withFooter(bytes, [places[1]], { dictionaries: [places[0]] }),
      /a message of the kind records, where the footer has dictionary/
    ],
    [
      withFooter(Buffer.concat([HEAD, Buffer.alloc(bytes.length)]), places),
      /damaged Arrow data in the message at byte 8/
    ]
  ] as const) t.match(await failure(texts(damaged)), { code: 'ERR_SOURCE', message: says }, String(says))
})

t.test('if the messages of a file are in order, its ranges are announced in advance and read in order', async t => {
  const read: number[] = []
  const expected: number[][] = []
  const ranges = rangesOf(arrowBytes('tiny-row-groups.file'), start => { read.push(start) })
  const kinds: string[] = []
  for await (const { kind } of readFileMessages(
    { ...ranges, expect: (start, end) => { expected.push([start, end]) } }, () => true
  )) {
    kinds.push(kind)
  }
  t.strictSame(kinds, ['schema', ...Array<string>(7).fill('records')])
  t.equal(expected.length, 1)
  t.equal(read.length, 3, 'the length of the footer, the footer, and the rest in one range')
})
