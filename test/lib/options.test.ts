import { t } from '../tap.ts'
import { z } from 'zod'
import {
  validateOptions, validateWritten, count, numberIn, parseOptions, positive, suggestion, withNames
} from '../../lib/options.ts'

const schema = z.strictObject({
  window: positive.default(5),
  from: count.default(0),
  keep: z.enum(['all', 'none']).default('all'),
  name: z.string().min(2).optional(),
  names: z.array(z.string()).min(1).optional()
})

t.test('defaults are filled in, and the caller\'s object is unchanged', async t => {
  const given = Object.freeze({ window: 7 })
  t.strictSame(parseOptions('stage', schema, given), { window: 7, from: 0, keep: 'all' })
  t.strictSame(given, { window: 7 })
})

t.test('a mistake is reported with the expected and the given value', async t => {
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
  t.equal(message({ names: [] }), 'stage.names: expected at least 1 entry, got an empty list')
  t.equal(message({ names: 'a' }), 'stage.names: expected a list, got "a"')
  t.equal(message({ windw: 3 }), 'stage.windw: unknown key windw (did you mean window?)')
  t.equal(message({ elephant: 3 }), 'stage.elephant: unknown key elephant (known: window, from, keep, name, names)')
  t.equal(message(null), 'stage: expected a mapping, got nothing')
  t.equal(message({ window: 0, from: -1 }).split('\n').length, 2, 'all mistakes are reported at once')
})

t.test('an unknown key is distinguished from a wrong value', async t => {
  t.match(validateOptions(schema, { x: 1 }), { mistakes: [{ path: ['x'], kind: 'unknown_key' }] })
  t.match(validateOptions(schema, { window: 'x' }), { mistakes: [{ path: ['window'], kind: 'wrong_value' }] })
})

t.test('the nearest name is suggested, if one is near', async t => {
  t.equal(suggestion('dedupe', ['length', 'dedup']), ' (did you mean dedup?)')
  t.equal(suggestion('zebra', ['length', 'dedup']), ' (known: length, dedup)')
  t.equal(suggestion('zebra', []), '')
})

t.test('numbers may have underscores and exponents', async t => {
  for (const [text, number] of [
    ['12', 12], ['-1', -1], ['+5', 5], ['1_000_000', 1_000_000], ['1e6', 1_000_000], ['2.5E-1', 0.25], ['.5', 0.5],
    ['5.', 5], ['1_0.2_5', 10.25]
  ] as const) {
    t.equal(numberIn(text), number, text)
  }
  for (const text of [
    '', '10k', '1,000', '1__0', '_1', '1_', '0x10', 'NaN', 'Infinity', '1e', '1 0', '1e400', '.', '1_e3', '٣'
  ]) {
    t.equal(numberIn(text), undefined, text)
  }
  t.strictSame(
    validateWritten(schema, { window: '1_000', from: '1e3', name: '10' }),
    { options: { window: 1000, from: 1000, keep: 'all', name: '10' } }, 'if a text is expected, a number stays a text'
  )
  t.match(
    validateWritten(schema, { window: '10k' }),
    { mistakes: [{ message: 'expected a number, got "10k"; a number is written as 10000, 10_000 or 1e4' }] }
  )
  t.match(
    validateWritten(schema, { window: '0', nme: '1' }),
    { mistakes: [{ message: 'expected at least 1, got 0' }, { kind: 'unknown_key' }] }
  )
  t.match(validateWritten(schema, 'text'), { mistakes: [{ message: 'expected a mapping, got "text"' }] })
})

t.test('messages show texts and numbers, and the kind of any other value', async t => {
  const any = z.strictObject({
    list: z.array(z.string()).optional(),
    text: z.string().optional(),
    flag: z.boolean().optional(),
    either: z.union([z.number(), z.string()], { error: 'expected this or that' }).optional(),
    number: z.number().optional()
  })
    .refine(({ list, text }) => list === undefined || text === undefined, 'expected `list` or `text`')
  const mistake = (options: unknown): string =>
    (validateOptions(any, options) as { mistakes: ReadonlyArray<{ message: string }> }).mistakes.map(({
      message
    }) => message).join('\n')
  for (const [given, message] of [
    [{ text: {} }, 'expected a string, got a mapping'],
    [{ text: new Map() }, 'expected a string, got a mapping'],
    [{ text: () => 'x' }, 'expected a string, got a function'],
    [{ text: Symbol('x') }, 'expected a string, got a symbol'],
    [{ text: null }, 'expected a string, got nothing'],
    [{ text: ['a', 1] }, 'expected a string, got ["a", 1]'],
    [{ text: [{ a: 1 }] }, 'expected a string, got a list'],
    [{ text: 5n }, 'expected a string, got 5'],
    [{ number: NaN }, 'expected a number, got NaN'],
    [{ flag: 'yes' }, 'expected true or false, got "yes"'],
    [{ list: { a: 1 } }, 'expected a list, got a mapping'],
    [{ either: { a: 1 } }, 'expected this or that'],
    [{ list: ['a'], text: 'a' }, 'expected `list` or `text`'],
    [{ text: 5, flag: 'x'.repeat(100) }, `expected a string, got 5\nexpected true or false, got "${'x'.repeat(56)}…`]
  ] as const) t.equal(mistake(given), message)
  t.match(mistake({ number: Infinity }), /Infinity/)
  t.equal(withNames('expected `minChars`, as `open` says', name => `--${name}`), 'expected --minChars, as --open says')
  t.match(
    validateOptions(schema, { window: 1e99 }), { mistakes: [{ message: 'expected at most 2147483647, got 1e+99' }] }
  )
})
