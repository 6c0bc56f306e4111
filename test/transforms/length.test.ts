import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { codePoints, length } from '../../transforms/length.ts'
import { doc, through } from '../helpers.ts'

t.test('both limits are inclusive', async t => {
  const stage = length({ minChars: 3, maxChars: 5 })
  const kept = await through<Document>(
    ['', 'ab', 'abc', 'abcde', 'abcdef', 'abcdefghijk'].map(text => doc(text, text)), stage
  )
  t.strictSame(kept.map(({ id }) => id), ['abc', 'abcde'])
  t.strictSame(stage.stats, { in: 6, out: 2, dropped: { too_short: 2, too_long: 2 } })
})

t.test('code points are counted, not UTF-16 units', async t => {
  const waves = (n: number): string => '🌊'.repeat(n)
  for (let n = 0; n < 20; n++) {
    const kept = await through([doc('a', waves(n))], length({ minChars: 7, maxChars: 9 }))
    t.equal(kept.length, n >= 7 && n <= 9 ? 1 : 0, `${n} waves`)
  }
  for (const text of ['', 'a', 'é', 'e\u0301', '🌊', 'a🌊b', '\ud83c', '\udf0a\ud83c', '\ud83c\ud83c\udf0a\udf0a']) {
    t.equal(codePoints(text), [...text].length, JSON.stringify(text))
  }
})

t.test('the defaults are those of filter-corpus: 200 and 10,000', async t => {
  const kept = await through<Document>([199, 200, 10_000, 10_001].map(n => doc(String(n), 'x'.repeat(n))), length())
  t.strictSame(kept.map(({ id }) => id), ['200', '10000'])
})

t.test('invalid limits are refused', async t => {
  t.throws(() => length({ minChars: -1 }), { code: 'ERR_OPTION', message: /length\.minChars/ })
  t.throws(() => length({ minChars: 5, maxChars: 4 }), { code: 'ERR_OPTION', message: /minChars.*maxChars/ })
})
