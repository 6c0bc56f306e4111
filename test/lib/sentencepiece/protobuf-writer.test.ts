import { codePoint } from '../../helpers.ts'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import {
  type Fields, boolean, bytes, float, integer, message, readMessage, string
} from '../../../lib/sentencepiece/protobuf.ts'
import { MessageWriter } from '../../../lib/sentencepiece/protobuf-writer.ts'
import '../../helpers.ts' // the same examples on every run

interface Values {
  count?: number
  switch?: boolean
  score?: number
  name?: string
  table?: Uint8Array
  inner?: Values
  lines?: string[]
}

/** A message whose field 6 is one of the same kind, at most three deep. */
function fieldsOf (depth: number): Fields<Values> {
  return {
    1: integer((into, value) => { into.count = value }),
    2: boolean((into, value) => { into.switch = value }),
    3: float((into, value) => { into.score = value }),
    4: string((into, value) => { into.name = value }),
    500: bytes((into, value) => { into.table = Uint8Array.from(value) }),
    ...(depth > 0 && {
      6: message<Values, Values>(
        fieldsOf(depth - 1),
        () => ({}),
        (into, value) => { into.inner = value }
      )
    }),
    7: string((into, value) => { (into.lines ??= []).push(value) })
  }
}

function write (writer: MessageWriter, values: Values): MessageWriter {
  writer.integer(1, values.count).integer(2, values.switch).float(3, values.score).string(4, values.name).bytes(
    500,
    values.table
  )
  const { inner } = values
  if (inner !== undefined) writer.message(6, message => { write(message, inner) })
  return writer.strings(7, values.lines)
}

t.test('written fields are read back', async t => {
  const text = fc.string({ unit: codePoint })
  const values = fc.letrec<{ values: Values }>(tie => ({
    values: fc.record({
      count: fc.integer(),
      switch: fc.boolean(),
      score: fc.float({ noNaN: true }),
      name: text,
      table: fc.uint8Array({ maxLength: 300 }),
      inner: fc.option(tie('values'), { nil: {}, maxDepth: 3 }),
      lines: fc.array(text, { minLength: 1 })
    }, { requiredKeys: [], noNullPrototype: true })
  })).values
  t.doesNotThrow(() => {
    fc.assert(fc.property(values, values => {
      const read: Values = {}
      assert.deepEqual(readMessage(write(new MessageWriter(), values).finish(), fieldsOf(4), read), [])
      assert.deepEqual(read, values)
    }))
  })
})

t.test('the bytes are those of the format\'s specification', async t => {
  const cases: ReadonlyArray<readonly [MessageWriter, string]> = [
    [new MessageWriter(), ''],
    [new MessageWriter().integer(1, 150), '08 96 01'],
    [new MessageWriter().integer(1, -1), '08 ff ff ff ff ff ff ff ff ff 01'],
    [new MessageWriter().integer(1, 2 ** 40), '08 80 80 80 80 80 20'],
    [new MessageWriter().integer(1, false).integer(2, true), '08 00 10 01'],
    [new MessageWriter().float(2, 0.9995), '15 3b df 7f 3f'],
    [new MessageWriter().float(2, -Infinity), '15 00 00 80 ff'],
    [new MessageWriter().string(2, 'testing'), '12 07 74 65 73 74 69 6e 67'],
    [new MessageWriter().string(2, '').strings(3, ['', 'é']), '12 00 1a 00 1a 02 c3 a9'],
    [new MessageWriter().bytes(16, Uint8Array.of(0)), '82 01 01 00'],
    [new MessageWriter().message(3, message => { message.integer(1, 150) }), '1a 03 08 96 01'],
    [new MessageWriter().message(3, () => {}).integer(4, 1), '1a 00 20 01'],
    [
      new MessageWriter().integer(1, undefined).float(2, undefined).string(3, undefined).strings(4, undefined).bytes(
        5,
        undefined
      ),
      ''
    ]
  ]
  for (const [writer, hex] of cases) t.equal(Buffer.from(writer.finish()).toString('hex'), hex.replaceAll(' ', ''), hex)
})

t.test('values without an encoding are refused', async t => {
  t.throws(() => new MessageWriter().integer(4, 1.5), {
    name: 'RangeError',
    message: 'field 4 is 1.5, expected an integer'
  })
  t.throws(() => new MessageWriter().integer(4, NaN), { name: 'RangeError' })
  t.throws(() => new MessageWriter().integer(4, 2 ** 53), { name: 'RangeError' })
  t.throws(() => new MessageWriter().strings(1, ['a', '\ud800']), {
    name: 'RangeError',
    message: 'field 1 is "\\ud800", which isn\'t Unicode'
  })
})
