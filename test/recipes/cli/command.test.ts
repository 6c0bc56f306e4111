import { z } from 'zod'
import { PartialError } from '../../../lib/errors.ts'
import { columnNames, positive } from '../../../lib/options.ts'
import { command } from '../../../recipes/cli/command.ts'
import { t } from '../../tap.ts'

const options = z.strictObject({
  maxRows: positive.default(7).describe('rows'),
  share: z.number().min(0).max(1).optional().describe('a share'),
  name: z.string().default('3').describe('a name'),
  columns: columnNames.optional().describe('columns')
}).refine(({ maxRows, share }) => share === undefined || maxRows > 1, '`share` is for more `maxRows` than one')

const rows = command(options, async (args, { maxRows, share = 0, name, columns = [] }) => {
  const half: number = maxRows / 2 // the types are inferred from the schema, without a cast
  return { args, half, share: share.toFixed(1), name: name.trim(), columns: columns.join('+') }
}, {
  givesData: ({ name }) => name === '-',
  report: ({ half }) => `${half} rows`
})

t.test('a command gets its options as parsed by the schema', async t => {
  const flags = { maxRows: 1000, share: 0.5, name: '1e3', columns: 'a,b' }
  const { value, text } = await rows.call(['a'], flags).run({})
  t.strictSame(value, { args: ['a'], half: 500, share: '0.5', name: '1e3', columns: 'a+b' })
  t.equal(text?.(), '500 rows')
  t.strictSame((await rows.call([], {}).run({})).value, { args: [], half: 3.5, share: '0.0', name: '3', columns: '' })
})

t.test('every mistake is reported with its flag', async t => {
  const mistakes = (flags: Record<string, unknown>): unknown => {
    try {
      return rows.call([], flags)
    } catch (error) {
      return error
    }
  }
  t.match(mistakes({ maxRows: '10k', share: 2 }), {
    code: 'ERR_OPTION',
    message: /^--max-rows: expected a number, got "10k"; a number is written .*\n--share: expected at most 1, got 2$/
  })
  t.match(mistakes({ maxRows: 1, share: 1 }), {
    code: 'ERR_OPTION', message: '--share is for more --max-rows than one'
  })
})

t.test('whether standard output is for data depends on the options and on the report', async t => {
  t.equal(rows.call([], { name: '-' }).givesData, true)
  t.equal(rows.call([], {}).givesData, false)
  t.equal(command(options, async () => null).call([], {}).givesData, true)
})

t.test('a failed run with a partial result prints it as a result', async t => {
  const { resultOf } = rows.call([], {})
  const failed = (isResult: boolean): PartialError => new PartialError('ERR_COMPONENT', 'x', { half: 2 }, { isResult })
  t.equal(resultOf(failed(true)).text?.(), '2 rows')
  t.match(resultOf(failed(false)), { value: { half: 2 }, text: undefined })
})
