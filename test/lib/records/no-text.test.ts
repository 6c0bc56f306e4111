import { t } from '../../tap.ts'
import { refuseNoText } from '../../../lib/records/no-text.ts'
import { shownNames } from '../../../lib/text/shown.ts'
import type { StageStats } from '../../../lib/stage/stage.ts'
import { pattern } from '../../helpers.ts'

const given = { names: ['a.ndjson', 'b.ndjson'], textIn: 'its field text', first: Buffer.from('{"body":"a","n":1}') }
const stats = (read: number, without: number): StageStats => ({
  in: read, out: read - without, dropped: { no_text: without }
})

t.test('a source without any text is refused at its end, or after many records', async t => {
  t.throws(() => { refuseNoText(stats(3, 3), { ...given, ended: true }) }, {
    code: 'ERR_SOURCE',
    message: 'a.ndjson, b.ndjson: none of 3 records has a text in its field text; the first one has "body", "n"; ' +
      'name the field that has it (--text-column, text_column)'
  })
  t.throws(
    () => { refuseNoText(stats(1, 1), { ...given, first: Buffer.from('a,b'), ended: true }) },
    { message: /none of 1 record has a text in its field text; name the field/ }
  )
  t.throws(
    () => { refuseNoText(stats(11_000, 11_000), { ...given, ended: false }) },
    { message: /none of the first 11000 records has a text/ }
  )
  refuseNoText(stats(1000, 1000), { ...given, ended: false })
  refuseNoText(stats(3, 2), { ...given, ended: true })
  refuseNoText(stats(0, 0), { ...given, ended: true })
})

t.test('of many fields and files, the first are named', async t => {
  const many = Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`field${i}`, i]))
  t.throws(
    () => { refuseNoText(stats(3, 3), { ...given, first: Buffer.from(JSON.stringify(many)), ended: true }) },
    { message: /"field0", "field1", .*"field39" and 5 more; name/ }
  )
  t.equal(shownNames(Array.from({ length: 12 }, (_, i) => `${i}`)), '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more')
  t.equal(shownNames(['a']), 'a')
})

t.test('the error names the columns of a table, and the paths to nested texts', async t => {
  t.throws(
    () => { refuseNoText(stats(2, 2), { ...given, columns: ['text', 'body', 'n'], ended: true }) },
    { message: /has a text in its field text; the file has "text", "body", "n"; name the field/ }
  )
  const nested = { n: 1, data: { body: 'a', more: { deep: 'b' } }, messages: [{ role: 'c', content: 'd' }], none: [] }
  t.throws(() => { refuseNoText(stats(3, 3), { ...given, first: Buffer.from(JSON.stringify(nested)), ended: true }) }, {
    message: pattern(
      /"n", "data", "data\.body", "data\.more\.deep", /,
      /"messages", "messages\[\]\.role", "messages\[\]\.content", "none"; name/
    )
  })
  const unnamable = { 'a.b': { c: 'd' }, 'e[]': { f: 'g' }, h: { 'i.j': 'k', l: 'm' } }
  const first = Buffer.from(JSON.stringify(unnamable))
  const message = /has "a\.b", "e\[\]", "h", "h\.l"; name/ // and no path that would be read differently
  t.throws(() => { refuseNoText(stats(2, 2), { ...given, first, ended: true }) }, { message })
})

t.test('if a file is one object with the records in a field, the error names that field', async t => {
  const asked = (record: object, read = 1): () => void => () => {
    refuseNoText(stats(read, read), {
      ...given, names: ['a.json'], first: Buffer.from(JSON.stringify(record)), ended: true
    })
  }
  t.throws(
    asked({ version: '1', data: [{ text: 'a' }] }),
    { message: /; if the records are in data, pass --field data \(field: data\); else name the field that has it/ }
  )
  t.throws(asked({ 'my rows': ['a'] }), { message: /--field "my rows" \(field: "my rows"\)/ })
  for (const record of [{ n: [1], rows: [[1]], none: [] }, { text: 1 }]) {
    t.throws(asked(record), { message: /; name the field that has it/ })
  }
  t.throws(asked({ data: [{ text: 'a' }] }, 2), { message: /; name the field that has it/ },
    'every record has such a field')
})
