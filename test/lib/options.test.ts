import t from 'tap'
import { z } from 'zod'
import { checkOptions, count, parseOptions, positive, suggestion } from '../../lib/options.ts'

const schema = z.strictObject({
  window: positive.default(5),
  from: count.default(0),
  keep: z.enum(['all', 'none']).default('all'),
  name: z.string().min(2).optional(),
  names: z.array(z.string()).min(1).optional()
})

t.test('defaults are filled in, and the caller\'s object is left alone', async t => {
  const given = Object.freeze({ window: 7 })
  t.strictSame(parseOptions('stage', schema, given), { window: 7, from: 0, keep: 'all' })
  t.strictSame(given, { window: 7 })
})

t.test('a mistake says what was expected and what was found', async t => {
  const message = (options: unknown): string => {
    try {
      parseOptions('stage', schema, options)
      return 'no mistake'
    } catch (error) {
      t.match(error, { code: 'ERR_OPTION', exitCode: 2 })
      return (error as Error).message
    }
  }
  t.equal(message({ window: '5' }), 'stage.window: expected a number, got "5"')
  t.equal(message({ window: 1.5 }), 'stage.window: expected an integer, got 1.5')
  t.equal(message({ window: 0 }), 'stage.window: expected at least 1, got 0')
  t.equal(message({ keep: 'some' }), 'stage.keep: expected "all" or "none", got "some"')
  t.equal(message({ name: 'x' }), 'stage.name: expected at least 2 characters, got "x"')
  t.equal(message({ names: [] }), 'stage.names: expected at least 1 entries, got []')
  t.equal(message({ names: 'a' }), 'stage.names: expected a list, got "a"')
  t.equal(message({ windw: 3 }), 'stage.windw: unknown key windw (did you mean window?)')
  t.equal(message({ elephant: 3 }), 'stage.elephant: unknown key elephant (known: window, from, keep, name, names)')
  t.equal(message(null), 'stage: expected a mapping, got null')
  t.equal(message({ window: 0, from: -1 }).split('\n').length, 2, 'all mistakes at once')
})

t.test('an unknown key is told from a wrong value', async t => {
  t.match(checkOptions(schema, { x: 1 }), { mistakes: [{ path: ['x'], kind: 'unknown_key' }] })
  t.match(checkOptions(schema, { window: 'x' }), { mistakes: [{ path: ['window'], kind: 'wrong_value' }] })
})

t.test('the nearest name is suggested where one is near', async t => {
  t.equal(suggestion('dedupe', ['length', 'dedup']), ' (did you mean dedup?)')
  t.equal(suggestion('zebra', ['length', 'dedup']), ' (known: length, dedup)')
  t.equal(suggestion('zebra', []), '')
})
