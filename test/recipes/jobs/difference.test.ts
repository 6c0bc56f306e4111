import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { differenceText, differences } from '../../../recipes/jobs/difference.ts'
import '../../helpers.ts'

t.test('settings are compared by key path', async t => {
  const before = { name: 'a', filters: ['normalize', { length: { min_chars: 200 } }], gone: { x: [1] } }
  const after = { filters: ['normalize', { length: { min_chars: 300 } }, 'dedup'], name: 'a', come: null }
  t.strictSame(differences(before, after), [
    { path: 'filters[1].length.min_chars', before: 200, after: 300 },
    { path: 'filters[2]', before: undefined, after: 'dedup' },
    { path: 'gone', before: { x: [1] }, after: undefined },
    { path: 'come', before: undefined, after: null }
  ])
})

t.test('values of different types, and whole values', async t => {
  t.strictSame(differences(1, 2), [{ path: '', before: 1, after: 2 }])
  t.strictSame(differences({ a: [] }, { a: {} }), [{ path: 'a', before: [], after: {} }])
  t.strictSame(differences({ a: null }, { a: {} }), [{ path: 'a', before: null, after: {} }])
  t.strictSame(differences({ a: 1 }, { a: '1' }), [{ path: 'a', before: 1, after: '1' }])
  t.strictSame(differences({ a: undefined }, {}), [], 'undefined is missing')
})

t.test('keys that need quotes in a path', async t => {
  const hostile = JSON.parse('{"__proto__":1,"a.b":{"":2}}') as unknown
  t.strictSame(differences(hostile, {}).map(({ path }) => path), ['__proto__', '["a.b"]'])
  t.strictSame(differences(hostile, { 'a.b': { '': 3 } }).map(({ path }) => path), ['__proto__', '["a.b"][""]'])
  t.strictSame(differences({}, { toString: 1 }), [{ path: 'toString', before: undefined, after: 1 }])
})

t.test('there is no difference exactly if the values are equal; the reverse has the same paths', async t => {
  const values = fc.jsonValue({ maxDepth: 3 }).map(value => JSON.parse(JSON.stringify(value)) as unknown)
  const pairs = fc.oneof(fc.tuple(values, values), values.map((value): [unknown, unknown] =>
    [value, structuredClone(value)]))
  t.doesNotThrow(() => {
    fc.assert(fc.property(pairs, ([before, after]) => {
      const found = differences(before, after)
      const places = found.map(({ path }) => path)
      return (found.length === 0) === isDeepStrictEqual(before, after) &&
        new Set(places).size === places.length &&
        found.every(difference => !isDeepStrictEqual(difference.before, difference.after)) &&
        isDeepStrictEqual(differences(after, before).map(({ path }) => path).sort(), places.sort())
    }))
  })
})

t.test('differences are printed as text', async t => {
  t.equal(differenceText({ path: 'min_chars', before: 200, after: undefined }), 'min_chars: 200 -> (none)')
  t.equal(differenceText({ path: '', before: ['a'], after: 'b' }), '["a"] -> "b"')
  t.equal(differenceText({ path: 'x', before: 'a'.repeat(98), after: 'a'.repeat(99) }),
    `x: "${'a'.repeat(98)}" -> "${'a'.repeat(98)}…`)
})
