import { t } from '../../tap.ts'
import { amount, number } from '../../../lib/text/numbers.ts'

t.test('numbers are formatted as toLocaleString does', async t => {
  const powers = Array.from({ length: 16 }, (_, i) => 10 ** i)
  const values = [0, 0.5, 12.25, 1234.5678, 999_999.9996, ...powers, ...powers.map(power => power - 1)]
  for (const value of [...values, ...values.map(value => -value)]) {
    if (Object.is(value, -0)) continue
    t.equal(number(value), value.toLocaleString('en-US'), String(value))
  }
  t.equal(number(undefined), '0')
  t.strictSame([1234, 9999, 12_345_678].map(amount), ['1,234', '9,999', '12.3 M'])
})
